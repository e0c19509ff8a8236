"""Child processes: they log, come back after a pause, and are gone when they are ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from omegaml_lab.services.processes import (
    Child,
    Service,
    bearers,
    end_processes,
    last_lines,
    stop_children,
)
from omegaml_lab.storage import embedded

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                         start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""


def eventually(holds, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


@pytest.fixture
def make(tmp_path):
    made = []

    def make(code: str, name: str = "worker", **environment: str) -> Child:
        service = Service(
            name=name,
            command=[sys.executable, "-c", code],
            log=tmp_path / "logs" / f"{name}.log",
            environment=environment,
        )
        child = Child(service, f"test-{tmp_path.name}-{os.getpid()}")
        made.append(child)
        return child

    yield make
    for child in made:
        stop_children([child], patience=0)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_what_it_says_is_in_its_log(make):
    child = make("import os; print('hello', os.environ['GREETED'])", GREETED="world")
    child.start()
    eventually(lambda: child.ended() == 0 or child.process is None)
    assert child.service.log.read_text() == "hello world\n"
    assert child.service.log.stat().st_mode & 0o077 == 0


def test_the_pause_before_the_next_start_grows(make):
    child = make("raise SystemExit(3)")
    pauses = []
    for _ in range(4):
        child.start()
        codes = []
        eventually(lambda: codes.append(child.ended()) or codes[-1] is not None)  # noqa: B023
        assert codes[-1] == 3
        pauses.append(child.due - time.monotonic())
    assert pauses == sorted(pauses)
    assert pauses[-1] > 4 * pauses[0]


def test_a_stubborn_one_is_ended_by_force(make):
    child = make(STUBBORN)
    child.start()
    pid = child.pid
    time.sleep(0.3)
    stop_children([child], patience=0.4)
    assert gone(pid)


def test_what_it_started_is_ended_too(make):
    child = make(FAMILY)
    child.start()
    eventually(lambda: child.service.log.exists() and child.service.log.read_text())
    grandchild = int(child.service.log.read_text())
    stop_children([child], patience=2)
    assert gone(grandchild)


def test_an_orphan_is_found_by_its_cookie(make):
    child = make(FAMILY)
    child.start()
    eventually(lambda: child.service.log.exists() and child.service.log.read_text())
    grandchild = int(child.service.log.read_text())
    os.kill(child.pid, signal.SIGKILL)
    eventually(lambda: child.ended() is not None)
    assert [process.pid for process in bearers(child.cookie)] == [grandchild]
    assert bearers(child.cookie[:-1]) == []
    assert end_processes(bearers(child.cookie), patience=0) == 1
    assert gone(grandchild)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with a parent")
def test_it_ends_when_its_supervisor_is_killed(tmp_path):
    code = f"""
import sys, time
from pathlib import Path
from omegaml_lab.services.processes import Child, Service
service = Service(name="worker", command=[sys.executable, "-c", "import time; time.sleep(60)"],
                  log=Path({str(tmp_path / "log")!r}))
child = Child(service, "killed")
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""
    supervisor = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid = int(supervisor.stdout.readline())
    time.sleep(0.3)
    supervisor.kill()
    supervisor.wait()
    eventually(lambda: gone(pid))


def test_the_last_lines_say_something(tmp_path):
    log = tmp_path / "log"
    log.write_text("first\nsecond\n\n   ^^^^^\nthird\n")
    assert last_lines(log, 2) == "second / third"
    assert last_lines(tmp_path / "none") == ""


def test_a_mongodb_that_it_was_the_first_to_need_stays_for_others(make, tmp_path):
    home = tmp_path / "home"
    child = make(f"""
import time
from pathlib import Path
from omegaml_lab.storage import embedded
embedded.ensure(Path({str(home)!r}))
print("ready", flush=True)
time.sleep(60)
""")
    child.start()
    eventually(lambda: child.service.log.exists() and "ready" in child.service.log.read_text())
    pid = embedded.status(home).pid
    embedded.ensure(home)
    stop_children([child], patience=2)
    try:
        assert bearers(child.cookie) == []
        assert embedded.status(home).pid == pid
    finally:
        embedded.release(home)
    assert gone(pid)
