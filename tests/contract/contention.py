"""Writers, appenders and readers on the same names, while processes and mongod are killed.

    python -m tests.contract.contention --seconds 60 --kill

prints what happened; `test_contention.py` does the same for a few seconds. The processes share
nothing but the repository.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pandas as pd
import psutil

from omegaml_lab.core.errors import ObjectNotFoundError, StorageUnavailableError
from omegaml_lab.omega import Omega
from omegaml_lab.storage import embedded

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 2_000
CHUNK = 500
REPLACED = "shared/replaced"
ADDED = "shared/added"


@dataclass
class Outcome:
    """What was acknowledged and read, and what was wrong."""

    puts: int = 0
    appends: int = 0
    reads: int = 0
    kills: int = 0
    restarts: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = {k: v for k, v in vars(self).items() if k != "wrong"}
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        return f"{told}; wrong: {self.wrong[:5] or 'nothing'}"


def run(home: Path, *, seconds: float, kill: bool, writers: int = 4, readers: int = 8) -> Outcome:
    """Let processes write and read for a while; with `kill` end writers and mongod meanwhile."""
    outcome = Outcome()
    users = [_User(home, "write", n) for n in range(writers)]
    users += [_User(home, "read", n) for n in range(readers)]
    while not all(user.has_begun() for user in users):
        time.sleep(0.05)
    end = time.monotonic() + seconds
    chance = random.Random(7)
    turn = 0
    while time.monotonic() < end or (kill and not outcome.restarts):
        time.sleep(chance.uniform(0.5, 1.5))
        if kill:
            turn += 1
            chance.choice(users[:writers]).kill()
            outcome.kills += 1
            if turn % 3 == 2:
                _kill_mongod(home)
                outcome.restarts += 1
    acknowledged: set[str] = set()
    for user in users:
        user.stop()
        user.tell(outcome, acknowledged)
    with Omega(embedded.ensure(home)) as omega:
        _check(omega, outcome, acknowledged)
    return outcome


class _User:
    """A process that writes or reads, and is started again when it was killed."""

    def __init__(self, home: Path, role: str, number: int) -> None:
        self._told = role, home, number
        self._log: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it outlives this
        self._start()

    def has_begun(self) -> bool:
        """Say whether it has written or read something."""
        return os.fstat(self._log.fileno()).st_size > 0

    def kill(self) -> None:
        """End it in the middle of what it does, and start another one."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._start()

    def stop(self) -> None:
        """Let it finish what it does."""
        os.kill(self._pid, signal.SIGTERM)
        status = os.waitpid(self._pid, 0)[1]
        assert status == 0, f"a user ended with {status}"

    def tell(self, outcome: Outcome, acknowledged: set[str]) -> None:
        """Add what it has said."""
        self._log.seek(0)
        for line in self._log:
            if not line.endswith("\n"):
                continue  # it was killed while it said so
            kind, _, what = line.strip().partition(" ")
            if kind == "wrong":
                outcome.wrong.append(what)
            elif kind == "append":
                outcome.appends += 1
                acknowledged.add(what)
            elif kind == "put":
                outcome.puts += 1
            elif kind == "read":
                outcome.reads += 1
            else:
                outcome.wrong.append(line.strip())

    def _start(self) -> None:
        # A fork: it has pandas loaded, and nothing of ours is connected yet.
        self._pid = os.fork()
        if self._pid == 0:
            for stream in (1, 2):
                os.dup2(self._log.fileno(), stream)
            code = 1
            try:
                _be(*self._told)
                code = 0
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(code)


def _kill_mongod(home: Path) -> None:
    pid = embedded.status(home).pid
    if pid is not None:
        process = psutil.Process(pid)
        process.send_signal(signal.SIGKILL)
        psutil.wait_procs([process], timeout=10)
    embedded.ensure(home)


def _check(omega: Omega, outcome: Outcome, acknowledged: set[str]) -> None:
    """Look at what is there in the end."""
    outcome.wrong += _seen(omega, REPLACED, _whole) + _seen(omega, ADDED, _once)
    frame = omega.datasets.get(ADDED)
    there = set(frame["id"].unique())
    missing = acknowledged - there
    if missing:
        outcome.wrong.append(f"{len(missing)} appends that were acknowledged are lost")
    history = omega.datasets.history(ADDED)
    if [m.revision for m in history] != list(range(len(history), 0, -1)):
        outcome.wrong.append("revisions are missing")


def _write(omega: Omega, number: int, say: Callable[[str], None]) -> None:
    """Replace one frame and add to another."""
    mark = f"{number}-{os.getpid()}-{time.monotonic_ns()}"
    value = random.randrange(10**9)
    data = omega.datasets
    data.put(pd.DataFrame({"n": [value] * ROWS, "m": range(ROWS)}), REPLACED, chunk_rows=CHUNK)
    say(f"put {value}")
    rows = pd.DataFrame({"id": [mark] * 10, "m": range(10)})
    data.put(rows, ADDED, append=True)
    say(f"append {mark}")


def _read(omega: Omega, number: int, say: Callable[[str], None]) -> None:
    """Read one of the frames, now and then lazily or in part."""
    name, check = ((REPLACED, _whole), (ADDED, _once))[number % 2]
    wrong = _seen(omega, name, check)
    for reason in wrong:
        say(f"wrong {reason}")
    say("read")


def _seen(omega: Omega, name: str, check: Callable[[Any], str]) -> list[str]:
    try:
        frame = omega.datasets.get(name)
    except ObjectNotFoundError:
        return []  # nothing was put yet
    reason = check(frame)
    return [reason] if reason else []


def _whole(frame: Any) -> str:
    """Say what is wrong with a frame that one writer put."""
    mixed = (
        len(frame) != ROWS or frame["n"].nunique() != 1 or list(frame["m"]) != list(range(ROWS))
    )
    return f"a frame of {len(frame)} rows and {frame['n'].nunique()} writers" if mixed else ""


def _once(frame: Any) -> str:
    """Say what is wrong with a frame that many added to."""
    counts = frame.groupby("id", sort=False)["m"].agg(list)
    bad = [mark for mark, rows in counts.items() if rows != list(range(10))]
    return f"{len(bad)} appends are there in part or twice" if bad else ""


def _be(role: str, home: Path, number: int) -> None:
    """Do what a user does, until told to stop; a mongod that is gone is waited for."""
    going = True

    def stop(*_: object) -> None:
        nonlocal going
        going = False

    signal.signal(signal.SIGTERM, stop)
    act = _write if role == "write" else _read
    with Omega(embedded.ensure(home)) as omega:
        while going:
            try:
                act(omega, number, _say)
            except StorageUnavailableError:
                time.sleep(0.05)
                embedded.ensure(home)


def _say(line: str) -> None:
    # One write: a process that is killed has said a line whole or not at all.
    os.write(1, f"{line}\n".encode())


def main() -> int:
    """Run it for the seconds that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--kill", action="store_true", help="kill writers and mongod meanwhile")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        embedded.ensure(home)
        outcome = run(home, seconds=options.seconds, kill=options.kill)
        embedded.release(home)
    print(json.dumps(vars(outcome)) if options.json else outcome)
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
