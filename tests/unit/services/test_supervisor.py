"""The supervisor: what dies is started again, and a signal ends everything."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest

from omegaml_lab.services.processes import Service
from omegaml_lab.services.supervisor import Supervisor

SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervisor(said, tmp_path):
    supervisor = Supervisor(f"test-{tmp_path.name}", say=said.append, changed=lambda: None)
    yield supervisor
    supervisor.end()


@pytest.fixture
def service(tmp_path):
    return Service(name="worker", command=[sys.executable, "-c", SLEEP], log=tmp_path / "w.log")


def test_what_is_killed_comes_back_and_that_is_said(supervisor, service, said):
    child = supervisor.add(service)
    first = child.pid
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while child.pid in {None, first}:
        assert time.monotonic() < deadline
        supervisor.heal()
        time.sleep(0.02)
    assert len(said) == 1
    assert "worker was ended by SIGKILL" in said[0]
    assert str(service.log) in said[0]


def test_a_restart_replaces_every_process(supervisor, service):
    child = supervisor.add(service)
    first = child.pid
    supervisor.restart()
    assert child.pid not in {None, first}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_the_wish_to_stop(supervisor, number):
    # Under nohup the tests start with SIGHUP ignored, which is a wish too.
    before = signal.signal(number, signal.default_int_handler)
    try:
        with supervisor.signals():
            threading.Timer(0.1, os.kill, (os.getpid(), number)).start()
            assert supervisor.wait(30)
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)
