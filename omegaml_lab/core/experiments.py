"""Experiments: groups of runs, and what runs log to them."""

from __future__ import annotations

import json
import operator
import unicodedata
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from numbers import Real
from typing import Any

from omegaml_lab.core.errors import InvalidMetricError, InvalidNameError
from omegaml_lab.core.names import check_path

__all__ = [
    "Best",
    "Experiment",
    "Fact",
    "Kept",
    "Row",
    "check_experiment",
    "check_logged",
    "metric_value",
    "parameter_text",
    "step_number",
]

_LONGEST_NAME = 250
_LONGEST_PARAMETER = 20_000
_STEPS = 2**63


class Best(StrEnum):
    """Which of the values of a metric stands for a run."""

    LAST = "last"
    MIN = "min"
    MAX = "max"


class Kept(StrEnum):
    """What is kept of a run beside metrics."""

    PARAMETER = "parameter"
    TAG = "tag"
    ARTIFACT = "artifact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that is true of a whole run; of two with the same name the later one holds.

    `value` is JSON text, `at` seconds since 1970.
    """

    kind: Kept
    name: str
    value: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A group of runs; `going` is how many of them wait or go on. Times are aware, in UTC."""

    name: str
    bucket: str
    runs: int
    going: int
    created_at: datetime
    modified_at: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, times as ISO 8601."""
        return {
            **asdict(self),
            "created_at": self.created_at.isoformat(),
            "modified_at": self.modified_at.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A run as it is compared with others; `duration` is in seconds, None until it has ended.

    `logged` counts the values of each metric: what has several has a course.
    """

    run: str
    status: str
    kind: str
    job: str
    revision: int
    owner: str
    started_at: datetime | None
    duration: float | None
    parameters: dict[str, Any]
    metrics: dict[str, float]
    logged: dict[str, int]
    tags: dict[str, Any]
    artifacts: dict[str, str]


def check_experiment(name: object) -> str:
    """Return the name of an experiment when it is legal: by the rules for names of objects.

    Raises
    ------
    InvalidNameError
        If it is not.
    """
    path = check_path(name)  # type: ignore[arg-type] # it says what is wrong with the type
    if len(path) > _LONGEST_NAME:
        raise InvalidNameError(path, f"it is longer than {_LONGEST_NAME} characters")
    return path


def check_logged(name: object) -> str:
    """Return the name of a metric, parameter, tag or artifact when it is legal.

    Raises
    ------
    InvalidMetricError
        If it is not: any text of up to 250 characters is, without control characters.
    """
    if not isinstance(name, str):
        raise InvalidMetricError(repr(name), f"its name is no text but {type(name).__name__}")
    if not name or len(name) > _LONGEST_NAME or not _encodes(name) or not _visible(name):
        reason = f"a name is a text of 1 to {_LONGEST_NAME} characters, no control characters"
        raise InvalidMetricError(name[:_LONGEST_NAME], reason)
    return name


def metric_value(name: str, given: object) -> float:
    """Return the value of a metric: any real number, also of NumPy or of a tensor with one item.

    What is not finite is kept as it is.

    Raises
    ------
    InvalidMetricError
        If it is no number, or too large for one of 64 bits.
    """
    value = _scalar(given)
    if isinstance(value, Real | Decimal):
        try:
            return float(value)
        except OverflowError:
            raise InvalidMetricError(name, "it is too large for a float of 64 bits") from None
    shown = repr(given)[:100]
    raise InvalidMetricError(name, f"{shown} ({type(given).__name__}) is not a number")


def step_number(name: str, given: object) -> int:
    """Return a step: any whole number of 64 bits.

    Raises
    ------
    InvalidMetricError
        If it is none.
    """
    try:
        step = operator.index(_scalar(given))
    except TypeError:
        reason = f"its step {given!r} is not a whole number"
        raise InvalidMetricError(name, reason) from None
    if not -_STEPS <= step < _STEPS:
        raise InvalidMetricError(name, "its step is too large for 64 bits")
    return step


def parameter_text(name: str, given: object) -> str:
    """Return a parameter as JSON; what JSON has no words for becomes its text.

    Raises
    ------
    InvalidMetricError
        If that is longer than 20,000 characters, refers to itself, or cannot be encoded.
    """
    try:
        text = json.dumps(given, default=_plain, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidMetricError(name, f"it cannot be written as JSON ({error})") from error
    if len(text) > _LONGEST_PARAMETER:
        reason = f"it has {len(text):,} characters of JSON, {_LONGEST_PARAMETER:,} at most may be"
        raise InvalidMetricError(name, f"{reason}; `log_artifact` keeps what is large")
    return text if _encodes(text) else json.dumps(given, default=_plain)


def _scalar(given: object) -> Any:
    """Return what is inside of an array or tensor of one item."""
    item = getattr(given, "item", None)
    if isinstance(given, Real | str) or not callable(item):
        return given
    try:
        return item()
    except (TypeError, ValueError, RuntimeError):  # it holds more than one
        return given


def _plain(value: Any) -> Any:
    inner = _scalar(value)
    if inner is not value:
        return inner
    if hasattr(value, "tolist"):
        return value.tolist()
    return sorted(value, key=repr) if isinstance(value, set | frozenset) else str(value)


def _visible(name: str) -> bool:
    return not any(unicodedata.category(c) == "Cc" for c in name)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True
