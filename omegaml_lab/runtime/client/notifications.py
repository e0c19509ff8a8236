"""Who is told of the runs of a bucket, and what they were told, as a client sees it."""

from __future__ import annotations

import secrets
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidRecipientError, RecipientNotFoundError
from omegaml_lab.core.notifications import (
    Delivery,
    Happening,
    Notification,
    Occasion,
    Recipient,
    parse_recipients,
    split_target,
)
from omegaml_lab.runtime.notifications.outbox import Outbox
from omegaml_lab.runtime.notifications.postman import Postman
from omegaml_lab.runtime.records.run_records import utcnow

if TYPE_CHECKING:
    import builtins
    import threading
    from collections.abc import Callable, Iterator

    from omegaml_lab.config import Config
    from omegaml_lab.core.names import Name
    from omegaml_lab.core.pages import Page
    from omegaml_lab.notifiers.notifier import Notifiers
    from omegaml_lab.runtime.client.runtime import OmegaRuntime
    from omegaml_lab.storage.storage import Storage

__all__ = ["Notifications"]


class Notifications:
    """Who is told of the runs of a bucket.

    Parameters
    ----------
    storage
        The repository.
    runtime
        Its runs and schedules, seen through the bucket.
    notifiers
        The channels that are installed.
    config
        The settings of this process.
    """

    def __init__(
        self, storage: Storage, runtime: OmegaRuntime, notifiers: Notifiers, config: Config
    ) -> None:
        self.notifiers = notifiers
        self.outbox = Outbox(storage, runtime.runs.records)
        self._records = storage.records("recipients")
        self._runtime = runtime
        self._config = config
        self._bucket = runtime.runs.bucket

    def check(self, to: str, *, on: Occasion | str = Occasion.FAILURE) -> None:
        """Refuse whom `add` would refuse for the address; nothing is kept.

        Raises
        ------
        InvalidRecipientError
            If there is no such channel, or no such address of it.
        """
        self._parsed(to, on)

    def add(
        self,
        to: str,
        *,
        on: Occasion | str = Occasion.FAILURE,
        job: str | Name | None = None,
        schedule: str | None = None,
    ) -> Recipient:
        """Let somebody be told of runs; if they are told of these already, of what changes.

        Parameters
        ----------
        to
            ``channel:address``, as ``email:ann@example.org`` or ``lab:ann``. The channel may be
            left out of addresses of mail and of the web.
        on
            ``failure``, ``success``, ``change``, ``end``, or ``never``, which lets a wider rule
            for the same address not count.
        job, schedule
            Of which runs: those of a job, or of a schedule (its id); all of the bucket when
            neither is given.

        Raises
        ------
        InvalidRecipientError
            If there is no such channel, or no such address of it.
        ObjectNotFoundError, ScheduleNotFoundError
            If there is no such job or schedule.
        """
        if job is not None and schedule is not None:
            raise InvalidRecipientError(to.partition(":")[0], "give either a job or a schedule")
        recipient = replace(
            self._parsed(to, on),
            job=None if job is None else self._runtime.job(job).name,
            schedule=None if schedule is None else self._runtime.schedules.get(schedule).id,
        )
        same = {
            key: getattr(recipient, key)
            for key in ("bucket", "channel", "address", "job", "schedule")
        }
        for known in self._records.query(same, limit=1):
            self._records.update(known["id"], set={"on": recipient.on.value})
            return Recipient.from_record({**known, "on": recipient.on.value})
        self._records.insert({**asdict(recipient), "on": recipient.on.value})
        return self.get(recipient.id)  # with times as they are kept

    def recipients(
        self, *, job: str | Name | None = None, schedule: str | None = None
    ) -> builtins.list[Recipient]:
        """Return who is told, what is wide first; only of a job or a schedule when one is given.

        Who is told by the settings of the scheduler is not among them.
        """
        where: dict[str, Any] = {"bucket": self._bucket}
        if job is not None:
            where["job"] = self._runtime.runs.resolve(job)
        if schedule is not None:
            where["schedule"] = str(schedule)
        found = [Recipient.from_record(record) for record in self._records.query(where)]
        return sorted(found, key=lambda r: (-r.width, r.job or "", r.schedule or "", r.id))

    def get(self, recipient_id: str) -> Recipient:
        """Return a recipient.

        Raises
        ------
        RecipientNotFoundError
            If the bucket has none with this id.
        """
        record = self._records.find(str(recipient_id))
        if record is None or record["bucket"] != self._bucket:
            raise RecipientNotFoundError(recipient_id)
        return Recipient.from_record(record)

    def drop(self, recipient_id: str) -> None:
        """Tell somebody no more.

        Raises
        ------
        RecipientNotFoundError
            If the bucket has none with this id.
        """
        self._records.delete(self.get(recipient_id).id)

    def describe(self, recipient: Recipient) -> dict[str, Any]:
        """Return plain JSON values of a recipient, with its address as anybody may see it."""
        created = recipient.created_at
        return {
            **asdict(recipient),
            "on": recipient.on.value,
            "address": self.notifiers.shown(recipient.channel, recipient.address),
            "created_at": None if created is None else created.isoformat(),
        }

    def list(
        self,
        *,
        run: str | None = None,
        status: Delivery | str | None = None,
        offset: int = 0,
        limit: int | None = 50,
    ) -> Page[Notification]:
        """Return notifications, the newest first; those of the last month are kept."""
        where: dict[str, Any] = {"bucket": self._bucket}
        if run is not None:
            where["run"] = str(run)
        if status is not None:
            where["status"] = Delivery(status).value
        return self.outbox.page(where, offset=offset, limit=limit)

    def describe_sent(self, notification: Notification) -> dict[str, Any]:
        """Return plain JSON values of a notification, with its address as anybody may see it."""
        shown = self.notifiers.shown(notification.channel, notification.address)
        return {**notification.to_dict(), "address": shown}

    def retry(self) -> int:
        """Let all that were given up be tried anew; return how many."""
        return self.outbox.retry({"bucket": self._bucket})

    def test(self, to: str) -> None:
        """Send a message that says it is a test, at once, with the settings of this process.

        Raises
        ------
        InvalidRecipientError
            As :meth:`add`.
        NotificationError
            If it is not delivered.
        """
        recipient, now = self._parsed(to, Occasion.END), utcnow()
        trial = Notification(
            id=f"test-{secrets.token_hex(8)}",
            run="",
            job="",
            bucket=self._bucket,
            channel=recipient.channel,
            address=recipient.address,
            happening=Happening.SUCCEEDED,
            title="A test of Omega Lab",
            text="If you read this, you can be told of runs here.",
            created_at=now,
            due_at=now,
        )
        self.notifiers.notifier(recipient.channel).send(trial)

    def follow(self, old: str, new: str) -> None:
        """Let recipients go along with the new name of a job, or of all in a folder."""
        below = {"$gte": f"{old}/", "$lt": f"{old}0"}  # "0" comes after "/"
        where = {"bucket": self._bucket, "$or": [{"job": old}, {"job": below}]}
        for record in self._records.query(where):
            moved = new + record["job"].removeprefix(old)
            self._records.update(record["id"], where={"job": record["job"]}, set={"job": moved})

    def postman(self, send: Callable[[Notification], None] | None = None) -> Postman:
        """Return what sends the notifications of all buckets, by the settings of this process."""

        def deliver(notification: Notification) -> None:
            self.notifiers.notifier(notification.channel).send(notification)

        return Postman(
            outbox=self.outbox,
            send=send or deliver,
            defaults=[self._checked(each) for each in parse_recipients(self._config.notify)],
            public_url=self._config.public_url,
        )

    def changes(
        self, stop: threading.Event, *, poll: float = 0.5
    ) -> Iterator[Notification | None]:
        """Yield each notification that changes, as it happens; None when nothing came.

        The first None says that the feed stands. Ends when `stop` is set.
        """
        for notification in self.outbox.changes(stop, poll=poll):
            if notification is None or notification.bucket == self._bucket:
                yield notification

    def _parsed(self, to: str, on: Occasion | str) -> Recipient:
        channel, address = split_target(to)
        return self._checked(
            Recipient(
                id=secrets.token_hex(6),
                channel=channel,
                address=address,
                on=_occasion(channel, on),
                bucket=self._bucket,
                owner=self._config.user,
                created_at=utcnow(),
            )
        )

    def _checked(self, recipient: Recipient) -> Recipient:
        address = self.notifiers.check(recipient.channel, recipient.address)
        return replace(recipient, address=address)


def _occasion(channel: str, given: Occasion | str) -> Occasion:
    try:
        return Occasion(given)
    except ValueError:
        known = ", ".join(each.value for each in Occasion)
        reason = f"people are told on {known}, not on {given!r}"
        raise InvalidRecipientError(channel, reason) from None
