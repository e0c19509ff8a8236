"""Due times: what a schedule's cron means in its time zone, both changes of the clock included.

They are computed by cronsim, which does as Debian's cron: a time of day that a change of the
clock leaves out comes at the first minute after it, and one that comes twice counts once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from tzlocal import get_localzone_name

from omegaml_lab.core.errors import InvalidScheduleError
from omegaml_lab.core.when import cron_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.core.schedules import Schedule

__all__ = ["Rule", "local_timezone"]

_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_EVERY_SO_MANY = re.compile(r"\*/[1-9]\d?")
_ORDINAL = re.compile(r"\b([2-9][1-3])th\b")  # cronsim says 31th
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
_FIELDS = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day-of-month": "1 to 31, as far as its months go, or L",
    "month": "1 to 12, or JAN to DEC",
    "day-of-week": "0 to 7, or SUN to SAT",
}
_SPANS_OF_FIELDS = (60, 24, 31, 12, 7)
_UTC = frozenset({"Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu"})
"""What else UTC is called; machines say ``Etc/UTC``, and one word is enough."""
_SECOND = timedelta(seconds=1)
# What is looked through for the last due time: a day first, not a year of minutes at once.
_SPANS = tuple(timedelta(days=days) for days in (1, 32, 367, 20_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When something is due, checked; :meth:`of` makes one."""

    when: str
    cron: str
    words: str
    timezone: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    @classmethod
    def of(
        cls,
        when: str,
        timezone: str | None = None,
        *,
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
    ) -> Rule:
        """Return the rule that a person means.

        Parameters
        ----------
        when
            Plain words (``weekdays at 6:00``) or the five fields of cron.
        timezone
            An IANA name such as ``Europe/Zurich``; by default that of this machine.
        starts_at, ends_at
            The first and the last moment, aware; what is not aware is in `timezone`.

        Raises
        ------
        InvalidScheduleError
            If one of them is not understood, or nothing would ever be due.
        """
        zone = _zone(timezone or local_timezone())
        cron = cron_of(when)
        rule = cls(
            when=when.strip(),
            cron=cron,
            words=_explained(when, cron),
            timezone=zone.key,
            starts_at=_aware(starts_at, zone),
            ends_at=_aware(ends_at, zone),
        )
        if rule.starts_at and rule.ends_at and rule.ends_at < rule.starts_at:
            raise InvalidScheduleError(when, "it ends before it starts")
        if next(rule.after(datetime.now(UTC)), None) is None:
            over = rule.ends_at is not None and rule.ends_at <= datetime.now(UTC)
            reason = "it has ended already" if over else "it would never be due"
            raise InvalidScheduleError(when, reason)
        return rule

    @classmethod
    def of_schedule(cls, schedule: Schedule) -> Rule:
        """Return the rule of a schedule, which was checked when that was made."""
        return cls(
            when=schedule.when,
            cron=schedule.cron,
            words=schedule.words,
            timezone=schedule.timezone,
            starts_at=schedule.starts_at,
            ends_at=schedule.ends_at,
        )

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the due times after `moment`, in UTC, for ever or until `ends_at`."""
        if self.starts_at is not None:
            # One that is due at the very start counts.
            moment = max(moment, self.starts_at.replace(microsecond=0) - _SECOND)
        last = moment
        for due in CronSim(_listed(self.cron), moment.astimezone(_zone(self.timezone))):
            utc = due.astimezone(UTC)
            if self.ends_at is not None and utc > self.ends_at:
                return
            if utc > last:  # two hours that are one on the day of a change come once
                last = utc
                yield utc

    def last(self, *, since: datetime, until: datetime) -> datetime | None:
        """Return the last due time after `since` up to `until`, in UTC, if there is one."""
        for span in _SPANS:
            start = max(since, until - span)
            last = None
            for due in self.after(start):
                if due > until:
                    break
                last = due
            if last is not None or start == since:
                return last
        return None


def local_timezone() -> str:
    """Return the IANA name of this machine's time zone, UTC where it does not say."""
    try:
        name = get_localzone_name()
    except (LookupError, OSError, ValueError):
        return "UTC"
    return _zone(name).key if name in _known_zones() else "UTC"


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())  # it looks into hundreds of files


def _zone(name: str) -> ZoneInfo:
    known = _known_zones()
    if name not in known:
        cities = {zone.rpartition("/")[2].lower(): zone for zone in sorted(known, key=len)}
        close = get_close_matches(name, known, n=1) or [
            cities[city] for city in get_close_matches(name.lower(), cities, n=1)
        ]
        reason = "there is no such time zone; they are called like 'Europe/Zurich'"
        raise InvalidScheduleError(
            name, reason, what="time zone", suggestion=close[0] if close else None
        )
    return ZoneInfo("UTC" if name in _UTC else name)


def _listed(cron: str) -> str:
    """Return cron with the hours of ``*/n`` written out.

    Cron counts every hour of a day in which the clock changes for a star, but keeps to the
    clock on the wall for hours that are named.
    """
    fields = cron.split()
    if _EVERY_SO_MANY.fullmatch(fields[1]):
        fields[1] = ",".join(str(hour) for hour in range(0, 24, int(fields[1][2:])))
    return " ".join(fields)


def _explained(when: str, cron: str) -> str:
    try:
        words = CronSim(cron, datetime.now(UTC)).explain()
    except (CronSimError, ValueError) as error:
        raise InvalidScheduleError(when, _blame(cron, error)) from error
    _check_steps(when, cron)
    return _ORDINAL.sub(lambda match: match[1] + _ENDINGS[int(match[1]) % 10], words)


def _check_steps(when: str, cron: str) -> None:
    """Refuse steps that are longer than what they divide: ``*/90`` is no hour and a half."""
    for name, field, span in zip(_FIELDS, cron.split(), _SPANS_OF_FIELDS, strict=True):
        for part in field.split(","):
            step = part.partition("/")[2]
            if step.isdecimal() and (len(step) > 2 or int(step) > span):
                told = f"as cron, its {name} {field!r} goes in steps of {step}"
                raise InvalidScheduleError(when, f"{told}, and {span} is the longest that counts")


def _blame(cron: str, error: Exception) -> str:
    """Tell which field of cron is wrong, what it says, and what it may say."""
    name = str(error).removeprefix("Bad ")
    if name not in _FIELDS:
        return f"as cron, its {name} is not right"
    field = cron.split()[list(_FIELDS).index(name)]
    return f"as cron, its {name} {field!r} is not right, which may be {_FIELDS[name]}"


def _aware(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        raise InvalidScheduleError(moment, "it is no datetime", what="start or end")
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        reason = f"years go from {_FIRST_YEAR} to {_LAST_YEAR}"
        raise InvalidScheduleError(moment.isoformat(), reason, what="start or end")
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
