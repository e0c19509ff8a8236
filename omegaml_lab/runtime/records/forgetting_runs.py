"""Forgetting of runs: those of long ago go with their results, where somebody wants it so.

What something refers to stays. A group goes as a whole, or not at all: it would be shown with
runs that it never had.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.calls import READING, VIRTUAL
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import FINAL, Run, Status
from omegaml_lab.runtime.records.results import results_of
from omegaml_lab.runtime.records.run_documents import OVER
from omegaml_lab.runtime.records.run_reader import RunReader, utcnow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from omegaml_lab.storage.storage import Storage
    from omegaml_lab.store.store import OmegaStore

__all__ = ["RunForgetting"]

_BATCH = 500
_NEWS = timedelta(days=30)
"""So long after its end somebody may still be told of a run: a scheduler may be away."""
_ENDED = {"status": {"$in": [status.value for status in FINAL]}}
_GOOD = {"status": Status.SUCCEEDED.value}
_ASKED = {
    "kind": "model",
    "call.method": {"$in": sorted(READING)},
    "call.target.kind": {"$ne": VIRTUAL},
}
"""Calls that only ask, which have a time of their own: see `forget_calls`."""


class RunForgetting:
    """Removes the records of runs that ended before a moment, with their results and logs.

    There stay: the last run of each notebook, model and script, and the last good one; what a
    schedule keeps; what reports show, what others wait for, what wrote something that is kept;
    what was part of an experiment; and what somebody tagged, the run or its result.

    Parameters
    ----------
    storage
        The repository.
    before
        The moment.
    stores
        Returns the jobs of a bucket, and the pages of its reports.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        before: datetime,
        stores: Callable[[str], tuple[OmegaStore, OmegaStore]],
    ) -> None:
        self._storage = storage
        self._records = storage.records("runs")
        self._groups = storage.records("groups")
        self._runs = RunReader(self._records)
        self._stores = cache(stores)
        self._of_schedule = cache(self._kept_by_schedule)
        self._last = cache(self._last_of)
        self._old: dict[str, Any] = {
            "untold": {"$in": [False, True]},  # with the next, as an index finds them
            "ended_at": {"$lt": before},
            "kind": {"$in": ["job", "script", "model", None]},
            "experiments": [],
            "tags": [],
            "$nor": [
                _ASKED,
                {"unpublished": True, **_GOOD},
                {"untold": True, "ended_at": {"$gte": utcnow() - _NEWS}},
                {"kept_until": {"$gte": before}},
            ],
            **OVER,
        }

    def forget(
        self,
        *,
        dry_run: bool = False,
        progress: Callable[[str, int], None] = lambda what, done: None,  # noqa: ARG005
    ) -> int:
        """Do it; return how many there were.

        Any number of processes may do it at once, and be ended over it.
        """
        named = {report["run"] for report in self._storage.records("reports").query()}
        named |= {*self._records.distinct("waits_for", {"waits_for": {"$gt": ""}})}
        done = 0
        for group, some in self._several():
            wanted = named | self._wanted(some)
            gone = [run for run in some if run.id not in wanted]
            if gone and (group is None or len(gone) == len(some)):
                done += len(gone) if dry_run else self._remove(group, gone)
                progress("runs", done)
        return done

    def _several(self) -> Iterator[tuple[str | None, list[Run]]]:
        """Yield runs of no group, some at a time, and then those of each group that are all."""
        last = ""
        while some := self._found({"group": None, "id": {"$gt": last}}, limit=_BATCH):
            last = some[-1]["id"]
            yield None, self._runs.readable(some)
        for group in self._records.distinct("group", {**self._old, "group": {"$gt": ""}}):
            record, all_of_it = self._groups.find(group), {"group": group}
            runs = self._runs.readable(self._found(all_of_it))
            whole = len(runs) == self._records.count(all_of_it)
            if whole and (record is None or record.get("plan") is None):
                yield group, runs

    def _found(self, where: dict[str, Any], *, limit: int | None = None) -> list[dict[str, Any]]:
        large = ("answer", "log")
        return self._records.query(
            {**self._old, **where}, sort=[("id", 1)], limit=limit, without=large
        )

    # -- what stays ----------------------------------------------------------------------------

    def _wanted(self, some: Sequence[Run]) -> set[str]:
        results = [name for run in some for name in results_of(run)]
        wanted = self._storage.lineage.writers([run.id for run in some], but=results)
        for run in some:
            wanted |= self._last(run.bucket, run.kind, run.object, run.job)
            wanted |= set() if run.schedule is None else self._of_schedule(run.schedule)
        return wanted | self._tagged(some)

    def _last_of(self, bucket: str, kind: str, id: str | None, job: str) -> frozenset[str]:  # noqa: A002
        """Return the last run of something, and the last good one."""
        of_it = {"bucket": bucket, "kind": kind, "object": id, **({} if id else {"job": job})}
        newest, good = ({**of_it, **how} for how in (_ENDED, _GOOD))
        return frozenset([*self._newest(newest, 1), *self._newest(good, 1)])

    def _kept_by_schedule(self, schedule: str) -> frozenset[str]:
        """Return the runs of which a schedule keeps the results, see `let_go`."""
        keep = (self._storage.records("schedules").find(schedule) or {}).get("keep") or 0
        of_it = {"schedule": schedule}
        good = self._newest({**of_it, **_GOOD}, 1)
        return frozenset(good + self._newest({**of_it, **_ENDED}, keep))

    def _newest(self, where: dict[str, Any], count: int) -> list[str]:
        large = ("answer", "log", "call", "error", "attempts")
        newest = [("queued_at", -1)]
        found = self._records.query(where, sort=newest, limit=count, without=large)
        return [record["id"] for record in found]

    def _tagged(self, some: Sequence[Run]) -> set[str]:
        """Return those whose results somebody has tagged."""
        tagged: set[str] = set()
        for bucket in {run.bucket for run in some}:
            mine = [run for run in some if run.bucket == bucket]
            names = [name for run in mine for name in results_of(run)]
            heads = self._stores(bucket)[0].heads(names)
            found = {name for name, head in heads.items() if head.tags}
            tagged |= {run.id for run in mine if found.intersection(results_of(run))}
        return tagged

    # -- what goes -----------------------------------------------------------------------------

    def _remove(self, group: str | None, gone: Sequence[Run]) -> int:
        if group is not None:  # else it would be shown without its runs
            self._groups.delete(group)
        for run in gone:
            jobs, pages = self._stores(run.bucket)
            for name in results_of(run):
                jobs.drop(Name(name), missing_ok=True, keep=False)
            pages.drop(Name(run.id), recursive=True, missing_ok=True, keep=False)
        ids = [run.id for run in gone]
        self._storage.lineage.forget(ids)
        return self._records.delete_many({**self._old, "id": {"$in": ids}})
