"""A MongoDB that is no replica set: no transactions, no live changes, all else works."""

from __future__ import annotations

import subprocess
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import ObjectExistsError, ServiceError, StorageUnavailableError
from omegaml_lab.omega import Omega
from omegaml_lab.storage.mongod import find_mongod
from omegaml_lab.storage.place import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Omega]:
    port = free_port()
    command = [str(find_mongod()), "--dbpath", str(tmp_path), "--port", str(port)]
    command += ["--bind_ip", "127.0.0.1", "--wiredTigerCacheSizeGB", "0.25"]
    command += ["--wiredTigerEngineConfigString", "log=(file_max=16MB,prealloc=false)"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as mongod:
        url = f"mongodb://127.0.0.1:{port}/alone?serverSelectionTimeoutMS=500"
        with Omega(url) as omega:
            for _ in range(60):
                try:
                    omega.storage.ping()
                    break
                except StorageUnavailableError:
                    time.sleep(0.1)
            yield omega
        mongod.terminate()


def test_a_server_without_replica_set(alone: Omega) -> None:
    data = alone.datasets
    for n in range(3):
        data.put(n, "folder/a")
        data.put(b"x" * 3_000_000, f"folder/sub/{n}", kind="file")
    assert data.rename("folder", "moved/here").name == "moved/here"
    assert data.list() == ["moved/here/a", *(f"moved/here/sub/{n}" for n in range(3))]
    assert data.get("moved/here/a@2") == 1
    data.put(1, "other/a")
    with pytest.raises(ObjectExistsError):
        data.rename("moved/here", "other")
    assert data.drop("moved", recursive=True)
    assert data.list() == ["other/a"]
    assert data.restore("moved", new="back").is_folder
    assert data.list() == ["back/here/a", *(f"back/here/sub/{n}" for n in range(3)), "other/a"]
    data.drop("back/here/sub", recursive=True)
    assert alone.gc(grace=timedelta(0)).bytes == 0
    assert alone.gc(grace=timedelta(0), trash=timedelta(0)).pieces == 2  # of equal content
    assert data.get("back/here/a@2") == 1
    with pytest.raises(ServiceError, match="--replSet"):
        next(alone.storage.records("runs").changes(threading.Event()))
