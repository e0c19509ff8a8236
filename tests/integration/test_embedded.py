"""The embedded MongoDB: shared by its users, private, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pymongo
import pytest
from pymongo.errors import OperationFailure

from omegaml_lab.config import Config
from omegaml_lab.core.errors import MissingDependencyError, ServiceError, StorageFullError
from omegaml_lab.omega import Omega
from omegaml_lab.storage import embedded
from tests.integration.strangers import listener

USER_SCRIPT = """
import sys
from pathlib import Path
from omegaml_lab.storage import embedded
url = embedded.ensure(Path(sys.argv[1]))
print(embedded.status(Path(sys.argv[1])).pid, url, flush=True)
sys.stdin.read()
"""


class User:
    """A process that uses the server until it is told to end."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER_SCRIPT, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> tuple[int, str]:
        assert self.process.stdout is not None
        pid, url = self.process.stdout.readline().split()
        return int(pid), url

    def leave(self) -> None:
        self.process.communicate("", timeout=60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)


@pytest.fixture
def home(tmp_path: Path):
    home = tmp_path / "home"
    yield home
    embedded.release(home)
    eventually(lambda: not embedded.status(home).running)


def eventually(holds, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)
    return value


def insert(url: str, value: int) -> None:
    with pymongo.MongoClient(url) as client:
        client.get_default_database().numbers.insert_one({"value": value})


def values(url: str) -> list[int]:
    with pymongo.MongoClient(url) as client:
        return sorted(d["value"] for d in client.get_default_database().numbers.find())


def test_it_is_private(home):
    url = embedded.ensure(home)
    password = (home / "mongo" / "password").read_text()
    state = embedded.status(home)

    assert {p.stat().st_mode & 0o077 for p in [home, *(home / "mongo").iterdir()]} == {0}
    with (
        pymongo.MongoClient("127.0.0.1", state.port, directConnection=True) as anonymous,
        pytest.raises(OperationFailure, match="authentication"),
    ):
        anonymous.omega.numbers.find_one()
    assert password in url
    assert password not in repr(state)
    assert password not in (home / "logs" / "mongod.log").read_text()
    for process in psutil.Process().children(recursive=True):
        assert password not in " ".join(process.cmdline())
    listening = psutil.Process(state.pid).net_connections()
    assert {c.laddr.ip for c in listening if c.status == "LISTEN"} == {"127.0.0.1"}


def test_many_at_once_share_one_server_and_the_last_one_out_stops_it(home):
    users = [User(home) for _ in range(5)]
    seen = {user.ready() for user in users}

    assert len(seen) == 1
    (pid, url) = seen.pop()
    for user in users[1:]:
        user.leave()
    insert(url, 1)
    assert psutil.pid_exists(pid)
    users[0].leave()
    assert not psutil.pid_exists(pid)
    assert values(embedded.ensure(home)) == [1]


def test_many_that_come_first_agree_on_the_secrets(tmp_path):
    for number in range(3):
        home = tmp_path / str(number)
        users = [User(home) for _ in range(4)]
        seen = {user.ready() for user in users}
        assert len(seen) == 1
        insert(seen.pop()[1], 1)
        for user in users:
            user.leave()


def test_it_ends_by_itself_when_its_last_user_is_killed(home):
    user = User(home)
    pid, url = user.ready()
    insert(url, 1)
    user.kill()
    eventually(lambda: not psutil.pid_exists(pid))
    assert values(embedded.ensure(home)) == [1]


def test_it_stays_when_its_starter_is_killed_and_another_uses_it(home):
    starter = User(home)
    pid, url = starter.ready()
    other = User(home)
    assert other.ready() == (pid, url)
    starter.kill()
    time.sleep(1)
    insert(url, 1)
    other.leave()
    assert not psutil.pid_exists(pid)


def test_nothing_acknowledged_is_lost_when_it_is_killed(home):
    url = embedded.ensure(home)
    for value in range(20):
        insert(url, value)
    os.kill(embedded.status(home).pid, signal.SIGKILL)

    again = embedded.ensure(home)
    assert again == url
    assert values(again) == list(range(20))


