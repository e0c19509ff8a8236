"""Garbage is collected, without any grace, while others write, add, tag, restore and read."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from omegaml_lab.core.errors import IntegrityError, ObjectNotFoundError
from omegaml_lab.omega import Omega

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.config import Config
    from omegaml_lab.store.datasets import DatasetStore

COLLECTOR = """
import sys
from datetime import timedelta
from omegaml_lab.omega import Omega
with Omega(sys.argv[1]) as omega:
    while True:
        print(omega.gc(grace=timedelta(0)).bytes, flush=True)
"""
SECONDS = 3
RULE = {"retention": "last 2"}
# Pieces that come and go: who puts one again relies on what may be about to be collected.
BLOCKS = [random.Random(n).randbytes(2 * 1024 * 1024) for n in range(4)]


def content(rng: random.Random) -> bytes:
    return b"".join(rng.sample(BLOCKS, 2)) + rng.randbytes(100)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Work:
    """What each thread does until it is told to stop, and what it was promised meanwhile."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.stop = threading.Event()
        self.newest: dict[str, str] = {}
        self.tagged: dict[str, str] = {}
        self.rows: dict[str, list[int]] = {}
        self.read = 0

    def repeat(self, name: str, act: Callable[[DatasetStore, str, random.Random], None]) -> None:
        rng = random.Random(f"{name} {threading.get_ident()}")
        with Omega(config=self.config) as omega:
            while not self.stop.is_set():
                act(omega.datasets, name, rng)

    def write(self, data: DatasetStore, name: str, rng: random.Random) -> None:
        given = content(rng)
        keep = rng.random() < 0.7
        data.put(given, name, kind="file", attributes=RULE, keep=keep)
        self.newest[name] = digest(given)

    def add(self, data: DatasetStore, name: str, rng: random.Random) -> None:
        n = rng.randrange(2**40)
        data.put(pd.DataFrame({"n": [n] * 500}), name, append=True, attributes=RULE,
                 keep=rng.random() < 0.5, chunk_rows=200)  # fmt: skip
        self.rows.setdefault(name, []).append(n)

    def tag_and_restore(self, data: DatasetStore, name: str, rng: random.Random) -> None:
        given = content(rng)
        put = data.put(given, name, kind="file", attributes=RULE)
        data.put(content(rng), name, kind="file")
        try:  # it may be superfluous already, and then this says so
            data.tag(name, "good", put.revision)
            self.tagged[name] = digest(given)
            data.put(b"between", name, kind="file", keep=False)
            data.restore(f"{name}@good")
            self.newest[name] = digest(given)
        except ObjectNotFoundError:
            self.newest.pop(name, None)
            return
        if rng.random() < 0.3:
            data.drop(name)
            data.restore(name)

    def look(self, data: DatasetStore, name: str, rng: random.Random) -> None:
        wanted = rng.choice(["written 0", "written 1"])
        try:
            assert data.get(wanted)[-100:]
        except (IntegrityError, ObjectNotFoundError):
            time.sleep(0.01)  # what it was about to read was replaced and collected
        else:
            self.read += 1

    def collect(self, data: DatasetStore, name: str, rng: random.Random) -> None:
        with Omega(config=self.config) as omega:
            omega.gc(grace=timedelta(0))


def test_nothing_that_was_promised_is_collected(
    omega: Omega, config: Config, mongo_url: str
) -> None:
    work = Work(config)
    jobs = [
        *((f"written {n}", work.write) for n in range(2)),
        *(("added to", work.add) for _ in range(2)),
        ("tagged", work.tag_and_restore),
        ("reader", work.look),
        ("collector", work.collect),
    ]
    with ThreadPoolExecutor(len(jobs)) as pool:
        done = [pool.submit(work.repeat, *job) for job in jobs]
        freed = 0
        for turn in range(2):
            command = [sys.executable, "-c", COLLECTOR, mongo_url]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as collector:
                assert collector.stdout is not None
                freed += int(collector.stdout.readline())
                time.sleep(SECONDS / 2 + 0.017 * turn)
                collector.send_signal(signal.SIGKILL)
                freed += sum(int(line) for line in collector.stdout.read().split())
        work.stop.set()
        for future in done:
            future.result()
    assert work.read
    assert freed
    data = omega.datasets
    for name, promised in work.newest.items():
        assert digest(data.get(name)) == promised, name
    for name, promised in work.tagged.items():
        assert digest(data.get(f"{name}@good")) == promised, name
    rows = data.get("added to")["n"].value_counts()
    assert rows.to_dict() == dict.fromkeys(work.rows["added to"], 500)
    # When all have ended one more run leaves nothing behind, and takes nothing away.
    omega.gc(grace=timedelta(0))
    assert omega.gc(grace=timedelta(0)).bytes == 0
    for name in ("written 0", "written 1", "tagged", "added to"):
        for state in data.history(name):
            data.get(f"{name}@{state.revision}")
