"""Kept kernels of a worker in this process: what they are given up for, and what is told then."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.core.lineage import Relation
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.calls.callees import Callees
from omegaml_lab.runtime.kernels.kernels import KernelSource
from omegaml_lab.runtime.kernels.warm import Nursery
from omegaml_lab.runtime.workers.performer import Performer
from omegaml_lab.store.recording import recording
from tests.integration.notebooks import notebook
from tests.integration.processes import alive, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.stop()


@pytest.fixture
def performer(omega: Omega, nursery: Nursery) -> Iterator[Performer]:
    performer = Performer(
        runs=omega.runtime.runs.records,
        workers=omega.storage.records("workers"),
        jobs=lambda _run: omega.jobs,
        kernels=KernelSource(nursery),
        callees=Callees(limit=1),
        environment=lambda *_: {},
        kept_kernels=1,
    )
    performer.start()
    yield performer
    performer.give_up_kernels()
    performer.stop()


def perform(performer: Performer, run_id: str) -> Run:
    execution = performer.take(run_id)
    assert execution is not None
    run = performer.perform(execution)
    performer.release(execution)
    assert run is not None
    return run


def failed(omega: Omega, performer: Performer, *cells: str, **options: Any) -> tuple[Run, int]:
    """A run that failed, and the pid of its kernel."""
    omega.jobs.put(notebook("import os; print(os.getpid())", *cells, "1 / 0"), "job")
    run = perform(performer, omega.runtime.job("job").run(**options).id)
    assert run.status is Status.FAILED
    return run, int(run.log.split()[0])


def test_a_resume_that_finds_the_kernel_gone_says_so(omega: Omega, performer: Performer) -> None:
    run, pid = failed(omega, performer)
    assert alive(pid)
    asked = omega.runtime.runs.resume(run.id)
    performer.give_up_kernels()
    until(lambda: not alive(pid))
    ended = perform(performer, asked.id)
    assert ended.error is not None
    assert (ended.error.name, ended.error.cell) == ("ResumeError", None)
    assert "its kernel is not there any more. Run its notebook again" in ended.error.message
    assert ended.kept_until is None


def test_a_resume_that_is_cancelled_before_it_starts_may_be_asked_for_again(
    omega: Omega, performer: Performer
) -> None:
    runs = omega.runtime.runs
    run, pid = failed(omega, performer)
    omega.datasets.put([1], "rows")
    with recording(run.id):  # as the first of its cells may do
        omega.datasets.get("rows")
    lineage = omega.storage.lineage
    until(lambda: lineage.read_by([run.id], limit=1))
    assert runs.cancel(runs.resume(run.id).id).status is Status.CANCELLED
    until(lambda: runs.get(run.id).resumed_by is None)
    omega.jobs.put(notebook("import os; print(os.getpid())", "print('on')"), "job")
    ended = perform(performer, runs.resume(run.id).id)
    assert (ended.status, ended.log) == (Status.SUCCEEDED, "on\n")
    (link,) = lineage.read_by([ended.id], limit=10)
    assert (link.relation, link.source.name) == (Relation.READ, "rows")
    until(lambda: not alive(pid))


def test_one_that_comes_while_others_are_looked_after_is_kept(
    omega: Omega, performer: Performer, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(omega, performer)
    shelf, begun, come = performer._shelf, threading.Event(), list[str]()
    look = shelf._records.of

    def slowly(run_ids: list[str]) -> Any:
        known = look(run_ids)
        if not begun.is_set():
            begun.set()
            come.append(failed(omega, performer)[0].id)
        return known

    monkeypatch.setattr(shelf._records, "of", slowly)
    shelf._mind()
    until(lambda: come)
    assert shelf.until(come[0]) is not None
    assert omega.runtime.runs.get(come[0]).kept_until is not None


def test_no_other_worker_takes_it(omega: Omega, performer: Performer) -> None:
    run, _ = failed(omega, performer)
    asked = omega.runtime.runs.resume(run.id)
    records = omega.runtime.runs.records
    assert records.claim(asked.id, worker="other", result=lambda _run: None) is None
    assert records.due(["default"], limit=10) == []
    assert records.kept.held(performer.id) == [asked.id]


def test_a_kernel_that_dies_while_it_is_kept_says_why(
    omega: Omega, performer: Performer, tmp_path: Path
) -> None:
    flag = tmp_path / "flag"
    dies = (
        "import pathlib, threading, time\n"
        "def die():\n"
        f"    while not pathlib.Path({str(flag)!r}).exists(): time.sleep(0.02)\n"
        "    os._exit(3)\n"
        "threading.Thread(target=die, daemon=True).start()"
    )
    run, _ = failed(omega, performer, dies)
    flag.touch()
    until(lambda: omega.runtime.runs.get(run.id).kept_until is None)
    assert "it exited with code 3" in str(omega.runtime.runs.get(run.id).notice)


def test_sys_exit_0_and_a_run_of_a_schedule_keep_none(omega: Omega, performer: Performer) -> None:
    omega.jobs.put(notebook("import sys; sys.exit(0)"), "job")
    assert perform(performer, omega.runtime.job("job").run().id).kept_until is None
    run = omega.runtime.job("job").schedule("daily at 6:00")
    omega.jobs.put(notebook("1 / 0"), "job")
    due = omega.runtime.job("job").submit({}, schedule=run.id)
    assert perform(performer, due.id).kept_until is None
    due = omega.runtime.job("job").submit({}, schedule=run.id, limits={"keep_kernel": 60})
    assert perform(performer, due.id).kept_until is not None


def test_a_cancel_is_of_the_run_that_was_cancelled(
    omega: Omega, performer: Performer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while another one goes before it, by its message."""
    omega.jobs.put(notebook("1"), "job")
    job, records = omega.runtime.job("job"), omega.runtime.runs.records
    low, high = job.submit({}), job.submit({}, limits={"priority": 9})
    claim = records.claim

    def slowly(*args: Any, **options: Any) -> Any:
        omega.runtime.runs.cancel(low.id)
        until(lambda: performer._taking.get(low.id))
        return claim(*args, **options)

    monkeypatch.setattr(performer._runs, "claim", slowly)
    ended = perform(performer, low.id)
    assert (ended.id, ended.status) == (high.id, Status.SUCCEEDED)


def test_what_is_required_too_late_ends_no_kernel(omega: Omega, performer: Performer) -> None:
    run, pid = failed(omega, performer)
    for line, error in (("nowhere-to-be-had", "ResumeError"), ("-r x", "InvalidRequirementError")):
        cells = ("import os; print(os.getpid())", f"# requires: {line}\n1")
        omega.jobs.put(notebook(*cells), "job")
        ended = perform(performer, omega.runtime.runs.resume(run.id).id)
        assert ended.error is not None
        assert ended.error.name == error
        assert alive(pid)
        assert omega.runtime.runs.get(run.id).kept_until is not None
    omega.jobs.put(notebook("import os; print(os.getpid())", "# requires: numpy\n1"), "job")
    ended = perform(performer, omega.runtime.runs.resume(run.id).id)
    assert ended.status is Status.SUCCEEDED
    until(lambda: not alive(pid))
