"""Errors about requirements of notebooks, and the environments that they are installed into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.errors.base import OmegaError
from omegaml_lab.core.suggestions import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "InstallationError",
    "InvalidRequirementError",
    "KernelNotOfferedError",
    "RequirementsRefusedError",
    "WorkerNotFoundError",
]


class InvalidRequirementError(OmegaError, ValueError):
    """What a notebook requires is not written as a requirement."""

    def __init__(self, requirement: object, reason: str) -> None:
        self.requirement = requirement
        self.reason = reason
        super().__init__(
            f"The notebook requires {requirement!r}, which cannot be installed: {reason}."
        )


class RequirementsRefusedError(OmegaError, RuntimeError):
    """A worker does not install what a notebook requires and the worker does not have."""

    def __init__(self, requires: Iterable[str], reason: str, remedy: str) -> None:
        self.requires = tuple(requires)
        self.reason = reason
        self.remedy = remedy
        listed = ", ".join(self.requires)
        super().__init__(
            f"The notebook requires {listed}, which the worker does not install: {reason}."
            f" {remedy}"
        )


class InstallationError(OmegaError, RuntimeError):
    """What a notebook requires could not be installed; `said` is the end of what was printed.

    The first line of its text names the `package`, where that is known, and `why`.
    """

    def __init__(
        self,
        requires: Iterable[str],
        reason: str,
        said: str = "",
        *,
        package: str = "",
        why: str = "",
    ) -> None:
        self.requires = tuple(requires)
        self.reason = reason
        self.said = said
        self.package = package or ", ".join(self.requires)
        first = f"{self.package} could not be installed: {(why or reason).rstrip('.')}."
        listed = ", ".join(self.requires)
        second = f"\nThe notebook requires {listed}: {reason}." if why else ""
        words = f"\nIts last words:\n{said}" if said else ""
        super().__init__(f"{first}{second}{words}")


class KernelNotOfferedError(OmegaError, LookupError):
    """A notebook needs a kernel that no worker with the label of its run has."""

    def __init__(self, kernel: str, label: str, known: Iterable[str]) -> None:
        self.kernel = kernel
        self.label = label
        self.known = tuple(sorted(known))
        offered = ", ".join(repr(name) for name in self.known) or "none"
        super().__init__(
            f"The notebook needs the kernel {kernel!r}, which no worker with the label {label!r}"
            f" has.{suggestion(kernel, self.known)} They have: {offered}. Choose another kernel in"
            " the notebook and save it, or another label; `omega workers list` shows what each"
            " worker has."
        )


class WorkerNotFoundError(OmegaError, LookupError):
    """No worker that is alive has this id."""

    def __init__(self, worker: str, *, known: Iterable[str] = ()) -> None:
        self.worker = worker
        self.known = tuple(known)
        super().__init__(
            f"No worker {worker!r} is alive.{suggestion(worker, self.known)}"
            " `omega workers list` shows those that are."
        )
