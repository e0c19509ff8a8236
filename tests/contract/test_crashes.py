"""What was acknowledged is there, and what was not is not seen, after any kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from omegaml_lab.core.errors import StorageUnavailableError
from omegaml_lab.omega import Omega
from omegaml_lab.storage import embedded
from omegaml_lab.storage.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

pytestmark = pytest.mark.long

WRITER = """
import sys
import pandas as pd
from omegaml_lab.omega import Omega
data = Omega(sys.argv[1]).datasets
for n in range(1, 10_000):
    data.put(pd.DataFrame({"n": [n] * 5_000, "m": range(n, n + 5_000)}), "frame", chunk_rows=1_000)
    print(n, flush=True)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home folder with a MongoDB of its own, which may be killed."""
    embedded.ensure(tmp_path / "home")
    yield tmp_path / "home"
    embedded.release(tmp_path / "home")


def kill_mongod(home: Path) -> None:
    pid = embedded.status(home).pid
    assert pid is not None
    process = psutil.Process(pid)
    process.send_signal(signal.SIGKILL)
    psutil.wait_procs([process], timeout=10)


def whole(frame: pd.DataFrame) -> int:
    """Return the number that all of a writer's frame goes by."""
    n = int(frame["n"].iloc[0])
    assert len(frame) == 5_000
    assert (frame["n"] == n).all()
    assert (frame["m"] == list(range(n, n + 5_000))).all()
    return n


def test_a_writer_that_is_killed_leaves_a_whole_frame(mongo_url: str, omega: Omega) -> None:
    last = 0
    for turn in range(4):
        command = [sys.executable, "-c", WRITER, mongo_url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(3):
                last = int(writer.stdout.readline())
            time.sleep(0.013 * turn)  # somewhere in the next put
            writer.send_signal(signal.SIGKILL)
            last = max([last, *(int(line) for line in writer.stdout.read().split())])
        assert whole(omega.datasets.get("frame")) in {last, last + 1}
    history = omega.datasets.history("frame")
    assert [m.revision for m in history] == list(range(len(history), 0, -1))
    whole(omega.datasets.get("frame@2"))


def keep_writing(home: Path, name: str, done: dict[str, int], stop: threading.Event) -> None:
    """Put 1, 2, 3 … under a name until told to stop; `done` has the last acknowledged one."""
    with Omega(embedded.ensure(home)) as omega:
        n = 0
        while not stop.is_set():
            n += 1
            try:
                omega.jobs.put(f"n = {n}", name)
                omega.datasets.put(os.urandom(100_000) + b"%d" % n, f"{name}/{n}")
            except StorageUnavailableError:
                embedded.ensure(home)  # what the next command of a user does
            else:
                done[name] = n


def test_what_was_acknowledged_outlives_a_kill_of_mongod(home: Path) -> None:
    acknowledged: dict[str, int] = {}
    stop = threading.Event()
    threads = [
        threading.Thread(target=keep_writing, args=(home, f"w{i}", acknowledged, stop))
        for i in range(3)
    ]
    for thread in threads:
        thread.start()
    for kill in (1, 2):
        while len(acknowledged) < 3 or min(acknowledged.values()) < 5 * kill:
            time.sleep(0.01)
        kill_mongod(home)
    stop.set()
    for thread in threads:
        thread.join()
    with Omega(embedded.ensure(home)) as omega:
        for name, n in acknowledged.items():
            source = omega.jobs.get(name)["cells"][0]["source"]
            assert int(source.removeprefix("n = ")) >= n
            data = omega.datasets.get(f"{name}/{n}")
            assert len(data) == 100_000 + len(str(n))
        for name in omega.datasets.list():  # what was not acknowledged is whole, or not there
            assert omega.datasets.get(name).endswith(name.rpartition("/")[2].encode())


def test_a_feed_outlives_a_restart_of_mongod(home: Path) -> None:
    # With so little patience of pymongo's it is our own that is tried.
    storage = Storage.open(embedded.ensure(home) + "&serverSelectionTimeoutMS=50")
    records = storage.records("runs")
    seen: list[str] = []
    stands, stop = threading.Event(), threading.Event()

    def follow() -> None:
        for record in records.changes(stop, poll=0.1):
            stands.set()
            if record is not None:
                seen.append(record["id"])

    thread = threading.Thread(target=follow)
    thread.start()
    assert stands.wait(20)
    records.insert({"id": "before"})
    kill_mongod(home)
    with pytest.raises(StorageUnavailableError):
        Storage.open(embedded._url(embedded.Place(home)) + "&serverSelectionTimeoutMS=200").ping()
    embedded.ensure(home)
    # Another process could have written this before the feed is back.
    Storage.open(embedded.ensure(home)).records("runs").insert({"id": "meanwhile"})
    records.insert({"id": "after"})
    deadline = time.monotonic() + 30
    while seen[-1:] != ["after"] and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    thread.join()
    assert list(dict.fromkeys(seen)) == ["before", "meanwhile", "after"]
    storage.close()
