"""Comparing the runs of a group: one row each, in columns of plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from omegaml_lab.core.groups import Group
    from omegaml_lab.core.runs import Run

__all__ = ["columns_of", "rows_of", "table_of"]

_ABOUT = ("run", "job", "status", "seconds", "cells", "attempt", "error", "result")
"""What each row tells beside parameters and what the run recorded."""


def columns_of(group: Group, runs: Sequence[Run]) -> dict[str, list[str]]:
    """Return the columns of the table: those of ``parameters``, ``recorded`` and ``about``."""
    parameters = dict.fromkeys([*group.varied, *(name for run in runs for name in run.parameters)])
    recorded = dict.fromkeys(name for run in runs for name in run.recorded)
    return {
        "parameters": list(parameters),
        "recorded": list(recorded),
        "about": [name for name in _ABOUT if name != "job" or len(group.jobs) > 1],
    }


def rows_of(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return what the table tells of each run, as JSON values."""
    return [
        {
            "place": run.place,
            "parameters": run.parameters,
            "recorded": run.recorded,
            **_about(run),
        }
        for run in runs
    ]


def table_of(group: Group, runs: Sequence[Run]) -> pd.DataFrame:
    """Return the table as a data frame.

    A parameter or recorded value whose name another column has is told apart by a prefix:
    ``parameter status``, ``recorded x``.
    """
    import pandas as pd

    columns = columns_of(group, runs)
    about = columns["about"]
    values: dict[str, list[Any]] = {}
    for name in columns["parameters"]:
        key = f"parameter {name}" if name in about else name
        values[key] = [run.parameters.get(name) for run in runs]
    for name in about[: about.index("error")]:
        values[name] = [_about(run)[name] for run in runs]
    for name in columns["recorded"]:
        key = f"recorded {name}" if name in values or name in about else name
        values[key] = [run.recorded.get(name) for run in runs]
    for name in about[about.index("error") :]:
        values[name] = [_about(run)[name] for run in runs]
    values["queued_at"] = [run.queued_at for run in runs]
    values["started_at"] = [run.started_at for run in runs]
    values["ended_at"] = [run.ended_at for run in runs]
    return pd.DataFrame(values, index=pd.Index([run.place for run in runs], name="place"))


def _about(run: Run) -> dict[str, Any]:
    error = f"{run.error.name}: {run.error.message}" if run.error else None
    return {
        "run": run.id,
        "job": run.job,
        "status": run.status.value,
        "seconds": run.elapsed,
        "cells": f"{run.progress.done}/{run.progress.total}" if run.progress.total else "",
        "attempt": run.attempt,
        "error": error,
        "result": run.result,
    }
