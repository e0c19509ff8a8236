"""The experiments of a bucket: which there are, what is in them, and how their runs compare."""

from __future__ import annotations

import builtins
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import (
    ExperimentBusyError,
    ExperimentNotFoundError,
    InvalidMetricError,
)
from omegaml_lab.core.experiments import Best, Experiment, Kept, Row, check_experiment
from omegaml_lab.core.runs import FINAL, Run

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import numpy as np
    import pandas as pd

    from omegaml_lab.core.experiments import Fact
    from omegaml_lab.runtime.records.run_records import RunRecords
    from omegaml_lab.storage.records import Records
    from omegaml_lab.storage.values import Batch, Summary, ValueRecords

__all__ = ["Experiments"]

_FINAL = [status.value for status in FINAL]


class Experiments:
    """The experiments of a bucket. One exists as soon as a run is part of it."""

    def __init__(
        self, *, raw: Records, runs: RunRecords, values: ValueRecords, bucket: str
    ) -> None:
        self._raw = raw
        self._runs = runs
        self._values = values
        self._bucket = bucket

    def list(self) -> builtins.list[Experiment]:
        """Return all experiments, the one with the newest run first."""
        return self._found({"experiments": {"$gt": ""}})  # as an index finds them

    def get(self, name: str) -> Experiment:
        """Return one experiment.

        Raises
        ------
        ExperimentNotFoundError
            If there is none of this name.
        """
        check_experiment(name)
        for found in self._found({"experiments": {"$eq": name}}):
            if found.name == name:
                return found
        raise ExperimentNotFoundError(name)

    def drop(self, name: str) -> Experiment:
        """Forget an experiment: what was logged, and the local runs that were part of it alone.

        Other runs and the artifacts stay where they are.

        Raises
        ------
        ExperimentNotFoundError
            If there is none of this name.
        ExperimentBusyError
            If one of its runs waits or goes on.
        """
        experiment = self.get(name)
        if experiment.going:
            raise ExperimentBusyError(name, experiment.going)
        self._values.delete(self._bucket, name)
        for run in self.runs(name):  # last: while they are there, it can be dropped again
            self._runs.leave(run.id, name)
        return experiment

    def runs(self, name: str) -> builtins.list[Run]:
        """Return the runs of an experiment, the newest first."""
        where = {"bucket": self._bucket, "experiments": {"$eq": check_experiment(name)}}
        return self._runs.page(where, limit=None).items

    def rows(
        self,
        name: str,
        metrics: Sequence[str] | None = None,
        *,
        by: Best | str = Best.LAST,
    ) -> builtins.list[Row]:
        """Return its runs as they are compared, the newest first; see `compare`."""
        best = _best(by)
        runs = {run.id: run for run in self.runs(name)}
        figures: dict[str, dict[str, Summary]] = {run: {} for run in runs}
        logged: dict[str, Counter[str]] = {run: Counter() for run in runs}
        facts: dict[str, dict[tuple[Kept, str], Fact]] = {run: {} for run in runs}
        for run, attempt, summary, told in self._values.summaries(self._bucket, name):
            if run not in runs or attempt != runs[run].attempt:
                continue  # of an attempt that was followed by another
            for one in summary:
                if metrics is None or one.name in metrics:
                    known = figures[run].get(one.name)
                    figures[run][one.name] = _better(known, one, best)
                    logged[run][one.name] += one.count
            for fact in told:
                before = facts[run].get((fact.kind, fact.name))
                if before is None or before.at <= fact.at:
                    facts[run][fact.kind, fact.name] = fact
        return [
            _row(run, figures[run.id], logged[run.id], facts[run.id].values(), best=best)
            for run in runs.values()
        ]

    def compare(
        self,
        name: str,
        metrics: Sequence[str] | None = None,
        *,
        by: Best | str = Best.LAST,
    ) -> pd.DataFrame:
        """Return a frame with a row for each run, the newest first.

        Its columns are what the run was, ``parameters.…``, ``metrics.…``, ``tags.…`` and
        ``artifacts.…``; its index are the ids of the runs. `by` says which value of a metric
        stands for a run: ``last``, ``min`` or ``max``, of which NaN is neither.
        """
        import pandas as pd

        rows = self.rows(name, metrics, by=by)
        plain = [
            {
                "status": row.status,
                "kind": row.kind,
                "job": row.job,
                "revision": row.revision,
                "owner": row.owner,
                "started_at": row.started_at,
                "duration": row.duration,
                **{f"parameters.{key}": value for key, value in row.parameters.items()},
                **{f"metrics.{key}": value for key, value in row.metrics.items()},
                **{f"tags.{key}": value for key, value in row.tags.items()},
                **{f"artifacts.{key}": value for key, value in row.artifacts.items()},
            }
            for row in rows
        ]
        index = pd.Index([row.run for row in rows], name="run", dtype="object")
        frame = pd.DataFrame(plain, index=index)
        order = {"parameters": 1, "metrics": 2, "tags": 3, "artifacts": 4}
        return frame[sorted(frame, key=lambda c: order.get(str(c).partition(".")[0], 0))]

    def data(
        self, name: str, *, run: str | None = None, metric: str | None = None
    ) -> pd.DataFrame:
        """Return all values as a frame: run, metric, step, value, at (UTC), in their order."""
        import numpy as np
        import pandas as pd

        wanted = None if run is None else [run]
        batches = self._current(name, wanted, metric)
        names = [np.array(batch.names, dtype=object)[np.array(batch.which)] for batch in batches]
        sizes = [len(batch.values) for batch in batches]
        ids = np.array([batch.run for batch in batches], dtype=object)
        frame = pd.DataFrame(
            {
                "run": np.repeat(ids, sizes),
                "metric": np.concatenate(names) if names else np.array([], dtype=object),
                "step": _joined((batch.steps for batch in batches), np.int64),
                "value": _joined((batch.values for batch in batches), np.float64),
                "at": pd.to_datetime(
                    _joined((batch.times for batch in batches), np.float64), unit="s", utc=True
                ),
            }
        )
        return frame if metric is None else frame[frame["metric"] == metric].reset_index(drop=True)

    def _current(
        self, name: str, runs: Collection[str] | None, metric: str | None
    ) -> builtins.list[Batch]:
        """Return the batches of the present attempts of runs."""
        attempts = {run.id: run.attempt for run in self.runs(name)}
        found = self._values.read(self._bucket, name, runs=runs, metric=metric)
        return [batch for batch in found if attempts.get(batch.run) == batch.attempt]

    def _found(self, where: dict[str, Any]) -> builtins.list[Experiment]:
        going = {"$cond": [{"$in": ["$status", _FINAL]}, 0, 1]}
        groups = self._raw.groups(
            {"bucket": self._bucket, **where},
            {"names": "$experiments"},
            {
                "runs": {"$sum": 1},
                "going": {"$sum": going},
                "first": {"$min": "$queued_at"},
                "last": {"$max": {"$ifNull": ["$ended_at", "$queued_at"]}},
            },
        )
        found: dict[str, Experiment] = {}
        for group in groups:
            for name in group["names"]:
                before = found.get(name)
                found[name] = Experiment(
                    name=name,
                    bucket=self._bucket,
                    runs=group["runs"] + (before.runs if before else 0),
                    going=group["going"] + (before.going if before else 0),
                    created_at=min(
                        group["first"], before.created_at if before else group["first"]
                    ),
                    modified_at=max(
                        group["last"], before.modified_at if before else group["last"]
                    ),
                )
        return sorted(found.values(), key=lambda one: one.modified_at, reverse=True)


