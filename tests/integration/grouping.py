"""What the tests of groups share: jobs that are performed without a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.runs import Failure, Progress, Status
from omegaml_lab.runtime.notebooks.execution import result_name
from omegaml_lab.runtime.workers.sweeper import Sweeper
from tests.integration.notebooks import notebook

if TYPE_CHECKING:
    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega
    from omegaml_lab.runtime.client.group_handle import GroupHandle
    from omegaml_lab.runtime.client.handles import JobHandle

FAILURE = Failure(name="ValueError", message="no luck", cell=0)


def job(omega: Omega, name: str = "job", source: str = "print(x)") -> JobHandle:
    omega.jobs.put(notebook(source, parameters="x = 0\ny = 'a'"), name)
    return omega.runtime.job(name)


def end(omega: Omega, run: Run | str, status: Status = Status.SUCCEEDED) -> Run:
    """Perform a run as a worker does that dies right after it has ended it."""
    run_id = run if isinstance(run, str) else run.id
    runs = omega.runtime.runs.records
    claim = runs.claim(run_id, worker="w", result=result_name)
    assert claim is not None, runs.get(run_id)
    error = FAILURE if status is Status.FAILED else None
    ended = runs.finish(claim, status, progress=Progress(), log="", error=error)
    assert ended is not None
    return ended


def sweeper(omega: Omega) -> Sweeper:
    runs, broker = omega.runtime.runs.records, omega.runtime.broker
    return Sweeper(storage=omega.storage, runs=runs, broker=broker, lease=0.4)


def claimable(omega: Omega, group: GroupHandle) -> list[int | None]:
    """Return the places of runs that a worker would get."""
    return [r.place for r in group.runs if r.status is Status.QUEUED and not r.waits]


def statuses(group: GroupHandle) -> list[str]:
    return [run.status.value for run in group.runs]
