"""Which MongoDB and which broker a command uses, and whether they answer."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from omegaml_lab.config import OF_SCHEDULERS
from omegaml_lab.omega import Omega
from omegaml_lab.services.processes import Child, Service, stop_children
from omegaml_lab.storage import embedded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.config import Config

__all__ = ["check_servers", "environment_of", "held_file", "resolve", "temporary_worker"]


def resolve(config: Config) -> Config:
    """Return the settings with a MongoDB URL: the given one, or the embedded server, started."""
    if config.mongo_url is not None:
        return config
    return replace(config, mongo_url=embedded.ensure(config.home))


def environment_of(config: Config) -> dict[str, str]:
    """Return the variables that give a child process these servers. They hold secrets."""
    environment = {"OMEGA_HOME": str(config.home), "OMEGA_BUCKET": config.bucket}
    if config.mongo_url is not None:
        environment["OMEGA_MONGO_URL"] = config.mongo_url
    if config.broker_url is not None:
        environment["OMEGA_BROKER_URL"] = config.broker_url
    if config.signing_key is not None:
        environment["OMEGA_SIGNING_KEY"] = config.signing_key
    if config.signing_key_file is not None:
        environment["OMEGA_SIGNING_KEY_FILE"] = str(config.signing_key_file)
    return environment


def held_file(config: Config) -> Path | None:
    """Return what a child process must hold a lock on, so that its MongoDB stays."""
    return None if config.mongo_url is not None else embedded.users_file(config.home)


def check_servers(config: Config) -> None:
    """Return if MongoDB and the broker answer.

    Raises
    ------
    StorageUnavailableError, BrokerUnavailableError
        If they do not, within seconds.
    """
    with Omega(config=config) as om:
        om.storage.ping()
        if config.broker_url is not None:
            om.runtime.broker.check()


@contextlib.contextmanager
def temporary_worker(config: Config) -> Iterator[Child]:
    """Run a worker of the embedded services for as long as the block lasts."""
    given = replace(config, mongo_url=None)
    config = resolve(given)
    service = Service(
        name="worker",
        command=[sys.executable, "-m", "omegaml_lab.cli", "worker", "--grace", "1"],
        log=config.home / "logs" / "worker.log",
        environment={**environment_of(config), "OMEGA_LABEL": config.label},
        holds=held_file(given),
        without=OF_SCHEDULERS,
    )
    child = Child(service, f"temporary-{os.getpid()}")
    child.start()
    try:
        yield child
    finally:
        stop_children([child], patience=8)
