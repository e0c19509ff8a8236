"""What all tests share: a real MongoDB, and a repository of its own for each test."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, settings

from omegaml_lab.testing.fixtures import config, mongo_server_url, omega
from tests.databases import Databases

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["config", "mongo_server_url", "omega"]

# Keras asks for TensorFlow unless it is told what else to build on.
for backend in ("torch", "jax"):
    if find_spec(backend) is not None:
        os.environ.setdefault("KERAS_BACKEND", backend)

# To find the smallest example that fails takes minutes, and CI has half an hour for all.
settings.register_profile("quick", phases=(Phase.explicit, Phase.reuse, Phase.generate))
if os.environ.get("OMEGA_TEST_LONG") == "0":
    settings.load_profile("quick")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long where ``OMEGA_TEST_LONG`` is 0, as it is in CI."""
    if os.environ.get("OMEGA_TEST_LONG") == "0":
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture(scope="session")
def databases(mongo_server_url: str) -> Iterator[Databases]:
    """The databases that the tests of this process use in turn."""
    databases = Databases(mongo_server_url)
    yield databases
    databases.drop()


@pytest.fixture
def mongo_url(databases: Databases) -> Iterator[str]:
    """URL of an empty database, for one test."""
    yield from databases.lend()
