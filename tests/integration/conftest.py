"""What the integration tests of runs share: repositories and brokers that outlive one test."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.config import Config
from omegaml_lab.omega import Omega
from omegaml_lab.testing.fixtures import mongo_url
from tests.integration import rabbitmq

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["mongo_url"]  # a new one for each test: processes may outlive theirs for a while


@pytest.fixture(scope="session")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rabbitmq.RabbitMQ]:
    """A RabbitMQ server of our own, started for the session."""
    yield from _started(tmp_path_factory.mktemp("rabbitmq"))


@pytest.fixture
def own_rabbit(tmp_path: Path) -> Iterator[rabbitmq.RabbitMQ]:
    """A RabbitMQ server that no other test uses: it may be killed, or left broken."""
    yield from _started(tmp_path / "rabbitmq")


def _started(folder: Path) -> Iterator[rabbitmq.RabbitMQ]:
    if not rabbitmq.installed():
        if os.environ.get("CI") == "true":
            pytest.fail(rabbitmq.HOW_TO)
        pytest.skip(rabbitmq.HOW_TO)
    server = rabbitmq.RabbitMQ(folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def shared(mongo_server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Omega]:
    """A repository that all tests of a module use, for they share a worker."""
    import pymongo

    from omegaml_lab.testing.fixtures import database_url

    name = f"omega_test_{uuid.uuid4().hex[:12]}"
    config = Config.load(
        environ={},
        home=tmp_path_factory.mktemp("home"),
        mongo_url=database_url(mongo_server_url, name),
        user="tester",
    )
    with Omega(config=config) as omega:
        yield omega
    with pymongo.MongoClient(mongo_server_url) as client:
        client.drop_database(name)
