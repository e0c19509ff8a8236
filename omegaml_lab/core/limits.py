"""Limits of a run: how long it may take, how much memory, and how often it is tried."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from omegaml_lab.core.errors import InvalidLimitError

__all__ = [
    "LONGEST_WAIT",
    "LOST_ATTEMPTS",
    "UNLIMITED",
    "Limits",
    "Usage",
    "duration_text",
    "parse_duration",
    "parse_memory",
    "size_text",
    "whole_number",
]

LOST_ATTEMPTS = 3
"""Attempts of a run that does not say how often it is tried: only its worker's end costs one."""
LONGEST_WAIT = 3600.0
"""Seconds that a retry waits at most."""
_FIRST_WAIT = 10.0
_MOST_RETRIES = 20  # each attempt is kept in the record of the run
_HIGHEST = 9  # as message brokers have it
_MOST_DIGITS = 18
_LEAST_MEMORY = 32_000_000
_LONGEST = 366 * 86_400.0

_QUANTITY = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)\s*", re.IGNORECASE | re.ASCII)
_SECONDS = {
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
}
_BYTES = {
    "": 1,
    "b": 1,
    **{f"{p}{b}": 1000**n for n, p in enumerate("kmgt", 1) for b in ("", "b")},
    **{f"{p}i{b}": 1024**n for n, p in enumerate("kmgt", 1) for b in ("", "b")},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run may take, and how often it is tried; None where it does not say.

    Parameters
    ----------
    retries
        How many more attempts a failed or lost one is followed by. Without it a failure is
        final, and an attempt whose worker died is followed by two more.
    retry_wait
        Seconds until the first retry, 10 unless it says so. Each further one waits twice as
        long, up to an hour.
    timeout
        Seconds that one attempt may take.
    cell_timeout
        Seconds that one cell may take.
    memory
        Bytes that the kernel, or the process of a call, and all that it started may have in
        memory.
    keep_kernel
        Seconds that the kernel of a run is kept in which a cell failed, for a resume; 0 ends
        it at once.
    priority
        0 to 9: of the runs that wait for a worker the one with the highest is taken first, and
        of those that have the same the one that waits longest.
    """

    retries: int | None = None
    retry_wait: float | None = None
    timeout: float | None = None
    cell_timeout: float | None = None
    memory: int | None = None
    keep_kernel: float | None = None
    priority: int | None = None

    @classmethod
    def of(
        cls, given: Limits | Mapping[str, Any] | None, *, without: Collection[str] = ()
    ) -> Limits:
        """Return what was given, checked: numbers, or text such as ``10 min`` and ``2 GB``.

        Who misspells one is not told of those in `without`.

        Raises
        ------
        InvalidLimitError
            If something of it is not understood.
        """
        if given is None:
            return cls()
        if not isinstance(given, Limits | Mapping):
            raise InvalidLimitError("limits", given, "it must be a mapping of limits")
        values = given.to_dict() if isinstance(given, Limits) else dict(given)
        names = [f.name for f in fields(cls)]
        known = [name for name in names if name not in without]
        for name in values:
            if name not in names:
                raise InvalidLimitError(str(name), values[name], "there is no such", known=known)
        read: dict[str, Any] = {n: _READ[n](n, v) for n, v in values.items() if v is not None}
        return cls(**read)

    @classmethod
    def of_call(cls, given: Limits | Mapping[str, Any] | None) -> Limits:
        """Return what was given for a call of a model or a script, as :meth:`of`.

        Raises
        ------
        InvalidLimitError
            If something of it is not understood, or is for notebooks only.
        """
        limits = cls.of(given, without=_OF_NOTEBOOKS)
        for name, reason in _OF_NOTEBOOKS.items():
            if (value := getattr(limits, name)) is not None:
                known = [f.name for f in fields(cls) if f.name not in _OF_NOTEBOOKS]
                raise InvalidLimitError(name, value, reason, known=known)
        return limits

    def over(self, others: Limits) -> Limits:
        """Return these limits, with those of `others` where these do not say."""
        mine: dict[str, Any] = {k: v for k, v in self.to_dict().items() if v is not None}
        return replace(others, **mine)

    @property
    def attempts(self) -> int:
        """How many attempts there are at most."""
        return LOST_ATTEMPTS if self.retries is None else self.retries + 1

    def wait(self, attempt: int, *, chance: float) -> float:
        """Return the seconds to wait after `attempt`.

        With `chance` between 0 and 1 they are spread around the doubled time, by a quarter to
        both sides, so that runs that failed together are not tried again together.
        """
        if self.retries is None:
            return 0.0
        first = _FIRST_WAIT if self.retry_wait is None else self.retry_wait
        doubled = first * 2.0 ** (attempt - 1)
        return min(doubled, LONGEST_WAIT) * (0.75 + chance / 2)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    def __str__(self) -> str:
        told = {
            "retries": self.retries,
            "retry wait": duration_text(self.retry_wait),
            "timeout": duration_text(self.timeout),
            "cell timeout": duration_text(self.cell_timeout),
            "memory": size_text(self.memory),
            "keep kernel": duration_text(self.keep_kernel),
            "priority": self.priority,
        }
        return ", ".join(f"{name} {value}" for name, value in told.items() if value is not None)


_OF_NOTEBOOKS = {
    "cell_timeout": "a call has no cells",
    "keep_kernel": "a call has no kernel",
    "priority": "calls do not wait in turn",
}
"""Limits that calls do not have, and why."""

UNLIMITED = Limits()
"""What a run has that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an attempt has used: CPU seconds, and at most so many bytes of memory at a time."""

    cpu_seconds: float = 0.0
    memory_peak: int = 0


def parse_duration(name: str, given: object, *, least: str = "more than zero") -> float:
    """Return seconds: of a number, or of text such as ``90``, ``1.5 h`` and ``10 min``.

    Who takes zero by another way says so in `least`, for the error to be right.

    Raises
    ------
    InvalidLimitError
        If it is none, or not more than zero, or more than a year.
    """
    seconds = _quantity(name, given, _SECONDS, "seconds, or a text such as '90 s' or '10 min'")
    if not 0 < seconds <= _LONGEST:
        raise InvalidLimitError(name, given, f"it must be {least}, and a year at most")
    return seconds


def parse_memory(name: str, given: object) -> int:
    """Return bytes: of a number, or of text such as ``500 MB`` and ``2 GiB``.

    Raises
    ------
    InvalidLimitError
        If it is none, or less than any kernel needs.
    """
    size = _quantity(name, given, _BYTES, "bytes, or a text such as '500 MB' or '2 GiB'")
    if not _LEAST_MEMORY <= size <= 2**62:
        least = size_text(_LEAST_MEMORY)
        raise InvalidLimitError(name, given, f"it must be {least} at least: no kernel has less")
    return int(size)


def duration_text(seconds: float | None) -> str | None:
    """Return a duration as people say it, such as ``90 s`` and ``10 min``."""
    if seconds is None:
        return None
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def size_text(size: float | None) -> str | None:
    """Return a number of bytes as people say it, such as ``1.5 GB``."""
    if size is None:
        return None
    for factor, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= factor:
            return f"{size / factor:.4g} {unit}"
    return f"{size:g} bytes"


def _quantity(name: str, given: object, units: Mapping[str, int], what: str) -> float:
    if isinstance(given, str):
        found = _QUANTITY.fullmatch(given)
        unit = units.get(found[2].lower()) if found else None
        if found is None or unit is None:
            raise InvalidLimitError(name, given, f"it must be {what}")
        return float(found[1]) * unit
    if isinstance(given, bool) or not isinstance(given, int | float) or not _finite(given):
        raise InvalidLimitError(name, given, f"it must be {what}")
    return float(given)


def _finite(given: float) -> bool:
    try:
        return math.isfinite(given)
    except OverflowError:  # a whole number that no float is as large as
        return False


def whole_number(given: object, *, least: int, most: int) -> int | None:
    """Return a whole number, of a number or of text, None when it is none within the bounds."""
    text = given.strip() if isinstance(given, str) else given
    if isinstance(text, str) and text.isdecimal() and len(text) <= _MOST_DIGITS:
        text = int(text)
    if isinstance(text, int) and not isinstance(text, bool) and least <= text <= most:
        return text
    return None


def _parse_retries(name: str, given: object) -> int:
    if (number := whole_number(given, least=0, most=_MOST_RETRIES)) is not None:
        return number
    raise InvalidLimitError(name, given, f"it must be a whole number from 0 to {_MOST_RETRIES}")


def _parse_priority(name: str, given: object) -> int:
    if (number := whole_number(given, least=0, most=_HIGHEST)) is not None:
        return number
    raise InvalidLimitError(name, given, f"it must be a whole number from 0 to {_HIGHEST}")


def _parse_keep(name: str, given: object) -> float:
    if not isinstance(given, bool) and given in (0, "0"):
        return 0.0
    return parse_duration(name, given, least="0 or more")


_READ: dict[str, Callable[[str, object], Any]] = {
    "retries": _parse_retries,
    "retry_wait": parse_duration,
    "timeout": parse_duration,
    "cell_timeout": parse_duration,
    "memory": parse_memory,
    "keep_kernel": _parse_keep,
    "priority": _parse_priority,
}
