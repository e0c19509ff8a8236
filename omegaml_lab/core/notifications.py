"""Notifications: who is told when a run ends, of what, and by which channel."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from omegaml_lab.core.errors import IntegrityError, InvalidRecipientError
from omegaml_lab.core.runs import Status
from omegaml_lab.core.urls import scheme_of

__all__ = [
    "Delivery",
    "Happening",
    "Notification",
    "Occasion",
    "Recipient",
    "chosen",
    "chosen_for",
    "happening",
    "parse_recipients",
    "split_target",
]


class Occasion(StrEnum):
    """On what somebody is told."""

    FAILURE = "failure"
    """A run failed, or was lost for good."""

    SUCCESS = "success"
    """A run succeeded."""

    CHANGE = "change"
    """It failed while the one before it succeeded, or the other way round."""

    END = "end"
    """It ended, whatever way; also when it was cancelled."""

    NEVER = "never"
    """Not at all: what a wider rule says does not count here."""


class Happening(StrEnum):
    """What a notification is about."""

    FAILED = "failed"
    LOST = "lost"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"
    RECOVERED = "recovered"
    """It succeeded, and the one before it had not."""

    MISSED = "missed"
    """A job was due and could not be run, so there is no run."""


class Delivery(StrEnum):
    """How far a notification has come."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    """It was given up; its error says why."""


_BAD = frozenset({Status.FAILED, Status.LOST})
_GOOD = frozenset({Status.SUCCEEDED})


def happening(status: Status, before: Status | None) -> Happening:
    """Say what it means that a run ended in `status`, after one that ended in `before`."""
    if status is Status.SUCCEEDED and before in _BAD:
        return Happening.RECOVERED
    return Happening(status.value)


def is_told(on: Occasion, status: Status, before: Status | None) -> bool:
    """Say whether who is told `on` something is told of a run that ended in `status`."""
    match on:
        case Occasion.NEVER:
            return False
        case Occasion.END:
            return True
        case Occasion.FAILURE:
            return status in _BAD
        case Occasion.SUCCESS:
            return status in _GOOD
    # The first of all that fails is news, the first that succeeds is what everybody expects.
    if status in _BAD:
        return before not in _BAD
    return status in _GOOD and before in _BAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Somebody who is told by a `channel`, at an `address` of it.

    It counts for the runs of a `schedule` (its id), of a `job`, or, with neither, of the
    whole bucket. `address` may be secret, as the URLs of chats are: it is not shown.
    """

    channel: str
    address: str = field(repr=False)
    on: Occasion = Occasion.FAILURE
    id: str = ""
    bucket: str = "default"
    job: str | None = None
    schedule: str | None = None
    owner: str = ""
    created_at: datetime | None = None

    @property
    def width(self) -> int:
        """How much it counts for: 0 a schedule, 1 a job, 2 a bucket."""
        return 0 if self.schedule else 1 if self.job else 2

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Recipient:
        """Build it from its record; keys this version does not know are ignored.

        Raises
        ------
        IntegrityError
            If it is none that this version understands.
        """
        try:
            values = _known(cls, record)
            return cls(**{**values, "on": Occasion(values["on"])})
        except (LookupError, TypeError, ValueError) as error:
            raise IntegrityError(f"recipient {record.get('id')}", str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message to one recipient about the end of one run. Times are aware and in UTC.

    `run` is empty when a job was due and could not be run, and when it is about all runs of a
    `group`, which has an id then.
    `title` is one line, `text` are some; `link` leads to the result, where one is known;
    `about` is what programs read of the run, as JSON. `id` follows from run and recipient, so
    that whoever gets it twice can tell.
    """

    id: str
    run: str
    job: str
    channel: str
    address: str = field(repr=False)
    happening: Happening
    title: str
    text: str
    created_at: datetime
    due_at: datetime
    about: dict[str, Any] = field(default_factory=dict)
    link: str | None = None
    bucket: str = "default"
    schedule: str | None = None
    group: str | None = None
    owner: str = ""
    status: Delivery = Delivery.WAITING
    tries: int = 0
    error: str | None = None
    sent_at: datetime | None = None

    def to_record(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {**asdict(self), "happening": self.happening.value, "status": self.status.value}

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, times as ISO 8601, without its address."""
        plain = self.to_record()
        del plain["address"], plain["about"]
        for key, value in plain.items():
            if isinstance(value, datetime):
                plain[key] = value.isoformat()
        return plain

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Notification:
        """Build it from its record; keys this version does not know are ignored.

        Raises
        ------
        IntegrityError
            If it is none that this version understands.
        """
        try:
            values = _known(cls, record)
            values["happening"] = Happening(values["happening"])
            values["status"] = Delivery(values["status"])
            return cls(**values)
        except (LookupError, TypeError, ValueError) as error:
            raise IntegrityError(f"notification {record.get('id')}", str(error)) from error


_CHANNEL = re.compile(r"([a-z][a-z0-9_-]*):(?!//)(.*)", re.ASCII | re.DOTALL)
_HOSTS = {
    "slack": re.compile(r"https://hooks\.slack\.com/"),
    "teams": re.compile(
        r"https://[^/?#@:]+\.(webhook\.office|logic\.azure|powerplatform)\.com[:/]"
    ),
}


def split_target(text: str) -> tuple[str, str]:
    """Return the channel and the address that ``channel:address`` names.

    The channel may be left out of a web address and of one of mail.

    Raises
    ------
    InvalidRecipientError
        If it is none of these.
    """
    text = text.strip()
    if scheme_of(text) in {"http", "https"}:
        known = [channel for channel, host in _HOSTS.items() if host.match(text)]
        return (known or ["webhook"])[0], text
    if found := _CHANNEL.fullmatch(text):
        return found[1], found[2].strip()
    if "@" in text and ":" not in text:
        return "email", text
    reason = "say channel:address, as in email:ann@example.org or slack:https://hooks.slack.com/…"
    raise InvalidRecipientError("recipient", reason)


_WITH_OCCASION = re.compile(rf"({'|'.join(Occasion)})=(.*)", re.DOTALL)


def parse_recipients(text: str, *, bucket: str = "default") -> list[Recipient]:
    """Return the recipients that a setting names, apart by spaces.

    Each may begin with what it is told of, as in ``change=email:ann@example.org``.

    Raises
    ------
    InvalidRecipientError
        If one of them is none.
    """
    recipients = []
    for part in text.split():
        found = _WITH_OCCASION.fullmatch(part)
        on, target = (Occasion(found[1]), found[2]) if found else (Occasion.FAILURE, part)
        channel, address = split_target(target)
        recipients.append(Recipient(channel=channel, address=address, on=on, bucket=bucket))
    return recipients


def chosen(recipients: list[Recipient], status: Status, before: Status | None) -> list[Recipient]:
    """Return who is told of the end of a run, each address once: the narrowest rule counts."""
    narrowest: dict[tuple[str, str], Recipient] = {}
    for recipient in sorted(recipients, key=lambda each: -each.width):
        narrowest[recipient.channel, recipient.address] = recipient
    return [each for each in narrowest.values() if is_told(each.on, status, before)]


def chosen_for(
    recipients: list[Recipient], statuses: set[Status], before: Status | None
) -> list[Recipient]:
    """Return who is told of runs of one job that ended together, in these ways: see `chosen`.

    Of a change they are told by all of them: one that failed is what failed.
    """
    bad = statuses & _BAD
    found: dict[tuple[str, str], Recipient] = {}
    for status in statuses:
        for each in chosen(recipients, status, before):
            if not (bad and status not in _BAD and each.on is Occasion.CHANGE):
                found[each.channel, each.address] = each
    return list(found.values())


def _known(kind: type[Recipient | Notification], given: dict[str, Any]) -> dict[str, Any]:
    names = {f.name for f in fields(kind)}
    return {key: value for key, value in given.items() if key in names}