def _best(given: Best | str) -> Best:
    known = [best.value for best in Best]
    if given not in known:
        raise InvalidMetricError("by", f"{given!r} is none of {', '.join(known)}")
    return Best(given)


def _better(known: Summary | None, one: Summary, best: Best) -> Summary:
    if known is None:
        return one
    if best is Best.LAST:
        return one if one.at >= known.at else known
    new, old = _value(one, best), _value(known, best)
    if new is None or old is None:
        return known if new is None else one
    return one if (new < old if best is Best.MIN else new > old) else known


def _value(one: Summary, best: Best) -> float | None:
    return {Best.LAST: one.last, Best.MIN: one.least, Best.MAX: one.most}[best]


def _row(
    run: Run,
    figures: dict[str, Summary],
    logged: Mapping[str, int],
    facts: Iterable[Fact],
    *,
    best: Best,
) -> Row:
    told: dict[Kept, dict[str, Any]] = {kind: {} for kind in Kept}
    for fact in facts:
        told[fact.kind][fact.name] = json.loads(fact.value)
    values = {name: _value(one, best) for name, one in sorted(figures.items())}
    return Row(
        run=run.id,
        status=run.status.value,
        kind=run.kind,
        job=run.job,
        revision=run.revision,
        owner=run.owner,
        started_at=run.started_at,
        duration=run.elapsed,
        parameters={**run.parameters, **told[Kept.PARAMETER]},
        metrics={name: float("nan") if v is None else v for name, v in values.items()},
        logged={name: logged[name] for name in values},
        tags=told[Kept.TAG],
        artifacts={
            name: f"{where['store']}/{where['name']}@{where['revision']}"
            for name, where in told[Kept.ARTIFACT].items()
        },
    )


def _joined(parts: Iterable[Sequence[Any]], dtype: Any) -> np.ndarray[Any, Any]:
    import numpy as np

    arrays = [np.array(part, dtype=dtype) for part in parts]
    return np.concatenate(arrays) if arrays else np.array([], dtype=dtype)
