"""The records of schedules, changed by compare-and-set only.

Firing takes two steps, so that a scheduler may die between them. A due time first moves from
`next_due` to the end of `waiting`, which only one of any number of schedulers can do; then
each may make the run of the first one that waits, whose id follows from schedule and due time:
it exists once, however many try.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import IntegrityError, ScheduleNotFoundError
from omegaml_lab.core.pages import Page
from omegaml_lab.core.schedules import Schedule
from omegaml_lab.runtime.records.run_records import utcnow
from omegaml_lab.storage.indexes import Index

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping

    from omegaml_lab.storage.records import Records

__all__ = ["ScheduleRecords", "run_id", "schedule_of", "start_of"]

_INDEXES = (
    Index.on("next_due"),
    Index.on("waiting"),
    Index.on("untold.due"),
    Index.on("bucket", "sort_due"),
)
_PAGE = 200
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def run_id(schedule_id: str, due: datetime) -> str:
    """Return the id of the one run that a due time of a schedule makes."""
    return hashlib.sha256(f"{schedule_id} {due.isoformat()}".encode()).hexdigest()[:16]


def start_of(schedule: Schedule, due: datetime) -> datetime:
    """Return when the run of a due time starts: by chance, and the same for all who ask."""
    chance = int(run_id(schedule.id, due), 16) / 16**16
    return due + timedelta(seconds=schedule.jitter * chance)


class ScheduleRecords:
    """Schedules in a repository.

    Parameters
    ----------
    records
        The collection they are kept in.
    clock
        Returns the present moment, aware and in UTC.
    """

    def __init__(self, records: Records, *, clock: Callable[[], datetime] = utcnow) -> None:
        self._records = records
        self.now = clock

    def create(self, job: str, **values: Any) -> Schedule:
        """Keep a new schedule; `values` are further fields of :class:`Schedule`."""
        self._records.index(*_INDEXES)
        now = self.now()
        schedule = Schedule(
            id=secrets.token_hex(6), job=job, created_at=now, modified_at=now, **values
        )
        record = asdict(schedule)
        record["waiting"] = list(schedule.waiting)
        self._records.insert(_stored(record))
        return self.get(schedule.id)

    def get(self, schedule_id: str) -> Schedule:
        """Return one schedule.

        Raises
        ------
        ScheduleNotFoundError
            If there is none with this id.
        """
        record = self._records.find(schedule_id)
        if record is None:
            raise ScheduleNotFoundError(schedule_id)
        return schedule_of(record)

    def page(
        self,
        where: Mapping[str, Any],
        *,
        sort: str = "next_due",
        descending: bool = False,
        offset: int = 0,
        limit: int | None = 50,
    ) -> Page[Schedule]:
        """Return schedules that match; what is not due any more comes last."""
        field = "sort_due" if sort == "next_due" else sort
        order = [(field, -1 if descending else 1), ("id", 1)]
        found = self._records.query(where, sort=order, skip=offset, limit=limit)
        return Page(_readable(found), self._records.count(where))

    def change(
        self, schedule_id: str, changed: Callable[[Schedule], Mapping[str, Any]]
    ) -> Schedule:
        """Set the fields that `changed` returns for the schedule as it is.

        It is called again when somebody else changed the schedule meanwhile.

        Raises
        ------
        ScheduleNotFoundError
            If there is none with this id.
        """
        while True:
            before = self.get(schedule_id)
            values = {**changed(before), "modified_at": self.now()}
            if (after := self.set(before, values)) is not None:
                return after

    def set(self, before: Schedule, values: Mapping[str, Any]) -> Schedule | None:
        """Set fields of a schedule, unless it has changed since: then return None."""
        record = self._records.update(
            before.id,
            where={"version": before.version},
            set=_stored(values),
            inc={"version": 1},
        )
        return schedule_of(record) if record else None

    def drop(self, schedule_id: str) -> None:
        """Remove a schedule.

        Raises
        ------
        ScheduleNotFoundError
            If there is none with this id.
        """
        if not self._records.delete(schedule_id):
            raise ScheduleNotFoundError(schedule_id)

    def due(self, moment: datetime) -> Iterator[Schedule]:
        """Yield the schedules that are due at `moment`, in the order of their ids."""
        return self._each({"next_due": {"$lte": moment}, "paused": False})

    def waiting(self, *, after: str = "") -> Iterator[Schedule]:
        """Yield the schedules that have due times without a run, in the order of their ids."""
        return self._each({"waiting": {"$type": "date"}}, after=after)

    def of(self, bucket: str, name: str) -> list[Schedule]:
        """Return the schedules of a job, or of all jobs in a folder, in a bucket."""
        # What is below a folder sorts between "/" and the character after it.
        below = {"$gte": f"{name}/", "$lt": f"{name}0"}
        where = {"bucket": bucket, "$or": [{"job": name}, {"job": below}]}
        return list(self._each(where))

    def changes(self, stop: threading.Event, *, poll: float = 0.5) -> Iterator[Schedule | None]:
        """Yield each changed schedule, live, and None about every `poll` seconds without news."""
        for record in self._records.changes(stop, poll=poll):
            if record is None:
                yield None
            else:
                yield from _readable([record])

    def _each(self, where: Mapping[str, Any], *, after: str = "") -> Iterator[Schedule]:
        # Page by page on by id, so that what stays as it is keeps nothing else from being seen.
        while True:
            page = {"$and": [where, {"_id": {"$gt": after}}]}
            found = self._records.query(page, sort=[("id", 1)], limit=_PAGE)
            yield from _readable(found)
            if len(found) < _PAGE:
                return
            after = found[-1]["id"]


def _readable(found: list[dict[str, Any]]) -> list[Schedule]:
    """Leave out what only a newer version understands: that must fire it."""
    schedules = []
    for record in found:
        try:
            schedules.append(schedule_of(record))
        except IntegrityError:
            continue
    return schedules


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    record = dict(values)
    if "next_due" in record:
        record["sort_due"] = record["next_due"] or _NEVER
    if "parameters" in record:
        # Values are the user's: as one text no key or number in them can upset the database.
        record["parameters"] = json.dumps(record["parameters"])
    for key in ("overlap", "misfire"):
        if key in record:
            record[key] = str(record[key])
    return record


def schedule_of(record: Mapping[str, Any]) -> Schedule:
    """Return the schedule that a record is about.

    Raises
    ------
    IntegrityError
        If this version does not understand it.
    """
    try:
        parameters = json.loads(record["parameters"])
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"schedule {record.get('id')}", f"parameters: {error}") from error
    return Schedule.from_record({**record, "parameters": parameters})