def test_when_guard_and_server_are_killed_the_next_start_recovers(home):
    user = User(home)
    pid, url = user.ready()
    insert(url, 1)
    guard = psutil.Process(pid).parent()
    for process in (guard, psutil.Process(pid)):
        process.kill()
    user.kill()
    assert values(embedded.ensure(home)) == [1]


def test_a_server_without_guard_is_used_and_stopped(home):
    user = User(home)
    pid, _ = user.ready()
    psutil.Process(pid).parent().kill()
    user.kill()
    assert embedded.status(home).running

    embedded.ensure(home)
    assert embedded.status(home).pid == pid
    embedded.release(home)
    assert not psutil.pid_exists(pid)


def test_another_port_is_taken_when_a_stranger_has_ours(home):
    url = embedded.ensure(home)
    insert(url, 1)
    port = embedded.status(home).port
    embedded.release(home)

    with eventually(lambda: listener(port)):
        moved = embedded.ensure(home)
    assert embedded.status(home).port != port
    assert values(moved) == [1]


def test_a_stale_lock_of_a_stranger_is_no_obstacle(home):
    embedded.ensure(home)
    embedded.release(home)
    (home / "mongo" / "data" / "mongod.lock").write_text(f"{os.getpid()}\n")

    assert not embedded.status(home).running
    embedded.ensure(home)
    assert embedded.status(home).running


def test_another_password_is_explained(home):
    embedded.ensure(home)
    embedded.release(home)
    (home / "mongo" / "password").write_text("forgotten")

    with pytest.raises(ServiceError, match="another password") as caught:
        embedded.ensure(home)
    assert "forgotten" not in str(caught.value)


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own, and how to give it another size."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(size: str) -> Path:
        how = "remount," if folder.is_mount() else ""
        command = ["mount", "-t", "tmpfs", "-o", f"{how}size={size}", "tmpfs", str(folder)]
        if subprocess.run(command, check=False, capture_output=True).returncode != 0:
            pytest.skip("this machine lets us mount no small disk")
        return folder / "home"

    yield mount
    embedded.release(folder / "home")
    if folder.is_mount():
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_explained_at_the_start(disk):
    home = disk("300k")
    with pytest.raises(ServiceError, match=r"the disk of .* is full") as caught:
        embedded.ensure(home)
    assert str(home / "logs" / "mongod.log") in str(caught.value)
    assert len(str(caught.value)) < 1500


def test_a_disk_that_fills_up_is_explained_and_nothing_saved_is_lost(disk):
    home = disk("64m")
    config = Config.load(environ={}, home=home)
    with Omega(config=config) as om:
        om.datasets.put(b"kept", "kept")
        with pytest.raises((StorageFullError, ServiceError), match=r"disk .*is full"):  # noqa: PT012
            for number in range(30):
                om.datasets.put(os.urandom(4 * 2**20), f"large/{number}")
                embedded.ensure(home)

    disk("200m")
    with Omega(config=config) as om:
        assert om.datasets.get("kept") == b"kept"
        assert all(om.datasets.get(name) for name in om.datasets.list())
        om.datasets.put(b"again", "again")


def test_a_missing_mongod_is_explained(home, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setitem(sys.modules, "fiftyone", None)
    with pytest.raises(MissingDependencyError, match=r"omegaml-lab\[embedded\]"):
        embedded.ensure(home)


def test_a_missing_library_is_explained(home, tmp_path, monkeypatch):
    program = tmp_path / "bin" / "mongod"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        "echo 'mongod: error while loading shared libraries: libcurl.so.4: cannot open' >&2\n"
        "exit 127\n"
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with pytest.raises(MissingDependencyError, match="apt-get install libcurl4"):
        embedded.ensure(home)


def test_a_home_that_cannot_be_written_is_explained(tmp_path):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(ServiceError, match="cannot be written"):
        embedded.ensure(tmp_path / "home")
