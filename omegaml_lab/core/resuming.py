"""Resuming: whose kernel is kept how long, and whether a notebook begins as that has run it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.cells import tags_of
from omegaml_lab.core.errors import ResumeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from omegaml_lab.core.runs import Run

__all__ = ["KEPT_SECONDS", "Difference", "code_of", "difference", "kept_seconds"]

KEPT_SECONDS = 600.0
"""How long the kernel is kept of a run that says nothing, and that somebody asked for itself."""
_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first code cell that is not as it was run; `cell` is its index among all cells."""

    cell: int
    gone: bool = False

    def refusal(self, run: str) -> ResumeError:
        """Return why a run cannot be resumed then, and what to do about it."""
        number = self.cell + 1
        reason = f"cell {number} is not as it was when it was run"
        if self.gone:
            reason = f"cell {number}, which has been run, is not in the notebook any more"
        advice = f"Make cell {number} as it was, or run the notebook again."
        return ResumeError(run, reason, cell=self.cell, advice=advice)


def kept_seconds(run: Run) -> float:
    """Return how long the kernel of a run is kept when a cell of its present attempt fails.

    One that is tried again needs none. Nobody sits before what a schedule or a group has
    started: their kernels are kept only where that is said.
    """
    if run.limits.retries is not None and run.attempt < run.max_attempts:
        return 0.0
    if run.limits.keep_kernel is not None:
        return run.limits.keep_kernel
    return KEPT_SECONDS if run.schedule is None and run.group is None else 0.0


def code_of(
    cells: Iterable[Mapping[str, Any]], *, without: str | None = None
) -> list[tuple[int, str]]:
    """Return index and digest of the code cells; those tagged `without` do not even count."""
    counted = [cell for cell in cells if without not in tags_of(cell)]
    return [
        (index, _digest(cell["source"]))
        for index, cell in enumerate(counted)
        if cell["cell_type"] == "code"
    ]


def _digest(source: str | list[str]) -> str:
    text = "".join(source)  # a file on the disk may hold it as lines
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def difference(
    executed: Sequence[Sequence[Any]], wanted: Sequence[Sequence[Any]]
) -> Difference | None:
    """Return where `wanted` does not begin with the code that was executed; None if it does.

    Both are as :func:`code_of` returns them. Text between the code may change.
    """
    for place, (index, digest) in enumerate(executed):
        if place >= len(wanted):
            return Difference(cell=index, gone=True)
        if wanted[place][1] != digest:
            return Difference(cell=wanted[place][0])
    return None
