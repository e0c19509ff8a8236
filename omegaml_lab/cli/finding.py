"""Runs, groups and schedules by what a person types: an id, or its first characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from omegaml_lab.cli.values import the_one
from omegaml_lab.core.errors import GroupNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.schedules import Schedule
    from omegaml_lab.omega import Omega
    from omegaml_lab.runtime.client.group_handle import GroupHandle

__all__ = ["find_group", "find_run", "find_schedule", "followed", "found_by_id"]

_LATEST = 1000


class _Known(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T")


def found_by_id(wanted: str, get: Callable[[str], T], known: Callable[[], Iterable[_Known]]) -> T:
    """Return what `get` finds under an id, or under the one of those `known` that begins so.

    Raises
    ------
    LookupError
        That of `get`, if there is none.
    click.UsageError
        If several begin so.
    """
    try:
        return get(wanted)
    except LookupError:
        found = the_one(wanted, {each.id: each for each in known()})
        if found is None:
            raise
        return get(found.id)


def find_run(om: Omega, wanted: str) -> Run:
    """Return a run, by its whole id or the beginning of that of one of the latest thousand."""
    runs = om.runtime.runs
    return found_by_id(wanted, runs.get, lambda: runs.list(limit=_LATEST).items)


def find_group(om: Omega, wanted: str) -> GroupHandle:
    """Return a group, by its whole id or the beginning of that of one of the latest thousand."""
    groups = om.runtime.groups
    return found_by_id(wanted, groups.get, lambda: groups.list(limit=_LATEST).items)


def find_schedule(om: Omega, wanted: str) -> Schedule:
    """Return a schedule, by its id or the beginning of that."""
    schedules = om.runtime.schedules
    return found_by_id(wanted, schedules.get, lambda: schedules.list(limit=None).items)


def followed(om: Omega, ids: Sequence[str]) -> list[Any]:
    """Return the runs and groups that are to be followed."""
    found: list[Any] = []
    for wanted in ids:
        try:
            found.append(find_group(om, wanted))
        except GroupNotFoundError:
            found.append(find_run(om, wanted))
    return found
