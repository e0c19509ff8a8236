"""``experiments``: what runs have logged, and how they compare."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.experiments import Best
from omegaml_lab.runtime.calls.plain import to_plain
from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.openapi import Operation, path_parameter, query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.core.experiments import Row

__all__ = ["ExperimentHandler", "ExperimentsHandler", "ValuesHandler"]

_NAME = path_parameter("name", "The name of the experiment; each part percent-encoded.")
_COUNT = {"type": "integer", "minimum": 0}
_BEST = tuple(best.value for best in Best)
_RUNS = 200
_VALUES = 10_000


class ExperimentsHandler(OmegaHandler):
    """Lists experiments."""

    auth_resource = "omega:experiments"
    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="List experiments, the one with the newest run first",
            answers={200: "ExperimentListing"},
        )
    }

    async def get(self) -> None:
        """Answer GET."""
        found = await self.call(self.omega.runtime.experiments.list)
        self.answer({"items": [one.to_dict() for one in found], "total": len(found)})


class ExperimentHandler(OmegaHandler):
    """Compares the runs of an experiment, and drops it."""

    auth_resource = "omega:experiments"
    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="Compare the runs of an experiment, the newest first",
            parameters=(
                _NAME,
                query("by", {"type": "string", "enum": list(_BEST)}, "Which value of a metric."),
                query("offset", _COUNT, "How many runs to leave out."),
                query("limit", _COUNT, f"How many to return at most; {_RUNS} by default."),
            ),
            answers={200: "Comparison"},
            problems=(400, 404),
        ),
        "delete": Operation(
            summary="Forget an experiment; runs of jobs, models and scripts stay",
            parameters=(_NAME,),
            answers={204: None},
            problems=(404, 409),
        ),
    }

    async def get(self, name: str) -> None:
        """Answer GET."""
        by = self.choice("by", _BEST, Best.LAST.value)
        offset, limit = self.count("offset", 0) or 0, self.count("limit", _RUNS) or 0
        experiments = self.omega.runtime.experiments
        found = await self.call(experiments.get, name)
        rows = await self.call(lambda: experiments.rows(name, by=by))
        items = [_described(row) for row in rows[offset : offset + limit]]
        self.answer({**found.to_dict(), "items": items, "total": len(rows)})

    async def delete(self, name: str) -> None:
        """Answer DELETE."""
        await self.call(self.omega.runtime.experiments.drop, name)
        self.set_status(204)
        self.finish()


class ValuesHandler(OmegaHandler):
    """Tells the values of an experiment."""

    auth_resource = "omega:experiments"
    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="List the values of an experiment, in the order in which they were logged",
            parameters=(
                _NAME,
                query("metric", {"type": "string"}, "Only those of this metric."),
                query("run", {"type": "string"}, "Only those of the run with this id."),
                query("offset", _COUNT, "How many to leave out."),
                query("limit", _COUNT, f"How many to return at most; {_VALUES} by default."),
            ),
            answers={200: "Values"},
            problems=(400, 404),
        )
    }

    async def get(self, name: str) -> None:
        """Answer GET."""
        metric, run = self.text("metric"), self.text("run")
        offset, limit = self.count("offset", 0) or 0, self.count("limit", _VALUES) or 0
        self.answer(
            await self.call(self._values, name, run, metric, slice(offset, offset + limit))
        )

    def _values(
        self, name: str, run: str | None, metric: str | None, part: slice
    ) -> dict[str, Any]:
        experiments = self.omega.runtime.experiments
        experiments.get(name)
        data = experiments.data(name, run=run, metric=metric)
        items = [
            {**value, "value": _number(value["value"]), "at": value["at"].isoformat()}
            for value in data.iloc[part].to_dict("records")
        ]
        return {"items": items, "total": len(data)}


def _described(row: Row) -> dict[str, Any]:
    return {
        **asdict(row),
        "started_at": row.started_at.isoformat() if row.started_at else None,
        "parameters": to_plain(row.parameters),
        "tags": to_plain(row.tags),
        "metrics": {name: _number(value) for name, value in row.metrics.items()},
    }


def _number(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
