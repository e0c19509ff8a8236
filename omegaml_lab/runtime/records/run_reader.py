"""The records of runs, read: one, many, those that are due, and what changes."""

from __future__ import annotations

import contextlib
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import IntegrityError, RunNotFoundError
from omegaml_lab.core.limits import LONGEST_WAIT
from omegaml_lab.core.pages import Page
from omegaml_lab.core.runs import Run, Status
from omegaml_lab.runtime.records.kept_records import KeptRecords
from omegaml_lab.runtime.records.run_documents import FREE, LOST_FOR_NOW, run_of
from omegaml_lab.runtime.records.understood import understood
from omegaml_lab.storage.times import now

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from omegaml_lab.storage.records import Records

__all__ = ["RunReader", "utcnow"]

_log = logging.getLogger(__name__)

LONGEST_PAUSE = 60.0
"""Seconds until a message about a queued run is sent again, at most."""


def utcnow() -> datetime:
    """Return the present moment, aware and in UTC, as precise as it is kept."""
    return now()


class RunReader:
    """Reads the runs of a repository.

    Parameters
    ----------
    records
        The collection they are kept in.
    clock
        Returns the present moment, aware and in UTC.
    """

    def __init__(self, records: Records, *, clock: Callable[[], datetime] = utcnow) -> None:
        self._records = records
        self._now = clock
        self._unreadable: set[str] = set()
        self.kept = KeptRecords(records)

    def find(self, run_id: str) -> Run | None:
        """Return one run, or None."""
        record = self._records.find(run_id)
        return run_of(record) if record else None

    def get(self, run_id: str) -> Run:
        """Return one run.

        Raises
        ------
        RunNotFoundError
            If there is none with this id.
        """
        if (run := self.find(run_id)) is None:
            raise RunNotFoundError(run_id)
        return run

    def page(
        self, where: Mapping[str, Any], *, offset: int = 0, limit: int | None = 50
    ) -> Page[Run]:
        """Return runs that match, newest first; those that cannot be read are left out."""
        found = self._records.query(where, sort=[("queued_at", -1)], skip=offset, limit=limit)
        return Page(self.readable(found), self._records.count(where))

    def first(
        self, where: Mapping[str, Any], *, sort: Sequence[tuple[str, int]] = (), limit: int
    ) -> list[Run]:
        """Return the first runs that match, as far as this version understands them."""
        return understood(self._records, where, self._understood, sort=sort, limit=limit)

    def objects_of(self, bucket: str, names: Iterable[str]) -> list[str]:
        """Return the ids of all that was run by these names."""
        where = {"bucket": bucket, "job": {"$in": list(names)}}
        return [id for id in self._records.values("object", where) if id is not None]  # noqa: A001

    def has_old(self, bucket: str, names: Iterable[str]) -> bool:
        """Say whether there are runs by these names of which nobody noted the id."""
        where = {"bucket": bucket, "job": {"$in": list(names)}, "object": None}
        return self._records.count(where, limit=1) > 0

    def records(self, status: Status) -> list[dict[str, Any]]:
        """Return the raw records of runs in a status, for those who mind them."""
        return self._records.query({"status": status.value})

    def unfinished(self, run_ids: Iterable[str]) -> set[str]:
        """Return which of these runs wait or go on, or will be tried again."""
        goes_on = {"status": {"$in": [Status.QUEUED.value, Status.RUNNING.value]}}
        where = {"id": {"$in": list(run_ids)}, "$or": [goes_on, LOST_FOR_NOW]}
        return {record["id"] for record in self._records.query(where)}

    def changes(
        self,
        stop: threading.Event,
        *,
        poll: float = 0.5,
        to: Mapping[str, Collection[Any]] | None = None,
    ) -> Iterator[Run | None]:
        """Yield each changed run, live, and None about every `poll` seconds without news.

        With `to` those that have got one of these values in one of these fields.
        """
        for record in self._records.changes(stop, poll=poll, to=to):
            if record is None:
                yield None
            else:
                yield from self.readable([record])

    def readable(self, records: Iterable[Mapping[str, Any]]) -> list[Run]:
        """Return the runs of records, without those that only a newer version understands."""
        runs = []
        for record in records:
            with contextlib.suppress(IntegrityError):
                runs.append(self._understood(record))
        return runs

    def _understood(self, record: Mapping[str, Any]) -> Run:
        try:
            return run_of(record)
        except IntegrityError as error:
            if record["id"] not in self._unreadable:  # it is said once
                self._unreadable.add(record["id"])
                _log.warning("A run is passed over: %s", error)
            raise

    def unpublished(self, *, limit: int = 100) -> list[Run]:
        """Return succeeded runs whose report waits to be published, the oldest first."""
        where = {"unpublished": True, "status": Status.SUCCEEDED.value}
        return self.first(where, sort=[("queued_at", 1)], limit=limit)

    # -- the queue -----------------------------------------------------------------------------

    def due(self, labels: Iterable[str], *, limit: int) -> list[Run]:
        """Return queued runs that should have been taken by now, for one of `labels`.

        Their message may have got lost. The more messages there were, the longer is the next
        one waited for, up to a minute: the queue may just be long.
        """
        where = self._overdue({"$in": list(labels)})
        return self.first(where, sort=[("hint_at", 1)], limit=limit)

    def unserved(self, labels: Iterable[str], *, limit: int) -> list[Run]:
        """Return queued runs that require none of `labels`, and do not say that they wait."""
        where = {**self._overdue({"$nin": list(labels)}), "notice": None}
        return self.first(where, limit=limit)

    def _overdue(self, labels: Mapping[str, Any]) -> dict[str, Any]:
        now = self._now()
        # A time that is too far ahead is one of a clock that is wrong: it is not waited for.
        ahead = now + timedelta(seconds=2 * LONGEST_PAUSE)
        when = [{"hint_at": {"$lte": now}}, {"hint_at": {"$gt": ahead}}]
        # Who holds the kernel of one that is resumed needs no message.
        queued = {"status": Status.QUEUED.value, "label": dict(labels), "held_by": None}
        return {**queued, "$or": when, **self.may_start()}

    def overdue(self, label: str, *, seconds: float = 1.0, limit: int) -> int:
        """Return how many runs wait for so long that no worker has room, `limit` at most."""
        where = {
            "status": Status.QUEUED.value,
            "label": label,
            "queued_at": {"$lt": self._now() - timedelta(seconds=seconds)},
            **self.may_start(),
        }
        return self._records.count(where, limit=limit)

    def may_start(self) -> dict[str, Any]:
        """Return the condition that a run waits neither for its next attempt nor for others."""
        now = self._now()
        ahead = now + timedelta(seconds=2 * LONGEST_WAIT)  # again, of a clock that is wrong
        return {"$nor": [{"retry_at": {"$gt": now, "$lte": ahead}}], **FREE}

    def retryable(self) -> list[Run]:
        """Return lost runs that have attempts left."""
        return self.readable(self._records.query(LOST_FOR_NOW))
