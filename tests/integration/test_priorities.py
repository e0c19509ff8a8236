"""Priorities: what is urgent goes first, and all have their turn without a scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import InvalidLimitError
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.notebooks.execution import result_name
from tests.integration.notebooks import WAIT, notebook
from tests.integration.processes import until, worker

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega


def test_what_is_urgent_goes_before_what_waits(omega: Omega, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    omega.jobs.put(notebook(WAIT, parameters="flag = ''"), "first")
    omega.jobs.put(notebook("1"), "job")
    job = omega.runtime.job("job")
    with worker(omega, tmp_path, concurrency="1") as performer:
        first = omega.runtime.job("first").run({"flag": str(flag)})
        until(lambda: first.refresh().status is Status.RUNNING, what=performer.said)
        low = [job.run(), job.run()]
        middle = job.run(limits={"priority": 5})
        urgent = job.run(limits={"priority": "9"})
        late = job.run(limits={"priority": 5})
        flag.touch()
        runs = [handle.wait(60).run for handle in (urgent, middle, late, *low)]
    assert {run.status for run in runs} == {Status.SUCCEEDED}, performer.said()
    started = [str(run.started_at) for run in runs]
    assert started == sorted(started)


def taken(omega: Omega, run: Run) -> str | None:
    claim = omega.runtime.runs.records.claim(run.id, worker="me", result=result_name)
    return claim.run.id if claim else None


def test_each_message_takes_one_run(omega: Omega) -> None:
    omega.jobs.put(notebook("1"), "job")
    job = omega.runtime.job("job")
    low, other = job.submit({}), job.submit({})
    high = job.submit({}, limits={"priority": 1})
    elsewhere = job.submit({}, limits={"priority": 9}, label="elsewhere")
    later = job.submit({}, limits={"priority": 9}, after=[other])
    assert taken(omega, low) == high.id
    assert taken(omega, other) == other.id
    assert taken(omega, later) is None
    assert taken(omega, high) == low.id
    assert [taken(omega, run) for run in (low, high, other)] == [None] * 3
    assert taken(omega, elsewhere) == elsewhere.id


@pytest.mark.parametrize("priority", [-1, 10, 1.5, "high", True])
def test_what_is_no_priority_is_refused(omega: Omega, priority: object) -> None:
    omega.jobs.put(notebook("1"), "job")
    with pytest.raises(InvalidLimitError, match="0 to 9"):
        omega.runtime.job("job").run(limits={"priority": priority})


def test_what_cannot_be_read_is_in_nobodys_way(omega: Omega) -> None:
    omega.jobs.put(notebook("1"), "job")
    job = omega.runtime.job("job")
    newer = job.submit({}, limits={"priority": 9})
    omega.storage.records("runs").update(newer.id, set={"on_failure": "as later versions do"})
    run = job.submit({})
    assert taken(omega, run) == run.id
