"""Fixtures: a real MongoDB, and an empty repository for each test."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.config import Config
from omegaml_lab.omega import Omega
from omegaml_lab.storage.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["config", "database_url", "mongo_server_url", "mongo_url", "omega"]


@pytest.fixture(scope="session")
def mongo_server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a MongoDB server: what ``OMEGA_TEST_MONGO_URL`` says, else an embedded one."""
    if given := os.environ.get("OMEGA_TEST_MONGO_URL"):
        yield given
        return
    from omegaml_lab.storage import embedded

    home = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        home = home.parent  # which all workers have in common, so they share one server
    home = home / "omega-mongo"
    yield embedded.ensure(home)
    embedded.release(home)


@pytest.fixture
def mongo_url(mongo_server_url: str) -> Iterator[str]:
    """URL of an empty database, which is dropped after the test."""
    url = database_url(mongo_server_url, f"omega_test_{uuid.uuid4().hex[:12]}")
    yield url
    storage = Storage.open(url)
    storage.erase()
    storage.close()


@pytest.fixture
def config(mongo_url: str, tmp_path: Path) -> Config:
    """Settings that the environment of who runs the tests does not touch."""
    return Config.load(environ={}, home=tmp_path / "home", mongo_url=mongo_url, user="tester")


@pytest.fixture
def omega(config: Config) -> Iterator[Omega]:
    """An empty repository."""
    with Omega(config=config) as omega:
        yield omega


def database_url(url: str, database: str) -> str:
    """Return `url` with another database; who signs in still does so where they did."""
    scheme, _, rest = url.partition("://")
    hosts, _, path = rest.partition("/")
    old, _, query = path.partition("?")
    options = [option for option in query.split("&") if option]
    if "@" in hosts and not any(o.lower().startswith("authsource=") for o in options):
        options.append(f"authSource={old or 'admin'}")
    return f"{scheme}://{hosts}/{database}" + (f"?{'&'.join(options)}" if options else "")
