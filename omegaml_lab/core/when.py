"""Plain words for due times: ``weekdays at 6:00``. What is not understood is an error."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from omegaml_lab.core.errors import InvalidScheduleError

__all__ = ["EXAMPLES", "cron_of"]

EXAMPLES = (
    "every 15 minutes",
    "every hour",
    "daily at 6:00",
    "weekdays at 6:00",
    "mondays and thursdays at 9:30",
    "monthly on the 1st at 7:00",
    "monthly on the last day at 18:00",
)
"""One of each sort of what is understood."""

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_BARE_HOUR = re.compile(r"(?<!\S)\d{1,2}(?!\S)")
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?(am|pm)?")
_ORDINAL = re.compile(r"(\d{1,2})(st|nd|rd|th)")
_NUMBER = re.compile(r"(\d{1,4})(?:st|nd|rd|th)?")
_CRON_FIRST = re.compile(r"[\d*/,\-]+")
_CRON_FIELD = re.compile(r"[\w*/,\-#]+", re.ASCII)
_FIELD_ELSEWHERE = re.compile(r"(?=.*[\d*?])[\w*/,\-#?]+|[A-Za-z]{3}(-[A-Za-z]{3})?|L", re.ASCII)
_YEAR = re.compile(r"20\d\d")
_NICKNAMES = {
    "@hourly": "every hour",
    "@daily": "daily at 0:00",
    "@midnight": "daily at 0:00",
    "@weekly": "sundays at 0:00",
    "@monthly": "monthly on the 1st at 0:00",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
"""What cron calls some schedules, and how these are said here."""

_MINUTES_PAST = re.compile(r":(\d{2})")
_VOCABULARY = (
    *("every", "at", "on", "the", "and", "to", "of", "day", "days", "last", "noon", "midnight"),
    *("minute", "minutes", "hour", "hours", "hourly", "daily", "month", "monthly"),
    *("weekday", "weekdays", "weekend", "weekends"),
    *_DAYS,
    *(day + "s" for day in _DAYS),
)


def cron_of(when: str) -> str:
    """Return the five fields of cron that `when` means.

    What looks like cron already is returned as it is, and not checked here.

    Raises
    ------
    InvalidScheduleError
        If a word is not understood, or something is missing.
    """
    if not isinstance(when, str):
        raise InvalidScheduleError(when, "it is no text", suggestion=EXAMPLES[3])
    text = " ".join(when.split())
    if not text:
        raise InvalidScheduleError(when, "it is empty", suggestion=EXAMPLES[3])
    if _looks_like_cron(text):
        return text
    if advised := _advice_on_cron(text):
        raise InvalidScheduleError(when, advised[0], suggestion=advised[1])
    try:
        return _Words(when, _split(text)).cron()
    except _UnknownWordError as error:
        reason, suggestion = f"{error.word!r} is not understood", _corrected(text, error.word)
        if suggestion is None:
            reason += f"; it is said like {EXAMPLES[3]!r}, or in the five fields of cron"
        raise InvalidScheduleError(when, reason, suggestion=suggestion) from None


def _looks_like_cron(text: str) -> bool:
    parts = text.split()
    return (
        len(parts) == 5
        and all(_CRON_FIRST.fullmatch(part) for part in parts[:2])
        and all(_CRON_FIELD.fullmatch(part) for part in parts)
    )


def _advice_on_cron(text: str) -> tuple[str, str | None] | None:
    """Return what to say, and to suggest, of what is cron elsewhere and not here."""
    if text.startswith("@"):
        meant = _NICKNAMES.get(text.lower())
        if meant is None and text.lower() != "@reboot":
            return None
        return (
            f"{text!r} is not understood" if meant else "no machine's start is waited for"
        ), meant
    fields = text.split()
    alike = _CRON_FIRST.fullmatch(fields[0]) and all(map(_FIELD_ELSEWHERE.fullmatch, fields))
    if not alike or not 4 <= len(fields) <= 7 or not {"*", "?"} & {*text}:
        return None
    reason = f"it has {len(fields)} fields, and cron has five: minute, hour, day, month, weekday"
    if len(fields) == 5:  # but not as they are written here
        return None if "?" not in text else ("'?' is for '*' here", text.replace("?", "*"))
    if len(fields) == 4:
        return reason, None
    fields = [field.replace("?", "*") for field in fields]
    if len(fields) == 7 or _YEAR.fullmatch(fields[-1]):
        reason += "; there are none for years"
        fields.pop()
    if len(fields) == 6:
        reason += "; there are none for seconds"
        fields.pop(0)
    better = " ".join(fields)
    return reason, better if _looks_like_cron(better) else None


def _split(text: str) -> list[str]:
    # "6 pm" is one word, "monday, friday" are two, and "monday-friday" are three.
    text = re.sub(r"(\d)\s+([ap]m)\b", r"\1\2", text.lower())
    text = re.sub(r"(?<=[a-z])\s*[-–]\s*(?=[a-z])", " to ", text)  # noqa: RUF001 - people type it
    text = re.sub(r"\s*,\s*(and\b)?", " and ", text)
    return text.split()


def _corrected(text: str, word: str) -> str | None:
    """Return the text with what was forgotten or mistyped, if it is understood then."""
    close = (f"at {word}", *difflib.get_close_matches(word, _VOCABULARY, n=3))
    given, place = text.lower(), rf"(?<!\w){re.escape(word)}(?!\w)"
    # A backslash in what was given is one in what is suggested.
    corrected = (re.sub(place, other.replace("\\", r"\\"), given) for other in close)
    for better in (*corrected, f"daily {given}", f"daily at {given}"):
        try:
            _Words(better, _split(better)).cron()
        except (InvalidScheduleError, _UnknownWordError):
            continue
        return better
    return None


class _UnknownWordError(Exception):
    """A word that stands where it means nothing."""

    def __init__(self, word: str) -> None:
        self.word = word


@dataclass(slots=True)
class _Words:
    """What is left to read of a text."""

    when: str
    left: list[str]

    def cron(self) -> str:
        """Read all of it."""
        days = self._often() or self._days()
        if isinstance(days, str):
            cron = days
        else:
            minute, hours = self._clock(days[2])
            cron = f"{minute} {hours} {days[0]} * {days[1]}"
        if self.left:
            raise _UnknownWordError(self.left[0])
        return cron

    def _next(self, *words: str) -> str | None:
        """Read one of these words, if it comes next."""
        if self.left and self.left[0] in words:
            return self.left.pop(0)
        return None

    def _fail(self, reason: str, suggestion: str | None = None) -> InvalidScheduleError:
        return InvalidScheduleError(self.when, reason, suggestion=suggestion)

    # -- several times a day ---------------------------------------------------------------------

    def _often(self) -> str | None:
        if self._next("hourly"):
            return f"{self._past()} * * * *"
        if self.left[:1] != ["every"]:
            return None
        rest = self.left[1:]
        if rest[:1] in (["minute"], ["hour"]):
            del self.left[:2]
            return "* * * * *" if rest[0] == "minute" else f"{self._past()} * * * *"
        number = _NUMBER.fullmatch(rest[0]) if len(rest) > 1 and rest[1] in _UNITS else None
        if number:
            del self.left[:3]
            return self._each(int(number[1]), rest[1].rstrip("s") + "s")
        return None

    def _each(self, number: int, unit: str) -> str:
        whole = _UNITS[unit]
        if number == 0 or whole % number:
            fits = ", ".join(str(n) for n in range(1, whole) if whole % n == 0)
            span = "an hour" if whole == 60 else "a day"
            nearest = min(
                (n for n in range(1, whole) if whole % n == 0), key=lambda n: abs(n - number)
            )
            reason = f"{number} {unit} do not divide {span} evenly (these do: {fits})"
            raise self._fail(reason, f"every {nearest} {unit.rstrip('s')}{'s' * (nearest > 1)}")
        if whole == 60:
            return "* * * * *" if number == 1 else f"*/{number} * * * *"
        past = self._past()
        return f"{past} * * * *" if number == 1 else f"{past} */{number} * * *"

    def _past(self) -> int:
        """Read minutes past the hour: ``at :30``."""
        if not self._next("at"):
            return 0
        match = _MINUTES_PAST.fullmatch(self.left[0]) if self.left else None
        if match is None or int(match[1]) > 59:
            raise self._fail("after 'at' minutes past the hour are missing", "every hour at :30")
        self.left.pop(0)
        return int(match[1])

    # -- at a time of certain days ---------------------------------------------------------------

    def _days(self) -> tuple[str, str, str]:
        """Read the days: of the month, of the week, and an example of how to call them."""
        self._next("on", "every")
        if self._next("daily", "day"):
            return "*", "*", "daily"
        if self._next("weekdays", "weekday"):
            return "*", "1-5", "weekdays"
        if self._next("weekends", "weekend"):
            return "*", "0,6", "weekends"
        if self._next("monthly", "month"):
            self._next("on")
            return self._days_of_month()
        if self.left[:1] == ["the"]:
            return self._days_of_month()
        return self._days_of_week()

    def _days_of_week(self) -> tuple[str, str, str]:
        if not self.left:
            raise self._fail("the days are missing", "weekdays at 6:00")
        days = [self._day()]
        called = _DAYS[int(days[0])] + "s"
        while word := self._next("and", "to"):
            self._next("on", "every")
            if word == "and":
                days.append(self._day())
                continue
            first, last = int(days.pop()), int(self._day())
            days += [str(day % 7) for day in range(first, last + (7 if last < first else 0) + 1)]
        return "*", ",".join(dict.fromkeys(sorted(days))), called

    def _day(self) -> str:
        word = self.left[0] if self.left else ""
        for number, name in enumerate(_DAYS):
            if word in {name, name + "s", name[:3]}:
                self.left.pop(0)
                return str(number)
        if not word:
            raise self._fail("a day is missing at its end")
        raise _UnknownWordError(word)

    def _days_of_month(self) -> tuple[str, str, str]:
        self._next("the")
        if self._next("last"):
            self._next("day")
            self._of_the_month()
            return "L", "*", "monthly on the last day"
        days = [self._ordinal()]
        while self._next("and"):
            self._next("the")
            days.append(self._ordinal())
        self._next("day", "days")
        self._of_the_month()
        return ",".join(map(str, sorted(set(days)))), "*", "monthly on the 1st"

    def _of_the_month(self) -> None:
        if self._next("of"):
            self._next("the", "every")
            if not self._next("month"):
                raise _UnknownWordError(self.left[0] if self.left else "of")

    def _ordinal(self) -> int:
        match = _ORDINAL.fullmatch(self.left[0]) if self.left else None
        if match is None:
            reason = "it does not say on which day of the month"
            raise self._fail(reason, "monthly on the 1st at 7:00")
        word = self.left.pop(0)
        if not 1 <= int(match[1]) <= 31:
            raise self._fail(f"no month has a {word}")
        return int(match[1])

    # -- the time of day -------------------------------------------------------------------------

    def _clock(self, called: str) -> tuple[int, str]:
        """Read the times: their minute, and their hours."""
        if not self.left:
            raise self._fail("it does not say at what time", f"{called} at 6:00")
        if not self._next("at"):
            raise _UnknownWordError(self.left[0])
        times = [self._time(called)]
        while self._next("and"):
            self._next("at")
            times.append(self._time(called))
        if len({minute for _, minute in times}) > 1:
            reason = "its times are at different minutes past the hour: make a schedule for each"
            raise self._fail(reason)
        return times[0][1], ",".join(map(str, sorted({hour for hour, _ in times})))

    def _time(self, called: str) -> tuple[int, int]:
        if word := self._next("noon", "midnight"):
            return (12 if word == "noon" else 0), 0
        match = _CLOCK.fullmatch(self.left[0]) if self.left else None
        if match is None:
            raise self._fail("after 'at' the time is missing", f"{called} at 6:00")
        word = self.left.pop(0)
        hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
        if not half and match[2] is None:
            raise self._fail(f"{word!r} is no time", self._with_minutes(called, hour % 24))
        if minute > 59 or (hour > 23 if not half else not 1 <= hour <= 12):
            nearest = _meant(hour, minute, half)
            raise self._fail(f"there is no time {word!r}", nearest and f"{called} at {nearest}")
        return (hour % 12 + (12 if half == "pm" else 0) if half else hour), minute

    def _with_minutes(self, called: str, hour: int) -> str:
        """Return what was said with minutes at its hours, else an example for these days."""
        days, _, times = " ".join(_split(self.when)).partition(" at ")
        better = f"{days} at " + _BARE_HOUR.sub(r"\g<0>:00", times)
        try:
            _Words(better, _split(better)).cron()
        except (InvalidScheduleError, _UnknownWordError):
            return f"{called} at {hour}:00"
        return better


def _meant(hour: int, minute: int, half: str | None) -> str | None:
    """Return the time that somebody surely meant who said one that there is not."""
    if minute > 59:
        return None
    if half and (hour == 0 or 12 < hour < 24):
        return f"{12 if hour == 0 and half == 'pm' else hour}:{minute:02}"
    return f"0:{minute:02}" if hour == 24 else None


_UNITS = {"minute": 60, "minutes": 60, "hour": 24, "hours": 24}
