"""Groups: runs that were asked for together - a grid of parameters, several jobs, or a chain."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import IntegrityError, InvalidGroupError

if TYPE_CHECKING:
    from omegaml_lab.core.limits import Limits

__all__ = [
    "GROUP_OPTIONS",
    "MOST_AFTER",
    "MOST_RUNS",
    "Group",
    "OnFailure",
    "Step",
    "combinations",
    "varied",
]

MOST_RUNS = 10_000
"""Runs that a group may have."""
MOST_AFTER = 1_000
"""Runs that one run may follow: each of their ends is a write to it."""

GROUP_OPTIONS = frozenset(
    {"title", "at_once", "after", "on_failure", "label", "limits", "tags", "token", "experiment"}
)
"""What may be said of a group beside what it runs."""


class OnFailure(StrEnum):
    """What becomes of a run when one that it follows does not succeed."""

    STOP = "stop"
    """It is cancelled, and says why."""

    CONTINUE = "continue"
    """It starts all the same, when those that it follows have ended."""

    @classmethod
    def of(cls, given: str) -> OnFailure:
        """Return what was given, checked.

        Raises
        ------
        InvalidGroupError
            If there is no such.
        """
        try:
            return cls(given)
        except ValueError as error:
            reason = f"on_failure={given!r} is neither 'stop' nor 'continue'"
            raise InvalidGroupError(reason) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A run that is not asked for yet; its `parameters` were checked.

    `label` and `limits` are its own, None where those of the whole hold.
    """

    job: str
    revision: int
    parameters: dict[str, Any] = field(default_factory=dict)
    label: str | None = None
    limits: Limits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Runs that were asked for together. Times are aware and in UTC.

    `count` is how many there are, `jobs` what they run, in their order, and `varied` the
    parameters in which they differ; `at_once` is how many of them may go at a time, None for
    any number; `rounds` is how often those that failed were run again. `objects` are the ids of
    the notebooks that its `jobs` were called when it was asked for; an older one has none.
    """

    id: str
    title: str
    jobs: tuple[str, ...]
    count: int
    created_at: datetime
    bucket: str = "default"
    owner: str = ""
    varied: tuple[str, ...] = ()
    at_once: int | None = None
    tags: tuple[str, ...] = ()
    rounds: int = 0
    objects: tuple[str, ...] = ()
    cancel_requested: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, times as ISO 8601."""
        plain = asdict(self)
        plain["created_at"] = self.created_at.isoformat()
        for name in ("jobs", "varied", "tags"):
            plain[name] = list(plain[name])
        del plain["objects"]  # outside, things have names
        return plain

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Group:
        """Build a group from its stored record; keys this version does not know are ignored.

        Raises
        ------
        IntegrityError
            If it is no group that this version understands.
        """
        names = {f.name for f in fields(cls)}
        try:
            values = {key: value for key, value in record.items() if key in names}
            for name in ("jobs", "varied", "tags", "objects"):
                values[name] = tuple(values.get(name) or ())
            return cls(**values)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityError(f"group {record.get('id')}", str(error)) from error


def combinations(grid: Mapping[str, Iterable[Any]]) -> list[dict[str, Any]]:
    """Return each combination of the values of a grid; those of the last name change first.

    Raises
    ------
    InvalidGroupError
        If a name has no list of values, an empty one, or there are too many combinations.
    """
    values: dict[str, list[Any]] = {}
    size = 1
    for name, given in grid.items():
        if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
            reason = f"{name}={given!r} is no list of values"
            raise InvalidGroupError(f"{reason}: {name}=[{given!r}] has one")
        # One more than may be, so that an endless iterable is an error as well.
        values[name] = list(itertools.islice(given, MOST_RUNS + 1))
        if not values[name]:
            raise InvalidGroupError(f"{name} has no values, so that there is nothing to run")
        size *= len(values[name])
        if size > MOST_RUNS:
            reason = f"the grid has more than {MOST_RUNS:,} combinations"
            raise InvalidGroupError(f"{reason}, and a group has no more runs than that")
    return [
        dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())
    ]


def varied(parameters: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the names whose values are not the same in all of these, in their order."""
    given = list(parameters)
    names = dict.fromkeys(name for each in given for name in each)
    return tuple(
        name
        for name in names
        if any(name not in each or each[name] != given[0].get(name) for each in given)
    )
