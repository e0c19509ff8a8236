"""The outbox: notifications that wait, were sent, or were given up.

A run carries the mark ``untold`` from the moment it exists, so whatever ends it, and whoever
dies right after, somebody finds that its end is still to be told. That makes the notifications,
under ids that follow from run and recipient, and takes the mark off. Whoever sends one takes it
first, for a while: if he dies over it, another sends it when that while is over.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import DuplicateRecordError, IntegrityError
from omegaml_lab.core.notifications import Delivery, Notification, Recipient, chosen
from omegaml_lab.core.pages import Page
from omegaml_lab.core.runs import Status
from omegaml_lab.core.schedules import Schedule
from omegaml_lab.runtime.notifications.digests import Digests
from omegaml_lab.runtime.notifications.telling import notification_of, notification_of_miss
from omegaml_lab.runtime.records.group_records import GroupRecords
from omegaml_lab.runtime.records.renamed import names_now
from omegaml_lab.runtime.records.run_documents import run_of
from omegaml_lab.runtime.records.run_records import utcnow
from omegaml_lab.runtime.records.schedule_records import schedule_of
from omegaml_lab.runtime.records.understood import understood
from omegaml_lab.storage.indexes import Index

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from omegaml_lab.core.errors import NotificationError
    from omegaml_lab.core.runs import Run
    from omegaml_lab.runtime.records.run_records import RunRecords
    from omegaml_lab.storage.records import Records
    from omegaml_lab.storage.storage import Storage

__all__ = ["TRIES", "Outbox", "Taken"]

TRIES = 8
"""How often a notification is tried before it is given up: for some five hours."""
_INDEXES = (Index.on("status", "due_at"), Index.on("bucket", "created_at"))
_OF_RECIPIENTS = Index.on("bucket", "job")
_TAKEN = timedelta(minutes=3)
_FIRST_PAUSE = 15.0
_KEPT = timedelta(days=30)
_BATCH = 100
_ENDED = [Status.SUCCEEDED.value, Status.FAILED.value, Status.LOST.value]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The right to send a notification once; `token` is unique to it."""

    notification: Notification
    token: str


