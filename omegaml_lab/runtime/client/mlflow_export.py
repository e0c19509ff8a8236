"""Experiments as MLflow keeps them: runs are copied to a tracking server, each once."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from omegaml_lab.core.errors import MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from omegaml_lab.core.experiments import Row
    from omegaml_lab.runtime.client.experiments import Experiments

__all__ = ["to_mlflow"]

T = TypeVar("T")

# What a request of MLflow's API may hold at most.
_METRICS, _PARAMETERS, _TAGS, _LONGEST = 1000, 100, 100, 5000
_MARK = "omega.run"
_STATUS = {"succeeded": "FINISHED", "failed": "FAILED", "lost": "FAILED", "cancelled": "KILLED"}
_ILLEGAL = re.compile(r"[^\w\-. :/]", re.ASCII)


def to_mlflow(experiments: Experiments, name: str, tracking_uri: str) -> list[str]:
    """Copy the runs of an experiment that have ended to MLflow; return their ids there.

    A run that is there already is left alone, one that was copied in part is copied anew.

    Raises
    ------
    ExperimentNotFoundError
        If there is no such experiment.
    MissingDependencyError
        If MLflow is not installed.
    """
    try:
        from mlflow import MlflowClient
    except ImportError as error:
        remedy = "`pip install omegaml-lab[mlflow]` brings it."
        raise MissingDependencyError("MLflow", remedy) from error
    experiments.get(name)
    client = MlflowClient(tracking_uri=tracking_uri)
    known = client.get_experiment_by_name(name)
    there = known.experiment_id if known else client.create_experiment(name)
    return [
        _copy(client, there, row, experiments.data(name, run=row.run))
        for row in reversed(experiments.rows(name))
        if row.status in _STATUS and not _is_there(client, there, row)
    ]


def _is_there(client: Any, experiment: str, row: Row) -> bool:
    for found in client.search_runs([experiment], f"tags.`{_MARK}` = '{row.run}'"):
        if found.info.status != "RUNNING":
            return True
        client.delete_run(found.info.run_id)
    return False


def _copy(client: Any, experiment: str, row: Row, data: pd.DataFrame) -> str:
    from mlflow.entities import Metric, Param, RunTag

    start = int(row.started_at.timestamp() * 1000) if row.started_at else None
    run: str = client.create_run(experiment, start_time=start, tags={_MARK: row.run}).info.run_id
    about = {"omega.job": row.job, "omega.kind": row.kind, "omega.revision": row.revision}
    artifacts = {f"omega.artifact.{name}": where for name, where in row.artifacts.items()}
    tags = {**about, "mlflow.user": row.owner, **artifacts, **row.tags}
    for part in _parts(tags.items(), _TAGS):
        client.log_batch(run, tags=[RunTag(_key(key), _text(value)) for key, value in part])
    for part in _parts(row.parameters.items(), _PARAMETERS):
        client.log_batch(run, params=[Param(_key(key), _text(value)) for key, value in part])
    values = zip(data["metric"], data["value"], data["at"], data["step"], strict=True)
    for rows in _parts(values, _METRICS):
        metrics = [Metric(_key(m), v, int(at.timestamp() * 1000), s) for m, v, at, s in rows]
        client.log_batch(run, metrics=metrics)
    end = None if start is None or row.duration is None else start + int(row.duration * 1000)
    client.set_terminated(run, _STATUS[row.status], end)
    return run


def _parts(items: Iterable[T], size: int) -> Iterator[list[T]]:
    left = iter(items)
    while part := list(islice(left, size)):
        yield part


def _key(name: str) -> str:
    """Return a name that MLflow takes: what it does not is written as its code point."""
    return _ILLEGAL.sub(lambda found: f"_u{ord(found[0]):04x}", name)


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
