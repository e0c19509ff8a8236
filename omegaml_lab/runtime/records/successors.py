"""Successors: runs that wait for others to end, and start or are stopped when these have.

What waits is the record: a run that follows others has their ids in ``waits_for`` until they
have ended, and cannot be claimed before. Whoever ends a run releases its successors at once.
If he dies over it, or somebody ended it who does not do so, each sweep finds who waits for a
run that is over. Each step is a compare-and-set, so any number may do it at the same time.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import BrokerUnavailableError, IntegrityError
from omegaml_lab.core.groups import OnFailure
from omegaml_lab.core.runs import Failure, Run, Status
from omegaml_lab.runtime.records.presence import living_workers, waiting_for
from omegaml_lab.runtime.records.run_documents import FREE, LOST_FOR_NOW, OVER, failure_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from omegaml_lab.runtime.broker.broker import Sender
    from omegaml_lab.runtime.records.group_records import GroupRecords
    from omegaml_lab.runtime.records.run_records import RunRecords
    from omegaml_lab.storage.storage import Storage

__all__ = ["Successors"]

_QUEUED: dict[str, Any] = {"status": Status.QUEUED.value}
_WAITING: dict[str, Any] = {**_QUEUED, "waits_for": {"$gt": ""}}  # as an index finds it
_STARTED: dict[str, Any] = {"status": {"$in": [Status.QUEUED.value, Status.RUNNING.value]}}
_BATCH = 1000

_log = logging.getLogger(__name__)


class Successors:
    """Lets runs start that have waited for others.

    Parameters
    ----------
    storage
        The repository.
    runs
        Its runs.
    groups
        Its groups of runs.
    broker
        Tells the workers.
    """

    def __init__(
        self, storage: Storage, *, runs: RunRecords, groups: GroupRecords, broker: Sender
    ) -> None:
        self._storage = storage
        self._records = storage.records("runs")
        self._runs = runs
        self._groups = groups
        self._broker = broker

    def release(self, ended: Run) -> None:
        """Start what has waited for a run that is over, or stop it when that did not succeed."""
        if ended.final:
            groups: set[str] = set()
            freed = self._follow([ended], groups)
            for group in groups:
                freed += self._take_turns(group)
            self.send(freed)

    def settle(self, run: Run) -> Run:
        """Look at once what of that which a new run waits for has ended already."""
        self._release_all(run.waits_for)
        return self._runs.get(run.id)

    def sweep(self) -> None:
        """Do what is left of all this by those who died over it."""
        self._release_all(self._records.distinct("waits_for", _WAITING))
        turns = {**_QUEUED, "turn": {"$gte": 0}, "group": {"$ne": None}}
        for group in self._records.distinct("group", turns):
            self.send(self._take_turns(group))
        for group in self._groups.unmade():
            try:
                self.make(group)
                _log.info("group %s was made whole", group)
            except IntegrityError as error:  # a newer version understands it, and makes it
                _log.warning("a group is passed over: %s", error)

    def make(self, group: str) -> None:
        """Make the runs that a group was asked for, and start those that wait for nothing."""
        self.send(self._groups.make(group))
        mine = {**_WAITING, "group": group}
        self._release_all(self._records.distinct("waits_for", mine))
        self.send(self._take_turns(group))

    def send(self, runs: Sequence[Run]) -> None:
        """Tell the workers of queued runs; when broker or worker is away the runs say so."""
        if not runs:
            return
        try:
            self._broker.send_many(runs)
        except BrokerUnavailableError as error:
            self._note(runs, str(error))
            return
        workers = living_workers(self._storage)
        for label in {run.label for run in runs}:
            notice = waiting_for(label, workers)
            if notice is not None:
                self._note([run for run in runs if run.label == label], notice)

    def _note(self, runs: Sequence[Run], notice: str) -> None:
        ids = {"id": {"$in": [run.id for run in runs]}}
        self._records.update_many({**_QUEUED, **ids}, set={"notice": notice})

    # -- ends ----------------------------------------------------------------------------------

    def _release_all(self, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), _BATCH):
            wanted = ids[start : start + _BATCH]
            known = set(self._records.distinct("id", {"id": {"$in": wanted}}))
            over = self._records.query({"id": {"$in": wanted}, **OVER})
            for run in self._runs.readable(over):
                self.release(run)
            for gone in set(wanted) - known:
                self.send(self._end(gone, f"Run {gone}, which it was to follow, is not on record"))

    def _follow(self, ended: Iterable[Run], groups: set[str]) -> list[Run]:
        """Free or stop the successors of runs, and those of what is stopped; note `groups`."""
        freed: list[Run] = []
        left = list(ended)
        while left:
            run = left.pop()
            if run.group is not None:
                groups.add(run.group)
            reason = None
            if run.status is not Status.SUCCEEDED:
                why = f": {run.error.name}: {run.error.message}" if run.error else ""
                reason = f"Run {run.id} of {run.job}, which it was to follow, {_ended(run)}{why}"
            if reason is not None:
                left += self._stop(run.id, reason)
            freed += self._free(run.id)
        return freed

    def _end(self, gone: str, reason: str) -> list[Run]:
        groups: set[str] = set()
        return [*self._follow(self._stop(gone, reason), groups), *self._free(gone)]

    def _stop(self, run_id: str, reason: str) -> list[Run]:
        where = {**_QUEUED, "waits_for": run_id, "on_failure": OnFailure.STOP.value}
        failure = failure_document(Failure(name="NotStarted", message=reason[:1000]))
        ended = {**self._runs.cancelled(), "error": failure}
        stopped = [
            self._records.update(record["id"], where=where, set=ended)
            for record in self._records.query(where)
        ]
        return self._runs.readable(record for record in stopped if record is not None)

    def _free(self, run_id: str) -> list[Run]:
        waiting = {**_QUEUED, "waits_for": run_id}
        ids = [record["id"] for record in self._records.query(waiting)]
        if not ids:
            return []
        soon = {"hint_at": self._runs.hint_at(0)}
        self._records.update_many(waiting, set=soon, pull={"waits_for": run_id})
        return self._ready({"id": {"$in": ids}})

    def _ready(self, where: dict[str, Any]) -> list[Run]:
        return self._runs.readable(self._records.query({**where, **_QUEUED, **FREE}))

    # -- turns ---------------------------------------------------------------------------------

    def _take_turns(self, group: str) -> list[Run]:
        """Let as many runs of a group start as may go at once beside those that go."""
        turns = self._groups.turns(group)
        taken: list[str] = []
        while turns is not None:
            # The next one is looked up before the others are counted. While it still waits, no
            # other one was let go in between, whoever tries the same: then the count holds.
            next_one = self._records.query(
                {**_QUEUED, "group": group, "turn": {"$gte": 0}}, sort=[("turn", 1)], limit=1
            )
            if not next_one:
                self._groups.over(group, turns)
            if not next_one or self._going(group) >= turns.at_once:
                break
            run_id, turn = next_one[0]["id"], next_one[0]["turn"]
            values = {"turn": None, "hint_at": self._runs.hint_at(0)}
            if self._records.update(run_id, where={**_QUEUED, "turn": turn}, set=values):
                taken.append(run_id)
        return self._ready({"id": {"$in": taken}}) if taken else []

    def _going(self, group: str) -> int:
        # Apart: what has ended long ago is not looked at again each time.
        mine = {"group": group, "turn": None}
        started = self._records.count({**mine, **_STARTED})
        return started + self._records.count({**mine, **LOST_FOR_NOW})


def _ended(run: Run) -> str:
    return {
        Status.FAILED: "failed",
        Status.CANCELLED: "was cancelled",
        Status.LOST: "was lost",
    }[run.status]
