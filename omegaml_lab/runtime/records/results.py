"""Results of a schedule's runs: those beyond what the schedule keeps are let go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import FINAL, Status

if TYPE_CHECKING:
    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.schedules import Schedule
    from omegaml_lab.runtime.records.run_records import RunRecords
    from omegaml_lab.store.jobs import JobStore

__all__ = ["let_go", "results_of"]

_PORTION = 50


def let_go(schedule: Schedule, runs: RunRecords, jobs: JobStore) -> int:
    """Drop results that a schedule does not keep, for good; return of how many runs.

    Of its runs that have ended, the last ones keep theirs, as many as it says, and so do the
    last one that succeeded and those whose result somebody has tagged. Records stay, and so do
    the pages of reports, which links lead to: these go with the record. It is not more than a
    portion at once: other schedules are due as well.
    """
    if schedule.keep is None:
        return 0
    where = {
        "schedule": schedule.id,
        "bucket": schedule.bucket,
        "status": {"$in": [status.value for status in FINAL]},
        "result": {"$ne": None},
    }
    succeeded = {**where, "status": Status.SUCCEEDED.value}
    good = {run.id for run in runs.page(succeeded, limit=1).items}
    dropped, offset = 0, schedule.keep
    while dropped < _PORTION:
        some = runs.page(where, offset=offset, limit=_PORTION - dropped).items
        gone = sum(run.final and run.id not in good and _drop(run, runs, jobs) for run in some)
        if not some:
            break
        dropped += gone
        offset += len(some) - gone  # what is gone is no longer among them
    return dropped


def results_of(run: Run) -> list[str]:
    """Return the names of the notebooks that the attempts at a run have left."""
    return [name for name in (run.result, *(each.result for each in run.attempts)) if name]


def _drop(run: Run, runs: RunRecords, jobs: JobStore) -> bool:
    named = [Name(name) for name in results_of(run)]
    there = [name for name in named if jobs.exists(name)]
    if any(state.tags for name in there for state in jobs.history(name)):
        return False
    for name in there:
        jobs.drop(name, missing_ok=True, keep=False)
    runs.without_result(run.id)
    return True