class Outbox:
    """The notifications of a repository.

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
        self._records: Records = storage.records("notifications")
        self._recipients: Records = storage.records("recipients")
        self._schedules: Records = storage.records("schedules")
        self._ended: Records = storage.records("runs")
        self._objects = storage.objects
        self._runs = runs
        self._groups = GroupRecords(storage, runs)
        self._now = clock

    # -- making --------------------------------------------------------------------------------

    def fill(self, defaults: Iterable[Recipient] = (), *, public_url: str = "") -> int:
        """Make the notifications of runs that have ended since; return of how many.

        `defaults` are told of runs of all buckets, as far as no recipient says otherwise.
        """
        self._ensure_indexes()
        untold = self._untold()
        for run in untold:
            recipients = [*defaults, *self._of(run)]
            before = self._before(run) if recipients else None
            for recipient in chosen(recipients, run.status, before):
                self._keep(
                    notification_of(
                        run, recipient, before=before, now=self._now(), public_url=public_url
                    )
                )
            ended = {"status": run.status.value, "attempt": run.attempt}
            self._ended.update(run.id, where=ended, set={"untold": False})
        told = self._fill_digests(list(defaults), public_url)
        self._fill_missed(list(defaults))
        return len(untold) + told

    def _fill_digests(self, defaults: list[Recipient], public_url: str) -> int:
        """Make the notifications of groups that have ended; return of how many runs."""
        digests = Digests(self._ended, self._groups, of=lambda run: [*defaults, *self._of(run)])
        count = 0
        for runs, notifications in digests.make(now=self._now(), public_url=public_url):
            for notification in notifications:
                self._keep(notification)
            digests.told(runs)
            count += len(runs)
        return count

    def _fill_missed(self, defaults: list[Recipient]) -> None:
        """Make the notifications of schedules that came to be due and made no run."""
        missed = {"untold.due": {"$type": "date"}}
        for schedule, untold in understood(self._schedules, missed, _told_of, limit=_BATCH):
            recipients = [*defaults, *self._of(schedule)]
            for recipient in chosen(recipients, Status.FAILED, Status.SUCCEEDED):
                self._keep(notification_of_miss(schedule, recipient, now=self._now(), **untold))
            same = {"untold.due": untold["due"]}
            self._schedules.update(schedule.id, where=same, set={"untold": None})

    def _keep(self, made: Notification) -> None:
        if made.address:  # a run that nobody asked for has nobody to be told in the Lab
            with contextlib.suppress(DuplicateRecordError):  # made already
                self._records.insert({**made.to_record(), "taken": None})

    def _untold(self) -> list[Run]:
        """Return runs of no group that have ended for good, of which nobody has been told."""
        where = {"untold": True, "ended_at": {"$ne": None}, "group": None}
        found = understood(self._ended, where, run_of, sort=[("ended_at", 1)], limit=_BATCH)
        return [run for run in found if run.final]

    def _of(self, told: Run | Schedule) -> list[Recipient]:
        """Return whom rules of a run's, or a schedule's own, schedule, job and bucket name."""
        rules: list[dict[str, Any]] = [
            {"job": None, "schedule": None},
            {"job": self._job_of(told), "schedule": None},
        ]
        if (schedule := told.id if isinstance(told, Schedule) else told.schedule) is not None:
            rules.append({"schedule": schedule})
        found = self._recipients.query({"bucket": told.bucket, "$or": rules}, sort=[("id", 1)])
        recipients = []
        for record in found:
            try:
                recipients.append(Recipient.from_record(record))
            except IntegrityError as error:  # a newer version understands it
                _log.warning("A recipient is passed over: %s", error)
        return recipients

    def _job_of(self, told: Run | Schedule) -> str:
        """Return the job as recipients name it: they go along when it is renamed."""
        return told.job if isinstance(told, Schedule) else names_now(self._objects, [told])[0]

    def _before(self, run: Run) -> Status | None:
        """Return how the run before it ended: the one asked for last before it was."""
        where = {
            "bucket": run.bucket,
            **({"object": run.object} if run.object else {"job": run.job}),
            "schedule": run.schedule,
            "kind": run.kind,
            "queued_at": {"$lt": run.queued_at},
            "status": {"$in": _ENDED},
        }
        found = self._runs.page(where, limit=1).items
        return found[0].status if found else None

    # -- sending -------------------------------------------------------------------------------

    def due(self, *, limit: int) -> list[Notification]:
        """Return notifications that should be sent now, what is due longest first."""
        self._ensure_indexes()
        where = {"status": Delivery.WAITING.value, "due_at": {"$lte": self._now()}}
        read, sort = Notification.from_record, [("due_at", 1)]
        return understood(self._records, where, read, sort=sort, limit=limit)

    def take(self, notification: Notification) -> Taken | None:
        """Take a notification that is due, to send it; None when somebody else has."""
        token = secrets.token_hex(8)
        record = self._records.update(
            notification.id,
            where={
                "status": Delivery.WAITING.value,
                "tries": notification.tries,
                "due_at": {"$lte": self._now()},
            },
            set={"taken": token, "due_at": self._now() + _TAKEN},
            inc={"tries": 1},
        )
        return (
            Taken(notification=Notification.from_record(record), token=token) if record else None
        )

    def sent(self, taken: Taken) -> Notification | None:
        """Note that it was delivered; None when it had been given to somebody else meanwhile."""
        values = {"status": Delivery.SENT.value, "sent_at": self._now(), "error": None}
        return self._settle(taken, values)

    def failed(self, taken: Taken, error: NotificationError) -> Notification | None:
        """Note that it was not: it is tried again, unless there is no point, or no try left."""
        tries = taken.notification.tries
        if error.final or tries >= TRIES:
            values = {"status": Delivery.FAILED.value, "error": error.reason}
            return self._settle(taken, values)
        pause = timedelta(seconds=_FIRST_PAUSE * 3 ** (tries - 1))
        return self._settle(taken, {"due_at": self._now() + pause, "error": error.reason})

    def _settle(self, taken: Taken, values: Mapping[str, Any]) -> Notification | None:
        where = {"taken": taken.token, "status": Delivery.WAITING.value}
        record = self._records.update(
            taken.notification.id, where=where, set={**values, "taken": None}
        )
        return Notification.from_record(record) if record else None

    # -- looking -------------------------------------------------------------------------------

    def page(
        self, where: Mapping[str, Any], *, offset: int = 0, limit: int | None = 50
    ) -> Page[Notification]:
        """Return notifications that match, the newest first."""
        found = self._records.query(where, sort=[("created_at", -1)], skip=offset, limit=limit)
        return Page(_readable(found), self._records.count(where))

    def retry(self, where: Mapping[str, Any]) -> int:
        """Let those that were given up, and match, be tried anew; return how many."""
        again = {"status": Delivery.WAITING.value, "tries": 0, "due_at": self._now()}
        return self._records.update_many({**where, "status": Delivery.FAILED.value}, set=again)

    def changes(
        self, stop: threading.Event, *, poll: float = 0.5
    ) -> Iterator[Notification | None]:
        """Yield each changed one, live, and None about every `poll` seconds without news."""
        for record in self._records.changes(stop, poll=poll):
            if record is None:
                yield None
            else:
                yield from _readable([record])

    def tidy(self) -> None:
        """Forget what was sent or given up a month ago, and recipients of dropped schedules."""
        over = {"status": {"$ne": Delivery.WAITING.value}}
        old = {**over, "created_at": {"$lt": self._now() - _KEPT}}
        for record in self._records.query(old, limit=1000):
            self._records.delete(record["id"])
        for record in self._recipients.query({"schedule": {"$ne": None}}):
            if self._schedules.find(record["schedule"]) is None:
                self._recipients.delete(record["id"])

    def _ensure_indexes(self) -> None:
        self._records.index(*_INDEXES)
        self._recipients.index(_OF_RECIPIENTS)


def _told_of(record: dict[str, Any]) -> tuple[Schedule, dict[str, Any]]:
    return schedule_of(record), record["untold"]


def _readable(records: Iterable[dict[str, Any]]) -> list[Notification]:
    """Leave out what only a newer version understands: that must send it."""
    notifications = []
    for record in records:
        try:
            notifications.append(Notification.from_record(record))
        except IntegrityError:
            continue
    return notifications
