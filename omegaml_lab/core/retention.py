"""Retention: which of an object's earlier revisions are kept."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidRetentionError
from omegaml_lab.core.suggestions import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = [
    "CHECKPOINTS",
    "LASTING",
    "RETENTION",
    "Retention",
    "checkpoints",
    "lasting",
    "parse_duration",
    "passing",
]

CHECKPOINTS = "checkpoints"
"""The attribute that lists the revisions to which somebody wants to be able to return."""

RETENTION = "retention"
"""The attribute that says what is kept of one object, instead of the rule of its store."""

LASTING = (CHECKPOINTS, RETENTION)
"""The attributes that are said of all revisions, and not set back with one of them."""

_PERIODS: dict[str, Callable[[datetime], object]] = {
    "all": lambda moment: moment,
    "hourly": lambda moment: (moment.date(), moment.hour),
    "daily": lambda moment: moment.date(),
    "weekly": lambda moment: moment.isocalendar()[:2],
    "monthly": lambda moment: (moment.year, moment.month),
    "yearly": lambda moment: moment.year,
}
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([a-z]*)")
_LAST = re.compile(r"last\s+([1-9]\d{0,8})")


@dataclass(frozen=True, slots=True)
class _Term:
    """One revision of each `period` as far back as `span`, or the `last` few."""

    period: str
    span: timedelta | None
    last: int = 0

    def keeps(self, states: Sequence[tuple[int, datetime]], at: datetime) -> set[int]:
        if self.last:
            return {number for number, _ in states[: self.last]}
        first = None if self.span is None else at - self.span
        newest: dict[object, int] = {}
        for number, moment in states:
            if first is None or moment >= first:
                newest.setdefault((self._of(moment), number * (self.period == "all")), number)
        return set(newest.values())

    def _of(self, moment: datetime) -> object:
        return _PERIODS[self.period](moment.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Retention:
    """A rule like ``all 1h, hourly 1d, daily 30d, monthly`` or ``last 20``; `parse` makes one.

    Each term keeps some revisions, and what no term keeps is superfluous. ``hourly 1d`` keeps the
    newest of each hour (of UTC) for a day, ``monthly`` that of each month for ever, ``last 20``
    the newest twenty, and ``all`` everything.
    """

    text: str
    terms: tuple[_Term, ...]

    @classmethod
    def parse(cls, text: str) -> Retention:
        """Return the rule that `text` says.

        Raises
        ------
        InvalidRetentionError
            If it says none.
        """
        if not isinstance(text, str):
            raise InvalidRetentionError(text, "it must be a text")
        words = " ".join(text.lower().split())
        return cls(words, tuple(_term(part.strip(), text) for part in words.split(",")))

    def __str__(self) -> str:
        return self.text

    def superfluous(self, states: Iterable[tuple[int, datetime]], at: datetime) -> set[int]:
        """Return the revisions that were superfluous at some moment `at`.

        `states` are numbers of revisions and when they were put, in any order. Whatever is put
        after `at` counts as kept, and so does the newest that there was then: so who opened
        that has as long to read it as has passed since.
        """
        then = sorted((state for state in states if state[1] <= at), reverse=True)
        kept = {number for term in self.terms for number in term.keeps(then, at)}
        return {number for number, _ in then[1:]} - kept


def lasting(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return those attributes of an object that are said of all its revisions."""
    return {key: value for key, value in attributes.items() if key in LASTING}


def passing(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return those attributes of an object that are said of one revision."""
    return {key: value for key, value in attributes.items() if key not in LASTING}


def checkpoints(attributes: Mapping[str, Any]) -> list[int]:
    """Return the revisions that the attributes of an object list as checkpoints."""
    numbers = attributes.get(CHECKPOINTS)
    return [n for n in numbers if isinstance(n, int)] if isinstance(numbers, list) else []


def parse_duration(text: str) -> timedelta:
    """Return what ``90s``, ``15min``, ``12h``, ``30d``, ``2w``, ``1y`` or ``0`` means.

    Raises
    ------
    InvalidRetentionError
        If it is none of these.
    """
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None or (found[2] not in _UNITS and not (found[2] == "" and not float(found[1]))):
        reason = f"write a number and one of {', '.join(_UNITS)}, as 30d"
        raise InvalidRetentionError(text, reason, what="length of time")
    seconds = float(found[1]) * _UNITS.get(found[2], 0)
    return timedelta(seconds=min(seconds, math.floor(timedelta(days=36500).total_seconds())))


def _term(part: str, text: str) -> _Term:
    if found := _LAST.fullmatch(part):
        return _Term("", None, last=int(found[1]))
    period, _, span = part.partition(" ")
    if period not in _PERIODS:
        known = [*_PERIODS, "last 20"]
        reason = f"{part!r} is none of {', '.join(known)}.{suggestion(period, known)}"
        raise InvalidRetentionError(text, reason.rstrip("."))
    return _Term(period, parse_duration(span) if span else None)
