"""Comparing the runs of a group: one row each, in columns of plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from omegaml_lab.core.groups import Group
    from omegaml_lab.core.runs import Run

__all__ = ["Comparison"]

_ABOUT = ("run", "job", "status", "seconds", "cells", "attempt", "error", "result")
"""What each row tells beside parameters and what the run recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A table of runs of a group, in which `jobs` are what their jobs are called now."""

    group: Group
    runs: Sequence[Run]
    jobs: Sequence[str]

    @property
    def columns(self) -> dict[str, list[str]]:
        """The columns of the table: those of ``parameters``, ``recorded`` and ``about``."""
        taken = (name for run in self.runs for name in run.parameters)
        recorded = dict.fromkeys(name for run in self.runs for name in run.recorded)
        return {
            "parameters": list(dict.fromkeys([*self.group.varied, *taken])),
            "recorded": list(recorded),
            "about": [name for name in _ABOUT if name != "job" or len(self.group.jobs) > 1],
        }

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What the table tells of each run, as JSON values."""
        return [
            {
                "place": run.place,
                "parameters": run.parameters,
                "recorded": run.recorded,
                **_about(run, job),
            }
            for run, job in zip(self.runs, self.jobs, strict=True)
        ]

    def frame(self) -> pd.DataFrame:
        """Return the table as a data frame.

        A parameter or recorded value whose name another column has is told apart by a prefix:
        ``parameter status``, ``recorded x``.
        """
        import pandas as pd

        runs, columns, rows = self.runs, self.columns, self.rows
        about = columns["about"]
        values: dict[str, list[Any]] = {}
        for name in columns["parameters"]:
            key = f"parameter {name}" if name in about else name
            values[key] = [run.parameters.get(name) for run in runs]
        for name in about[: about.index("error")]:
            values[name] = [row[name] for row in rows]
        for name in columns["recorded"]:
            key = f"recorded {name}" if name in values or name in about else name
            values[key] = [run.recorded.get(name) for run in runs]
        for name in about[about.index("error") :]:
            values[name] = [row[name] for row in rows]
        for name in ("queued_at", "started_at", "ended_at"):
            values[name] = [getattr(run, name) for run in runs]
        return pd.DataFrame(values, index=pd.Index([run.place for run in runs], name="place"))


def _about(run: Run, job: str) -> dict[str, Any]:
    error = f"{run.error.name}: {run.error.message}" if run.error else None
    return {
        "run": run.id,
        "job": job,
        "status": run.status.value,
        "seconds": run.elapsed,
        "cells": f"{run.progress.done}/{run.progress.total}" if run.progress.total else "",
        "attempt": run.attempt,
        "error": error,
        "result": run.result,
    }
