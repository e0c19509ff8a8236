"""Runs end, whatever is killed meanwhile: workers, schedulers, broker, database and Jupyter.

``OMEGA_TEST_CHAOS`` says how many runs; ``OMEGA_TEST_SEED`` repeats what was killed and when.
"""

from __future__ import annotations

import os
import random
import threading
import time
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.config import Config
from omegaml_lab.core.errors import OmegaError
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Attempt, Run, Status
from omegaml_lab.omega import Omega
from omegaml_lab.storage import embedded
from tests.integration import rabbitmq
from tests.integration.chaos import Platform
from tests.integration.notebooks import notebook, printed
from tests.integration.processes import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUNS = int(os.environ.get("OMEGA_TEST_CHAOS", "500"))
SEED = int(os.environ.get("OMEGA_TEST_SEED", "20261126"))
EACH_FAILS = 10  # of so many runs one
EACH_RENAMED = 25  # after so many runs their notebook
DETECTED = 30.0
"""Seconds in which it shows that the worker of a run is dead, where the rest of them lives."""


class Watcher:
    """Looks at all runs again and again, and remembers who succeeded and who lost a worker."""

    def __init__(self, omega: Omega) -> None:
        self._omega = omega
        self._stop = threading.Event()
        self.succeeded: dict[str, Run] = {}
        self.changed: list[str] = []
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def runs(self) -> list[Run]:
        return self._omega.runtime.runs.list(limit=None).items

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            try:
                found = self.runs()
            except OmegaError:
                continue  # the database is away
            for run in found:
                before = self.succeeded.get(run.id)
                if before is not None and (run.attempt, run.result, run.status) != (
                    before.attempt,
                    before.result,
                    before.status,
                ):
                    self.changed.append(f"{before}\nwas followed by\n{run}")
                if run.status is Status.SUCCEEDED:
                    self.succeeded.setdefault(run.id, run)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[tuple[Omega, Platform]]:
    if not rabbitmq.installed():
        pytest.skip(rabbitmq.HOW_TO)
    mongo, rabbit = tmp_path / "mongo", rabbitmq.RabbitMQ(tmp_path / "rabbitmq")
    url = embedded.ensure(mongo)
    config = Config.load(environ={}, home=tmp_path / "home", mongo_url=url, user="tester")
    with Omega(config=config) as omega:
        made = Platform(omega, tmp_path, mongo, rabbit)
        try:
            yield omega, made
        finally:
            made.stop()
            embedded.release(mongo)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_accepted_run_ends_well(platform: tuple[Omega, Platform]) -> None:
    omega, made = platform
    chance = random.Random(SEED)
    node = notebook(
        "import time; time.sleep(0.2)",
        f"assert n % {EACH_FAILS}, 'this one is meant to fail'",
        "print('run', n)",
        parameters="n = 0",
    )
    job = omega.jobs.put(node, "chaos").name
    watcher = Watcher(omega)
    accepted: dict[int, str] = {}
    try:
        with made.disturbed(chance):
            for n in range(RUNS):
                job = job if n % EACH_RENAMED else _renamed(omega, job, f"chaos {n}")
                accepted[n] = made.submit(job, {"n": n}, f"request-{n}")
            asked = time.monotonic()
            until(lambda: _ended(watcher, RUNS // 2), seconds=1800, what=lambda: _told(watcher))
        until(lambda: _ended(watcher, RUNS), seconds=1800, what=lambda: _told(watcher))
        print(f"{RUNS} runs, {len(made.deaths)} deaths, {time.monotonic() - asked:.0f} s to drain")
    finally:
        watcher.close()
    _check(omega, watcher, accepted)
    seen = _detections(watcher.runs(), made)
    print(f"{len(seen)} attempts were lost, {max(seen, default=0):.1f} s after their workers died")
    assert seen, "no worker died over a run"
    assert max(seen) <= DETECTED


def _renamed(omega: Omega, job: str, new: str) -> str:
    """Rename the notebook, put another one in its place, and return what it is called now."""

    def renamed() -> bool:
        try:
            if not omega.jobs.exists(new):
                omega.jobs.rename(job, new)
            omega.jobs.put(notebook("print('another one')"), job)
        except OmegaError:
            return False  # the database is away
        return True

    until(renamed, seconds=300)
    return omega.jobs.naming.path(new, "notebook")


def _ended(watcher: Watcher, wanted: int) -> bool:
    try:
        return sum(run.final for run in watcher.runs()) >= wanted
    except OmegaError:
        return False


def _told(watcher: Watcher) -> str:
    left = [run for run in watcher.runs() if not run.final]
    return f"{len(left)} runs are left, as {left[:3]}"


def _check(omega: Omega, watcher: Watcher, accepted: dict[int, str]) -> None:
    """Each request is one run, each success whole and the only one."""
    runs = {run.id: run for run in watcher.runs()}
    assert sorted(runs) == sorted(accepted.values())
    assert watcher.changed == []
    statuses: dict[Status, int] = {}
    for n, run_id in accepted.items():
        run = runs[run_id]
        statuses[run.status] = statuses.get(run.status, 0) + 1
        assert run.final, run
        assert run.parameters == {"n": n}
        if run.status is Status.LOST:  # each of its attempts had its worker killed
            assert run.attempt == run.max_attempts
            continue
        assert run.status is (Status.SUCCEEDED if n % EACH_FAILS else Status.FAILED), run
        result = omega.jobs.get(Name(str(run.result)))
        assert printed(result) == (f"run {n}\n" if n % EACH_FAILS else "")
        assert all(cell.execution_count for cell in result.cells[: 4 if n % EACH_FAILS else 3])
    print({status.value: count for status, count in statuses.items()})
    assert statuses.get(Status.LOST, 0) <= len(accepted) // 50


def _detections(runs: list[Run], platform: Platform) -> list[float]:
    """Return how long each attempt was thought to go on whose worker was dead.

    Only the time counts in which that could be seen.
    """
    died = {life.pid: life.until for life in platform.deaths if life.name == "worker"}
    found = []
    for lost in _lost(runs):
        moment = died.get(int(str(lost.worker).split("-")[-2]))
        if moment is not None and lost.ended_at is not None:
            found.append(platform.minded(moment, lost.ended_at.timestamp()))
    return found


def _lost(runs: list[Run]) -> list[Attempt | Run]:
    tries = [attempt for run in runs for attempt in (*run.attempts, run)]
    return [attempt for attempt in tries if attempt.status is Status.LOST]
