"""The records of groups: runs that were asked for together exist all, or not at all.

The record of a group has the plan of its runs until they are made. It is one atomic write;
then the runs are made under ids that follow from group, round and place, by whoever comes. If
he dies over it, the next sweep makes the rest, and two who make the same make it once.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import (
    DuplicateRecordError,
    GroupNotFoundError,
    IntegrityError,
    InvalidGroupError,
)
from omegaml_lab.core.groups import Group, OnFailure
from omegaml_lab.core.limits import Limits
from omegaml_lab.core.pages import Page
from omegaml_lab.core.runs import Run, Status
from omegaml_lab.runtime.records.run_documents import FREE, LOST_FOR_NOW, OVER
from omegaml_lab.runtime.records.run_reader import utcnow
from omegaml_lab.storage.indexes import Index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from omegaml_lab.runtime.records.run_records import RunRecords
    from omegaml_lab.storage.storage import Storage

__all__ = ["Counts", "GroupRecords", "Planned", "Turns", "run_id_in"]

_PATIENCE = timedelta(seconds=15)
"""For so long nobody else makes the runs of who has just asked for them."""
_LONGEST = 8_000_000
_INDEXES = (Index.on("bucket", "created_at"), Index.on("plan_at"), Index.on("held"))
_QUEUED = {"status": Status.QUEUED.value}
_RUNNING = {"status": Status.RUNNING.value}
_WINDOW = 500
"""So many go at once where nobody says how many: no messages lie about of thousands to come."""
_ROUNDS = 100_000  # more than a group has runs: the turns of a round come after the one before


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One run that a group is to have; `after` are ids, `object` is that of what is run."""

    place: int
    job: str
    revision: int
    object: str
    parameters: dict[str, Any]
    label: str
    after: tuple[str, ...] = ()
    limits: Limits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """How many runs of a group may go at once, in which of its rounds."""

    at_once: int
    rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many runs of a group are in which status; those that are yet to be made are queued."""

    statuses: dict[str, int]
    unfinished: int


class GroupRecords:
    """Groups in a repository, read and changed.

    Parameters
    ----------
    storage
        The repository.
    runs
        Its runs.
    clock
        Returns the present moment, aware and in UTC.
    """

    def __init__(
        self, storage: Storage, runs: RunRecords, *, clock: Callable[[], datetime] = utcnow
    ) -> None:
        self._records = storage.records("groups")
        self._run_records = storage.records("runs")
        self._runs = runs
        self._now = clock

    def get(self, group_id: str) -> Group:
        """Return a group.

        Raises
        ------
        GroupNotFoundError
            If there is none with this id.
        """
        record = self._records.find(group_id)
        if record is None:
            raise GroupNotFoundError(group_id)
        return Group.from_record(record)

    def page(self, where: Mapping[str, Any], *, offset: int, limit: int | None) -> Page[Group]:
        """Return groups that match, newest first."""
        found = self._records.query(where, sort=[("created_at", -1)], skip=offset, limit=limit)
        return Page([Group.from_record(each) for each in found], self._records.count(where))

    # -- turns ---------------------------------------------------------------------------------

    def held(self) -> list[str]:
        """Return groups of which runs wait for others to end although they follow none."""
        return [record["id"] for record in self._records.query({"held": True})]

    def turns(self, group_id: str) -> Turns | None:
        """Return how runs of a group may take turns, None when none of it waits for its own."""
        record = self._records.find(group_id)
        if record is None or not record["held"]:
            return None
        return Turns(at_once=record["at_once"] or _WINDOW, rounds=record["rounds"])

    def over(self, group_id: str, turns: Turns) -> None:
        """Note that no run waits for its turn any more, unless others were asked for since."""
        same = {"plan": None, "rounds": turns.rounds}
        self._records.update(group_id, where=same, set={"held": False})

    # -- asking for runs -----------------------------------------------------------------------

    def start(self, group: Group, plan: Sequence[Planned], *, shared: Mapping[str, Any]) -> Group:
        """Ask for the runs of a new group, or return the group that has this id.

        `shared` is what all of its runs have, as fields of :class:`Run`.
        """
        self._records.index(*_INDEXES)
        values = {**asdict(group), "plan": _plan(plan, shared), "plan_at": self._now()}
        values["held"] = False
        objects = {each.job: each.object for each in plan}
        values["objects"] = [objects[job] for job in group.jobs]
        for name in ("jobs", "varied", "tags"):
            values[name] = list(values[name])
        try:
            self._records.insert(values)
        except DuplicateRecordError:
            return self.get(group.id)
        return Group.from_record(values)

    def again(self, group: Group, plan: Iterable[Planned], *, shared: Mapping[str, Any]) -> bool:
        """Ask for another round of some of its runs; say whether nobody else was faster."""
        values = {"plan": _plan(plan, shared), "plan_at": self._now(), "cancel_requested": False}
        where = {"plan": None, "rounds": group.rounds}
        return (
            self._records.update(group.id, where=where, set=values, inc={"rounds": 1}) is not None
        )

    def unmade(self) -> list[str]:
        """Return groups whose runs somebody asked for who does not seem to make them."""
        where = {"plan": {"$ne": None}, "plan_at": {"$lt": self._now() - _PATIENCE}}
        return [record["id"] for record in self._records.query(where)]

    def make(self, group_id: str) -> list[Run]:
        """Make the runs that a group has been asked for; return those that may start now.

        Raises
        ------
        IntegrityError
            If this version does not understand what was asked for.
        """
        record = self._records.find(group_id)
        if record is None or record.get("plan") is None:
            return []
        try:
            runs = _planned_runs(record)
        except (LookupError, TypeError, ValueError) as error:
            raise IntegrityError(f"group {group_id}", f"plan: {error}") from error
        self._runs.create_many(runs)
        ids, places = [run.id for run in runs], [run.place for run in runs]
        if record["rounds"]:
            earlier = {"group": group_id, "place": {"$in": places}, "id": {"$nin": ids}}
            self._run_records.update_many(earlier, set={"replaced": True})
        same = {"plan": {"$ne": None}, "rounds": record["rounds"]}
        held = any(run.turn is not None for run in runs)
        done = {"plan": None, **({"held": True} if held else {})}
        made = self._records.update(group_id, where=same, set=done)
        if made is not None and made["cancel_requested"]:
            self._cancel_runs(group_id)
        free = {"group": group_id, "replaced": False, **_QUEUED, **FREE}
        return self._runs.readable(self._run_records.query(free, sort=[("place", 1)]))

    # -- looking after them --------------------------------------------------------------------

    def counts(self, groups: Sequence[Group]) -> dict[str, Counts]:
        """Return where the runs of groups stand."""
        over = {"$cond": [{"$gte": ["$attempt", "$max_attempts"]}, 0, 1]}
        found = self._run_records.groups(
            {"group": {"$in": [group.id for group in groups]}, "replaced": False},
            {"group": "$group", "status": "$status"},
            {"count": {"$sum": 1}, "again": {"$sum": over}},
        )
        return {group.id: _counted(group, found) for group in groups}

    def runs(self, group_id: str) -> list[Run]:
        """Return the runs of a group that were not run again, by their places."""
        where = {"group": group_id, "replaced": False}
        return self._runs.readable(self._run_records.query(where, sort=[("place", 1)]))

    def failed(self, group_id: str) -> list[Run]:
        """Return the runs that have ended without success, by their places."""
        succeeded = {"status": {"$ne": Status.SUCCEEDED.value}}
        where = {"group": group_id, "replaced": False, "$and": [OVER, succeeded]}
        return self._runs.readable(self._run_records.query(where, sort=[("place", 1)]))

    def cancel(self, group_id: str) -> Group:
        """Cancel what has not ended: at once what waits, by its worker what is going."""
        record = self._records.update(group_id, set={"cancel_requested": True})
        if record is None:
            raise GroupNotFoundError(group_id)
        self._cancel_runs(group_id)
        return Group.from_record(record)

    def _cancel_runs(self, group_id: str) -> None:
        of_it = {"group": group_id}
        waiting = {**of_it, "$or": [_QUEUED, LOST_FOR_NOW]}
        ended = {**self._runs.cancelled(), "cancel_requested": True}
        asked = {"cancel_requested": True}
        left = True
        while left:
            # Between the two a run may go back to the queue, or out of it: then once more.
            self._run_records.update_many(waiting, set=ended)
            self._run_records.update_many({**of_it, **_RUNNING}, set=asked)
            going = {
                **of_it,
                "$or": [_QUEUED, LOST_FOR_NOW, {**_RUNNING, "cancel_requested": False}],
            }
            left = self._run_records.count(going) > 0


def run_id_in(group_id: str, rounds: int, place: int) -> str:
    """Return the id of the run that is at a place of a group, after so many rounds."""
    parts = f"{group_id}\0{rounds}\0{place}"
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def _plan(plan: Iterable[Planned], shared: Mapping[str, Any]) -> str:
    text = json.dumps({"shared": shared, "runs": [asdict(each) for each in plan]})
    if len(text) > _LONGEST:
        reason = f"all their parameters have {len(text):,} characters, and may have {_LONGEST:,}"
        raise InvalidGroupError(f"{reason}: put the data into a store, and pass its name")
    return text


def _planned_runs(record: Mapping[str, Any]) -> list[Run]:
    plan, rounds = json.loads(record["plan"]), record["rounds"]
    shared, at_once, runs = plan["shared"], record["at_once"] or _WINDOW, []
    for number, each in enumerate(plan["runs"]):
        limits = each.pop("limits") or shared["limits"]
        # The runs of another round begin when what goes lets them.
        at_first = number < at_once and not rounds
        after = tuple(each.pop("after"))
        values = {**shared, **each, "limits": Limits(**limits)}
        run = Run(
            id=run_id_in(record["id"], rounds, each["place"]),
            status=Status.QUEUED,
            queued_at=record["plan_at"],
            bucket=record["bucket"],
            group=record["id"],
            after=after,
            waits_for=after,
            turn=None if at_first else rounds * _ROUNDS + number,
            max_attempts=values["limits"].attempts,
            **{
                **values,
                "tags": tuple(shared["tags"]),
                "experiments": tuple(shared.get("experiments", ())),
                "on_failure": OnFailure(shared["on_failure"]),
            },
        )
        runs.append(run)
    return runs


def _counted(group: Group, found: Iterable[Mapping[str, Any]]) -> Counts:
    statuses: dict[str, int] = {}
    unfinished = 0
    for each in found:
        if each["group"] == group.id:
            status, count = each["status"], each["count"]
            statuses[status] = count
            going = {Status.QUEUED: count, Status.RUNNING: count, Status.LOST: each["again"]}
            unfinished += going.get(Status(status), 0)
    unmade = group.count - sum(statuses.values())
    if unmade > 0:
        statuses[Status.QUEUED.value] = statuses.get(Status.QUEUED.value, 0) + unmade
        unfinished += unmade
    return Counts(statuses=statuses, unfinished=unfinished)
