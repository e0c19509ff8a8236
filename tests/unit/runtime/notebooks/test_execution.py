"""One attempt at a run, in this process: a real kernel, a real database."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from nbformat import ValidationError

from omegaml_lab.core.errors import StorageFullError
from omegaml_lab.core.limits import Limits
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.calls.callees import Callees
from omegaml_lab.runtime.kernels import warm
from omegaml_lab.runtime.kernels.kernels import KernelSource
from omegaml_lab.runtime.kernels.warm import Nursery
from omegaml_lab.runtime.notebooks.allowance import Allowance
from omegaml_lab.runtime.notebooks.execution import Execution, StopReason
from omegaml_lab.runtime.records.run_records import RunRecords
from omegaml_lab.runtime.workers.performer import Performer
from omegaml_lab.storage.records import Records
from omegaml_lab.store.jobs import JobStore
from tests.integration.notebooks import notebook, printed
from tests.integration.processes import alive, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega
    from omegaml_lab.runtime.records.run_records import Claim


class ShortOfSpace(JobStore):
    """A store on a disk that is full for the first two results, until somebody makes room."""

    refused = 0
    room_after = 2.0

    def put(self, obj: Any, name: str | Name, **options: Any) -> Metadata:
        if self.refused < self.room_after and str(name).startswith("results/"):
            self.refused += 1
            raise StorageFullError("/data")
        return super().put(obj, name, **options)


class CancelledMeanwhile(RunRecords):
    """Runs that somebody cancels right after they were claimed."""

    def claim(self, run_id: str, **options: Any) -> Claim | None:
        claim = super().claim(run_id, **options)
        self.cancel(run_id)
        return claim


class Watched(JobStore):
    """A store that notes how a run stands when its result is dropped."""

    seen: list[Status]
    look: Any

    def drop(self, name: str | Name, **options: Any) -> Any:
        self.seen.append(self.look())
        return super().drop(name, **options)


class FullOfWorkers(Records):
    """Records on a disk that is full."""

    def upsert(self, id: str, set: Any) -> dict[str, Any]:  # noqa: A002 - as in Records
        raise StorageFullError("/data")


def worker(omega: Omega, *, jobs: JobStore | None = None, **options: Any) -> Performer:
    options.setdefault("runs", omega.runtime.runs.records)
    options.setdefault("workers", omega.storage.records("workers"))
    options.setdefault("kernels", KernelSource())
    options.setdefault("environment", lambda *_: {})
    return Performer(
        jobs=lambda _run: jobs or omega.jobs,
        callees=Callees(limit=1),
        **options,
    )


def perform(omega: Omega, source: Any, performer: Performer, *, job: str = "job") -> Run:
    omega.jobs.put(source, job)
    execution = performer.take(omega.runtime.job(job).run().id)
    assert execution is not None
    run = performer.perform(execution)
    assert run is not None
    performer.release(execution)
    return run


def test_a_result_waits_for_room_on_a_full_disk(omega: Omega) -> None:
    store = ShortOfSpace(omega.storage, "jobs", registry=omega.registry)
    run = perform(omega, "print('computed')", worker(omega, jobs=store))
    assert store.refused == 2
    assert (run.status, run.error) == (Status.SUCCEEDED, None)
    (cell,) = omega.jobs.get(Name(str(run.result))).cells
    assert cell.outputs[0].text == "computed\n"


def test_a_worker_that_shuts_down_does_not_wait_for_room(omega: Omega) -> None:
    store = ShortOfSpace(omega.storage, "jobs", registry=omega.registry)
    store.room_after = float("inf")
    performer = worker(omega, jobs=store)
    ended: list[BaseException] = []

    def run() -> None:
        with pytest.raises(StorageFullError) as caught:
            perform(omega, "1", performer)
        ended.append(caught.value)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: store.refused > 1)
    performer.give_back()
    thread.join(60)
    assert ended


def test_half_of_a_surrogate_pair_in_a_job_does_not_fail_its_run(omega: Omega) -> None:
    # JSON can say it, UTF-8 cannot.
    text = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "\ud800"}
    node = {"cells": [text], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    run = perform(omega, node, worker(omega))
    assert (run.status, run.error) == (Status.SUCCEEDED, None)
    assert omega.jobs.get(Name(str(run.result))).cells[0].source == "\ud800"


def test_a_run_that_prints_without_end_fails_with_what_it_printed_so_far(omega: Omega) -> None:
    performer = worker(omega, allowance=Allowance(outputs=200_000))
    run = perform(omega, "print('first')\nwhile True: print('x' * 1000)", performer)
    assert run.status is Status.FAILED
    assert run.error is not None
    assert (run.error.name, run.error.cell) == ("TooMuchOutputError", 0)
    assert "printed more than 0.2 MB" in run.error.message
    (cell,) = omega.jobs.get(Name(str(run.result))).cells
    printed = "".join(output.text for output in cell.outputs)
    assert printed.startswith("first\nxxx")
    assert 100_000 < len(printed) <= 200_000
    assert perform(omega, "print('next')", performer).status is Status.SUCCEEDED


def test_what_was_cleared_does_not_count_as_output(omega: Omega) -> None:
    source = (
        "from IPython.display import clear_output\n"
        "for _ in range(20):\n    clear_output()\n    print('x' * 50_000, flush=True)"
    )
    run = perform(omega, source, worker(omega, allowance=Allowance(outputs=200_000)))
    assert (run.status, run.error) == (Status.SUCCEEDED, None)


def test_one_value_that_is_too_large_fails_the_run(omega: Omega) -> None:
    run = perform(omega, "'x' * 300_000", worker(omega, allowance=Allowance(outputs=200_000)))
    assert run.status is Status.FAILED
    assert run.error is not None
    assert run.error.name == "TooMuchOutputError"


def test_a_stream_that_comes_in_many_pieces_is_kept_as_one(omega: Omega) -> None:
    source = "for n in range(50): print(n, flush=True)"
    run = perform(omega, source, worker(omega))
    (cell,) = omega.jobs.get(Name(str(run.result))).cells
    assert [output.text for output in cell.outputs] == ["".join(f"{n}\n" for n in range(50))]


def test_a_child_that_left_the_group_ends_with_a_run_that_succeeded(
    omega: Omega, tmp_path: Path
) -> None:
    note = tmp_path / "pid"
    source = (
        "import pathlib, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
        " start_new_session=True)\n"
        f"_ = pathlib.Path({str(note)!r}).write_text(str(child.pid))"
    )
    run = perform(omega, source, worker(omega))
    assert run.status is Status.SUCCEEDED
    pid = int(note.read_text())
    try:
        until(lambda: not alive(pid), seconds=5)
    finally:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def test_a_cancel_right_after_the_claim_is_carried_out_without_a_beat(omega: Omega) -> None:
    runs = CancelledMeanwhile(omega.storage.records("runs"))
    run = perform(omega, "print('ran')", worker(omega, runs=runs))
    assert run.status is Status.CANCELLED


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nursery]:
    """A nursery that never answers, though it might be at work."""
    monkeypatch.setattr(warm, "_PATIENCE", 600.0)
    nursery = Nursery()
    nursery.start()
    os.kill(nursery.pid or 0, signal.SIGSTOP)
    yield nursery
    nursery.stop()


def starts(
    omega: Omega, silent: Nursery, meanwhile: Callable[[Execution], object], **options: Any
) -> Run | None:
    """Perform a run whose kernel does not come."""
    omega.jobs.put("1", "job")
    performer = worker(omega, kernels=KernelSource(silent))
    execution = performer.take(omega.runtime.job("job").run(**options).id)
    assert isinstance(execution, Execution)
    with ThreadPoolExecutor(1) as pool:
        performed = pool.submit(performer.perform, execution)
        try:
            meanwhile(execution)
            return performed.result(60)
        finally:
            os.kill(silent.pid or 0, signal.SIGCONT)


@pytest.mark.skipif(not warm.available(), reason="kernels are forked on Linux only")
@pytest.mark.parametrize(
    ("reason", "status"),
    [(StopReason.CANCELLED, Status.CANCELLED), (StopReason.GIVEN_BACK, Status.QUEUED)],
)
def test_one_is_stopped_while_its_kernel_starts(
    omega: Omega, silent: Nursery, reason: StopReason, status: Status
) -> None:
    def stopped(execution: Execution) -> None:
        runs, run_id = omega.runtime.runs, execution.claim.run.id
        until(lambda: runs.get(run_id).progress.total == 1)  # which it tells meanwhile
        execution.stop(reason)

    run = starts(omega, silent, stopped)
    assert run is not None
    assert run.status is status


@pytest.mark.skipif(not warm.available(), reason="kernels are forked on Linux only")
def test_the_time_of_a_run_is_over_before_its_kernel_starts(omega: Omega, silent: Nursery) -> None:
    run = starts(omega, silent, lambda _: None, limits=Limits(timeout=1))
    assert run is not None
    assert run.error is not None
    assert (run.status, run.error.name) == (Status.FAILED, "TimeLimitError")
    assert "its kernel had not started" in run.error.message


def test_a_cancel_of_a_call_is_heard_while_it_is_claimed(omega: Omega) -> None:
    omega.scripts.put("import time\ndef run():\n    time.sleep(600)\n", "slow")
    performer = worker(omega, runs=CancelledMeanwhile(omega.storage.records("runs")))
    performer.start()
    heard = threading.Event()
    handle = omega.runtime.script("slow").start()
    claim = performer._runs.claim

    def slowly(run_id: str, **options: Any) -> Claim | None:
        claimed = claim(run_id, **options)
        until(lambda: performer._taking[run_id])
        heard.set()
        return claimed

    performer._runs.claim = slowly  # type: ignore[method-assign]
    execution = performer.take(handle.run.id)
    assert execution is not None
    assert heard.is_set()
    run = performer.perform(execution)
    assert run is not None
    assert run.status is Status.CANCELLED
    performer.stop()


def test_half_a_result_is_dropped_before_the_run_waits_again(omega: Omega) -> None:
    store = Watched(omega.storage, "jobs", registry=omega.registry)
    store.seen = []
    performer = worker(omega, jobs=store)
    omega.jobs.put("import time; time.sleep(600)", "job")
    execution = performer.take(omega.runtime.job("job").run().id)
    assert execution is not None
    run = execution.claim.run
    store.look = lambda: omega.runtime.runs.get(run.id).status
    ended: list[Run | None] = []
    thread = threading.Thread(target=lambda: ended.append(performer.perform(execution)))
    thread.start()
    until(lambda: omega.jobs.exists(Name(str(run.result))))
    performer.give_back()
    thread.join(60)
    (given,) = ended
    assert given is not None
    assert given.status is Status.QUEUED
    assert store.seen == [Status.RUNNING]
    assert not omega.jobs.exists(Name(str(run.result)))


def test_a_worker_starts_on_a_full_disk(omega: Omega, caplog: pytest.LogCaptureFixture) -> None:
    records = FullOfWorkers(omega.storage._connection, "workers")
    performer = worker(omega, workers=records)
    performer.start()
    assert "the first heartbeat will tell" in caplog.text
    assert perform(omega, "1", performer).status is Status.SUCCEEDED
    performer.stop()


def test_what_nobody_foresaw_leaves_the_notebook_and_names_the_cell(omega: Omega) -> None:
    shows = "from IPython.display import display\ndisplay({'text/html': 5}, raw=True)"
    performer = worker(omega)
    omega.jobs.put(notebook("print('before')", shows, "print('after')"), "odd")
    execution = performer.take(omega.runtime.job("odd").run(limits={"retries": 1}).id)
    assert execution is not None
    with pytest.raises(ValidationError, match="5 is not valid") as caught:
        performer.perform(execution)
    run = execution.fail(caught.value)
    assert run is not None
    assert (run.status, run.attempts[0].status) == (Status.QUEUED, Status.FAILED)
    assert run.attempts[0].error is not None
    assert run.attempts[0].error.cell == 1
    assert printed(omega.jobs.get(Name(str(run.attempts[0].result)))) == "before\n"


def test_exit_ends_the_notebook_where_it_is(omega: Omega) -> None:
    run = perform(omega, notebook("exit()", "import time; time.sleep(5)"), worker(omega))
    assert (run.status, run.progress.done) == (Status.SUCCEEDED, 1)
