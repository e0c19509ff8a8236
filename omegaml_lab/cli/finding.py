"""Runs and groups by what a person types: an id, or its first characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omegaml_lab.cli.values import the_one
from omegaml_lab.core.errors import GroupNotFoundError, RunNotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega
    from omegaml_lab.runtime.group_handle import GroupHandle

__all__ = ["find_group", "find_run", "followed"]


def find_run(om: Omega, wanted: str) -> Run:
    """Return the run with this id, or the one whose id begins so.

    Raises
    ------
    RunNotFoundError
        If there is none among the latest thousand.
    click.UsageError
        If several begin so.
    """
    try:
        return om.runtime.runs.get(wanted)
    except RunNotFoundError:
        latest = om.runtime.runs.list(limit=1000).items
        found = the_one(wanted, {run.id: run for run in latest})
        if found is None:
            raise
        return found


def find_group(om: Omega, wanted: str) -> GroupHandle:
    """Return the group with this id, or the one whose id begins so.

    Raises
    ------
    GroupNotFoundError
        If there is none among the latest thousand.
    click.UsageError
        If several begin so.
    """
    try:
        return om.runtime.groups.get(wanted)
    except GroupNotFoundError:
        latest = om.runtime.groups.list(limit=1000).items
        found = the_one(wanted, {group.id: group for group in latest})
        if found is None:
            raise
        return om.runtime.groups.get(found.id)


def followed(om: Omega, ids: Sequence[str]) -> list[Any]:
    """Return the runs and groups that are to be followed."""
    found: list[Any] = []
    for wanted in ids:
        try:
            found.append(find_group(om, wanted))
        except GroupNotFoundError:
            found.append(find_run(om, wanted))
    return found
