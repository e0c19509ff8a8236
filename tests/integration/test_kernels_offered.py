"""A kernel that no worker has is told before runs are asked for, however that is done."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import KernelNotOfferedError
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.notebooks.execution import result_name
from omegaml_lab.runtime.records.run_reader import utcnow
from tests.integration.clock import MINUTE, SIX, Clock
from tests.integration.notebooks import notebook
from tests.integration.processes import until, worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omegaml_lab.omega import Omega

TOLD = r"needs the kernel 'julia-99', which no worker with the label 'default' has"


def enter(omega: Omega, label: str, *kernels: str) -> None:
    """Note a worker as alive that has these kernels."""
    about = {"id": label, "host": "h", "pid": 1, "label": label, "concurrency": 1, "busy": 0}
    times = {"started_at": utcnow(), "heartbeat_at": utcnow()}
    omega.storage.records("workers").insert({**about, **times, "kernels": list(kernels)})


def fail(omega: Omega) -> None:
    records = omega.runtime.runs.records
    for run in omega.runtime.runs.list(status="queued").items:
        claim = records.claim(run.id, worker="w", result=result_name)
        assert claim is not None
        records.finish(claim, Status.FAILED, progress=run.progress, log="")


def test_it_is_refused_for_all_that_starts_at_once(omega: Omega) -> None:
    omega.jobs.put(notebook("1", kernel="julia-99"), "julia")
    omega.jobs.put(notebook("1"), "python")
    runtime = omega.runtime
    job, token = runtime.job("julia"), "asked once"
    alone, group = job.run(), runtime.group("julia", "python", token=token)
    fail(omega)
    enter(omega, "default", "python3")
    asked: list[Callable[[], object]] = [
        job.run,
        lambda: job.map([{}, {}]),
        lambda: job.grid({}),
        lambda: runtime.group("python", "julia"),
        lambda: runtime.chain("python", ["python", "julia"], "python"),
        lambda: runtime.groups.retry(group.id),
        alone.rerun,
    ]
    for ask in asked:
        with pytest.raises(KernelNotOfferedError, match=TOLD):
            ask()
    assert runtime.runs.list(status="queued").total == 0
    assert runtime.group("julia", "python", token=token).id == group.id  # it is there already
    enter(omega, "science", "python3", "Julia-99")
    step = job.step(label="science")
    assert len(runtime.chain("python", step).runs) == 2


def test_what_is_due_waits_for_a_worker_that_has_it(
    omega: Omega, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(omega, SIX - MINUTE)
    omega.jobs.put(notebook("1", kernel="julia-99"), "julia")
    enter(omega, "default", "python3")
    schedule = clock.schedules.add("julia", "every hour", timezone="UTC", overlap="queue")
    assert f"As it is, its runs will wait. The notebook {TOLD}" in str(schedule.notice)
    assert clock.schedules.list().items == [schedule]
    with pytest.raises(KernelNotOfferedError, match=TOLD):
        clock.schedules.run_now(schedule.id)
    clock.fire(SIX)
    (run,) = clock.runs()
    assert run.status is Status.QUEUED
    assert str(run.notice).startswith("It waits for a worker with the kernel 'julia-99'. The")
    python = omega.runtime.job("job").run()  # the message of the other is no leave to take it
    claim = partial(omega.runtime.runs.records.claim, worker="w", result=result_name)
    assert claim(run.id, kernels=["python3"]) is None
    assert claim(python.id, kernels=["python3"]) is not None
    spec = tmp_path / "jupyter" / "kernels" / "julia-99"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    about = {"argv": argv, "display_name": "Julia", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(about))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    with worker(omega, tmp_path):
        until(lambda: omega.runtime.runs.get(run.id).final, seconds=90)
    ended = omega.runtime.runs.get(run.id)
    assert (ended.status, ended.notice) == (Status.SUCCEEDED, None), ended.error


def test_a_schedule_says_whether_its_runs_would_wait(omega: Omega) -> None:
    clock = Clock(omega, SIX - MINUTE)
    omega.jobs.put(notebook("1", kernel="julia-99"), "julia")
    enter(omega, "default", "python3")
    schedule = clock.schedules.add("julia", "every hour", timezone="UTC")
    assert clock.schedules.edit(schedule.id, label="science").notice is None  # nobody is there
    assert clock.schedules.edit(schedule.id, label="default").notice is not None
    omega.storage.records("workers").update("default", set={"kernels": ["julia-99"]})
    clock.fire(SIX)
    assert [run.notice for run in clock.runs()] == [None]
    assert clock.schedules.get(schedule.id).notice is None
