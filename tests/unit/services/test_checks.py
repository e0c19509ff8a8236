"""What the doctor finds, and what he prescribes."""

from __future__ import annotations

import socket
import sys

import pytest

from omegaml_lab.config import Config
from omegaml_lab.services.checks import check_machine
from omegaml_lab.services.health import check_health


@pytest.fixture
def closed():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{probe.getsockname()[1]}"


def examine(tmp_path, **settings):
    config = Config.load(environ={}, home=tmp_path / "home", **settings)
    return {check.name: check for check in check_machine(config)}


def test_a_machine_that_has_everything(tmp_path):
    found = examine(tmp_path)
    assert {name for name, check in found.items() if check.state == "missing"} == set()
    assert "v" in found["mongod"].detail
    assert not (tmp_path / "home").exists()


def test_without_mongod(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "fiftyone", None)
    found = examine(tmp_path)
    assert found["mongod"].state == "missing"
    assert "omegaml-lab[embedded]" in found["mongod"].fix
    assert found["Chromium"].state == "optional"
    assert "apt-get install chromium" in found["Chromium"].fix


def test_a_mongod_that_lacks_a_library(tmp_path, monkeypatch):
    program = tmp_path / "mongod"
    program.write_text(
        "#!/bin/sh\necho 'error while loading shared libraries: libcurl.so.4: no' >&2\nexit 127\n"
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = examine(tmp_path)
    assert found["mongod"].state == "missing"
    assert "apt-get install libcurl4" in found["mongod"].fix


def test_servers_that_do_not_answer(tmp_path, closed):
    found = examine(
        tmp_path,
        mongo_url=f"mongodb://me:secret@{closed}/omega?serverSelectionTimeoutMS=200",
        broker_url=f"amqp://me:secret@{closed}//",
    )
    for name, variable in (("MongoDB", "OMEGA_MONGO_URL"), ("broker", "OMEGA_BROKER_URL")):
        assert found[name].state == "missing"
        assert closed in found[name].detail
        assert variable in found[name].fix
        assert "secret" not in found[name].detail
    assert "mongod" not in found


def test_secrets_that_others_can_read(tmp_path):
    secrets = tmp_path / "home" / "mongo"
    secrets.mkdir(parents=True)
    secrets.chmod(0o755)
    found = examine(tmp_path)
    assert found["home folder"].state == "missing"
    assert found["home folder"].fix == f"chmod 700 {secrets}"


def test_a_home_that_is_no_folder(tmp_path):
    (tmp_path / "home").write_text("")
    assert examine(tmp_path)["home folder"].state == "missing"


def test_health_of_a_given_mongodb_that_does_not_answer(tmp_path, closed):
    url = f"mongodb://me:secret@{closed}/omega?serverSelectionTimeoutMS=200"
    found = check_health(Config.load(environ={}, home=tmp_path, mongo_url=url))
    assert [(health.name, health.state) for health in found] == [
        ("MongoDB", "unhealthy"),
        ("Jupyter", "not running"),
    ]
    assert "secret" not in repr(found)
