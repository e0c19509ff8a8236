"""Records of running Labs, and what dead ones left behind."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import psutil
import pytest

from omegaml_lab.services.labs import (
    end_leftovers,
    forget_lab,
    public_link,
    record_lab,
    record_service,
    running_labs,
)


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def write_dead_lab(home, sleeper, *, created=None):
    """Write the record of a Lab whose supervisor is not there but whose worker is."""
    worker = record_service("worker", sleeper.pid, home / "w.log")
    record_lab(home, url="http://127.0.0.1:1/", leads=True, services=(worker,))
    path = home / "labs" / f"{platform.node()}-{os.getpid()}.json"
    values = json.loads(path.read_text())
    values["pid"], values["created"] = 2**22 + 1, 1.0  # beyond the pids of Linux
    if created is not None:
        values["services"][0]["created"] = created
    path.rename(home / "labs" / "dead.json").write_text(json.dumps(values))


def test_a_running_lab_is_known_until_it_is_forgotten(tmp_path):
    record_lab(tmp_path, url="http://127.0.0.1:8888/", leads=True, services=())
    assert [lab.pid for lab in running_labs(tmp_path)] == [os.getpid()]
    assert end_leftovers(tmp_path) == []
    forget_lab(tmp_path, os.getpid())
    assert running_labs(tmp_path) == []


def test_the_services_of_a_dead_lab_are_ended(tmp_path, sleeper):
    write_dead_lab(tmp_path, sleeper)
    assert running_labs(tmp_path) == []
    assert end_leftovers(tmp_path) == ["worker"]
    sleeper.wait(30)  # else it raises
    assert end_leftovers(tmp_path) == []


def test_a_stranger_with_the_pid_of_a_dead_service_is_left_alone(tmp_path, sleeper):
    created = psutil.Process(sleeper.pid).create_time()
    write_dead_lab(tmp_path, sleeper, created=created - 1000)
    assert end_leftovers(tmp_path) == []
    assert sleeper.poll() is None


def test_a_lab_of_another_machine_is_left_alone(tmp_path, sleeper):
    write_dead_lab(tmp_path, sleeper)
    path = tmp_path / "labs" / "dead.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "host": "elsewhere"}))
    assert running_labs(tmp_path) == []
    assert end_leftovers(tmp_path) == []
    assert sleeper.poll() is None
    assert path.exists()


def test_a_damaged_record_is_ignored(tmp_path):
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs" / "1.json").write_text('{"pid": 1')
    assert running_labs(tmp_path) == []
    assert end_leftovers(tmp_path) == []


def test_a_link_leads_to_the_lab_that_runs(tmp_path):
    assert public_link(tmp_path, "/omega/reports/a") == "/omega/reports/a"
    record_lab(tmp_path, url="http://127.0.0.1:8888/", leads=True, services=())
    assert public_link(tmp_path, "/omega/reports/a") == "http://127.0.0.1:8888/omega/reports/a"
    assert public_link(tmp_path, "https://lab/omega/reports/a") == "https://lab/omega/reports/a"
