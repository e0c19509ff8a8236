"""Requirements: what a script needs to be installed, as pip reads it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from omegaml_lab.core.errors import InvalidScriptError, MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.metadata import Distribution

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


def _met(requirement: Requirement, seen: frozenset[str] = frozenset()) -> bool:
    """Say whether a requirement is met, and so is what its extras add to it."""
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return True
    try:
        installed = distribution(requirement.name)
    except PackageNotFoundError:
        return False
    if not requirement.specifier.contains(installed.version, prereleases=True):
        return False
    added = {text for text in _added(installed, requirement.extras) if text not in seen}
    return all(_met(_bare(text), seen | added) for text in added)


def _added(installed: Distribution, extras: Iterable[str]) -> Iterator[str]:
    """Yield the requirements of a package that hold for its `extras` alone."""
    for text in installed.requires or ():
        marker = Requirement(text).marker
        if marker is None or marker.evaluate({"extra": ""}):
            continue
        if any(marker.evaluate({"extra": extra}) for extra in extras):
            yield text


def _bare(text: str) -> Requirement:
    requirement = Requirement(text)
    requirement.marker = None
    return requirement
