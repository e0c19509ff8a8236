"""Requirements: what a script needs to be installed, as pip reads it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from omegaml_lab.core.errors import InvalidScriptError, MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["check", "missing", "parsed"]


def parsed(name: str, requires: Iterable[str] | str) -> tuple[str, ...]:
    """Return the requirements of the script `name`, spelt evenly and sorted.

    Raises
    ------
    InvalidScriptError
        If one is not of the form ``package>=1.2``.
    """
    given = [requires] if isinstance(requires, str) else list(requires)
    try:
        return tuple(sorted({str(Requirement(text)) for text in given}))
    except (InvalidRequirement, TypeError) as error:
        reason = f"{requires!r} are no requirements ({str(error).splitlines()[0]})"
        raise InvalidScriptError(name, f"{reason}; write them as pip takes them") from error


def missing(requires: Iterable[str]) -> list[str]:
    """Return which of the requirements are not met by what is installed."""
    return [text for text in requires if not _met(Requirement(text))]


def check(name: str, requires: Iterable[str]) -> None:
    """Return if all requirements of the script `name` are met.

    Raises
    ------
    MissingDependencyError
        If not.
    """
    if lacking := missing(requires):
        listed = " ".join(f'"{text}"' for text in lacking)
        what = f"What the script {name!r} requires ({', '.join(lacking)})"
        raise MissingDependencyError(what, f"`pip install {listed}` gets it.")


def _met(requirement: Requirement) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return True
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return False
    return requirement.specifier.contains(installed, prereleases=True)
