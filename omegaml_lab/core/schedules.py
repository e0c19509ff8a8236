"""Schedules: when a job is due, and what happens on overlap and misfire."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from omegaml_lab.core.errors import IntegrityError, InvalidLimitError, InvalidScheduleError
from omegaml_lab.core.limits import UNLIMITED, Limits, parse_duration, whole_number

__all__ = ["Misfire", "Overlap", "Schedule", "check_jitter", "check_keep"]

_LONGEST_JITTER = 43_200.0
_MOST_KEPT = 1_000_000


class Overlap(StrEnum):
    """What happens when a job is due while an earlier run of its schedule still goes."""

    SKIP = "skip"
    """The due time makes no run."""

    QUEUE = "queue"
    """Its run starts when the earlier one has ended."""

    REPLACE = "replace"
    """The earlier run is cancelled."""


class Misfire(StrEnum):
    """What happens with due times that passed while no scheduler was there."""

    RUN_ONCE = "run once"
    """They are made up for by one run, however many there were."""

    SKIP = "skip"
    """They make no run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a job is due. Times are aware and in UTC.

    `when` is what the person said, `cron` the five fields it means, in `timezone`, and `words`
    a sentence that says so. `next_due` is None while it is paused, and once it is over;
    `waiting` are due times whose runs have not begun to exist, the oldest first; `notice`
    tells why the last due time made no run. `unable` says why none can now, because its notebook
    is not there, and `trash` names what has to be restored for that; `object` is the notebook
    itself, which it follows when that is renamed.

    `pinned` is the number or the tag of the revision that is run, empty for the one that the
    job has when it is due. Runs start up to `jitter` seconds after their due time. Of its runs
    that have ended the last `keep` keep their results, all of them when it is None. They are part
    of an `experiment`, unless that is empty.
    """

    id: str
    job: str
    when: str
    cron: str
    words: str
    timezone: str
    created_at: datetime
    modified_at: datetime
    bucket: str = "default"
    parameters: dict[str, Any] = field(default_factory=dict)
    label: str = "default"
    overlap: Overlap = Overlap.SKIP
    misfire: Misfire = Misfire.RUN_ONCE
    publish: bool = False
    publish_options: dict[str, Any] = field(default_factory=dict)
    limits: Limits = UNLIMITED
    pinned: str = ""
    jitter: float = 0.0
    keep: int | None = None
    experiment: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    paused: bool = False
    next_due: datetime | None = None
    last_due: datetime | None = None
    last_run: str | None = None
    waiting: tuple[datetime, ...] = ()
    owner: str = ""
    notice: str | None = None
    object: str = ""
    unable: str | None = None
    trash: str | None = None
    version: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, times as ISO 8601."""
        plain = asdict(self)
        del plain["version"], plain["object"]
        for key, value in plain.items():
            if isinstance(value, datetime):
                plain[key] = value.isoformat()
        plain["waiting"] = [due.isoformat() for due in self.waiting]
        plain["overlap"], plain["misfire"] = self.overlap.value, self.misfire.value
        return plain

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Schedule:
        """Build a schedule from its stored record; keys this version does not know are ignored.

        Raises
        ------
        IntegrityError
            If it is no schedule that this version understands.
        """
        names = {f.name for f in fields(cls)}
        try:
            values = {key: value for key, value in record.items() if key in names}
            values["overlap"] = Overlap(values["overlap"])
            values["misfire"] = Misfire(values["misfire"])
            limits = {f.name for f in fields(Limits)}
            given = (values.get("limits") or {}).items()
            values["limits"] = Limits(**{key: value for key, value in given if key in limits})
            values["waiting"] = tuple(values.get("waiting") or ())
            return cls(**values)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityError(f"schedule {record.get('id')}", str(error)) from error


def check_jitter(given: object) -> float:
    """Return seconds: of a number, of text such as ``10 min``, or of None, which is none.

    Raises
    ------
    InvalidScheduleError
        If it is not understood, or more than twelve hours.
    """
    if given in (None, "", 0, "0"):
        return 0.0
    try:
        seconds = parse_duration("jitter", given)
    except InvalidLimitError as error:
        raise InvalidScheduleError(str(given), error.reason, what="jitter") from error
    if seconds > _LONGEST_JITTER:
        raise InvalidScheduleError(str(given), "it is twelve hours at most", what="jitter")
    return seconds


def check_keep(given: object) -> int | None:
    """Return how many results are kept, None for all.

    Raises
    ------
    InvalidScheduleError
        If it is no number of one or more.
    """
    if given is None or given == "":
        return None
    if (number := whole_number(given, least=1, most=_MOST_KEPT)) is None:
        reason = f"it is a number of results from 1 to {_MOST_KEPT:,}, or nothing for all"
        raise InvalidScheduleError(str(given)[:100], reason, what="number to keep")
    return number
