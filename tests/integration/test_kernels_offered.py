"""A kernel that no worker has is told before runs are asked for, however that is done."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import KernelNotOfferedError
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.execution import result_name
from omegaml_lab.runtime.run_reader import utcnow
from tests.integration.clock import MINUTE, SIX, Clock
from tests.integration.notebooks import notebook

if TYPE_CHECKING:
    from collections.abc import Callable

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


def test_a_schedule_is_made_and_says_so_until_a_worker_has_it(omega: Omega) -> None:
    clock = Clock(omega, SIX - MINUTE)
    omega.jobs.put(notebook("1", kernel="julia-99"), "julia")
    enter(omega, "default", "python3")
    schedule = clock.schedules.add("julia", "every hour", timezone="UTC")
    assert f"As it is, it makes no runs. The notebook {TOLD}" in str(schedule.notice)
    assert clock.schedules.list().items == [schedule]
    with pytest.raises(KernelNotOfferedError, match=TOLD):
        clock.schedules.run_now(schedule.id)
    clock.fire(SIX)
    assert clock.runs() == []
    notice = str(clock.schedules.get(schedule.id).notice)
    assert notice.startswith("2026-03-02 06:00 UTC made no run: The notebook needs the kernel")
    assert clock.schedules.edit(schedule.id, label="science").notice is None  # nobody is there
    assert clock.schedules.edit(schedule.id, label="default").notice is not None
    omega.storage.records("workers").update("default", set={"kernels": ["julia-99"]})
    clock.fire(SIX + timedelta(hours=1))
    assert [run.job for run in clock.runs()] == ["julia.ipynb"]
    assert clock.schedules.get(schedule.id).notice is None
