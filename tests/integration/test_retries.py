"""Retries on a real database: what waits is the record, whatever dies."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.limits import Usage
from omegaml_lab.core.runs import Failure, Status
from omegaml_lab.runtime.notebooks.execution import result_name
from omegaml_lab.runtime.workers.sweeper import Sweeper
from tests.integration.notebooks import notebook
from tests.integration.processes import scheduler, until, worker

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega
    from omegaml_lab.runtime.records.run_records import Claim

FAILURE = Failure(name="ValueError", message="no luck", cell=0, traceback=("t",))


def queued(omega: Omega, **limits: object) -> Run:
    omega.jobs.put(notebook("1"), "job")
    return omega.runtime.job("job").run(limits=limits).run


def claim(omega: Omega, run: Run) -> Claim | None:
    return omega.runtime.runs.records.claim(run.id, worker="w", result=result_name)


def failed(omega: Omega, run: Run, wait: float) -> Run | None:
    claimed = claim(omega, run)
    assert claimed is not None
    usage = Usage(cpu_seconds=1, memory_peak=2)
    return omega.runtime.runs.records.retry(claimed, FAILURE, log="said", usage=usage, wait=wait)


def swept(omega: Omega) -> Sweeper:
    runs, broker = omega.runtime.runs.records, omega.runtime.broker
    return Sweeper(storage=omega.storage, runs=runs, broker=broker, lease=0.4)


def test_a_run_that_waits_is_taken_by_nobody_before_its_time(omega: Omega) -> None:
    runs = omega.runtime.runs.records
    waiting = failed(omega, queued(omega, retries=2), wait=1.0)
    assert waiting is not None
    assert (waiting.status, waiting.attempt, waiting.result) == (Status.QUEUED, 2, None)
    assert waiting.error == FAILURE
    (first,) = waiting.attempts
    assert (first.number, first.status, first.worker) == (1, Status.FAILED, "w")
    assert first.usage == Usage(cpu_seconds=1, memory_peak=2)
    assert first.result is not None
    # A message that comes twice finds nothing, and no other one is sent.
    assert claim(omega, waiting) is None
    assert runs.due(["default"], limit=10) == []
    runs.relieve(["default"])
    assert runs.get(waiting.id).notice == waiting.notice
    until(lambda: runs.due(["default"], limit=10))
    taken = claim(omega, waiting)
    assert taken is not None
    assert (taken.run.attempt, taken.run.retry_at, taken.run.error) == (2, None, None)


def test_a_longer_wait_than_that_for_a_message_is_no_wrong_clock(omega: Omega) -> None:
    waiting = failed(omega, queued(omega, retries=1), wait=3600)
    assert waiting is not None
    assert omega.runtime.runs.records.due(["default"], limit=10) == []
    assert claim(omega, waiting) is None


def test_a_lost_attempt_waits_too_when_the_run_says_how(omega: Omega) -> None:
    run = queued(omega, retries=1, retry_wait=600)
    assert claim(omega, run) is not None
    minder, runs = swept(omega), omega.runtime.runs.records

    def lost() -> bool:
        minder.sweep()
        return runs.get(run.id).attempt == 2

    until(lost)
    waiting = runs.get(run.id)
    assert (waiting.status, [a.status for a in waiting.attempts]) == (
        Status.QUEUED,
        [Status.LOST],
    )
    assert waiting.retry_at is not None
    assert runs.cancel(run.id).status is Status.CANCELLED


def test_one_that_may_run_once_only_stays_lost(omega: Omega) -> None:
    run = queued(omega, retries=0)
    assert claim(omega, run) is not None
    minder = swept(omega)

    def lost() -> bool:
        minder.sweep()
        return omega.runtime.runs.get(run.id).status is Status.LOST

    until(lost)
    minder.sweep()
    assert omega.runtime.runs.get(run.id).final


def test_a_run_that_was_cancelled_meanwhile_is_not_tried_again(omega: Omega) -> None:
    runs, run = omega.runtime.runs.records, queued(omega, retries=2)
    claimed = claim(omega, run)
    assert claimed is not None
    runs.cancel(run.id)
    assert runs.retry(claimed, FAILURE, log="", usage=None, wait=0.1) is None
    assert runs.get(run.id).attempt == 1


def test_many_who_ask_at_once_with_one_token_get_one_run(omega: Omega) -> None:
    omega.jobs.put(notebook("1"), "job")
    job, got = omega.runtime.job("job"), list[str]()
    threads = [
        threading.Thread(target=lambda: got.append(job.run(token="%/$. ü").id)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len(set(got)) == 1
    assert omega.runtime.runs.list().total == 1


def test_limits_of_a_schedule_are_those_of_its_runs(omega: Omega) -> None:
    omega.jobs.put(notebook("1"), "job")
    job = omega.runtime.job("job")
    schedule = job.schedule("daily at 6:00", timezone="UTC", limits={"retries": 2, "timeout": 9})
    run = omega.runtime.schedules.run_now(schedule.id)
    assert (run.limits.retries, run.limits.timeout, run.max_attempts) == (2, 9, 3)
    omega.runtime.schedules.edit(schedule.id, limits={"memory": "2 GB"})
    assert omega.runtime.schedules.get(schedule.id).limits.memory == 2 * 10**9
    assert omega.runtime.runs.rerun(run.id).limits == run.limits


@pytest.mark.long
def test_a_retry_survives_the_end_of_its_worker(omega: Omega, tmp_path: Path) -> None:
    note = tmp_path / "note"
    source = (
        "import pathlib\nlog = pathlib.Path(note)\n"
        "if not log.exists():\n    log.write_text('x')\n    1 / 0"
    )
    omega.jobs.put(notebook(source, parameters="note = ''"), "job")
    with worker(omega, tmp_path) as first:
        limits = {"retries": 1, "retry_wait": 3}
        run = omega.runtime.job("job").run({"note": str(note)}, limits=limits)
        until(lambda: run.refresh().run.attempt == 2, what=first.said)
        first.kill()
    with scheduler(omega, tmp_path), worker(omega, tmp_path) as second:
        run.wait(60)
        assert run.run.status is Status.SUCCEEDED, second.said()
    assert len(run.run.attempts) == 1
