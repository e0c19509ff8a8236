"""What is copied to MLflow is what was logged."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import ExperimentNotFoundError

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega

mlflow = pytest.importorskip("mlflow")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning:mlflow")


def test_runs_are_copied_once(
    omega: Omega, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # a database needs all of MLflow
    uri = (tmp_path / "mlruns").as_uri()
    with omega.runtime.experiment("x/y ü") as exp:
        with pytest.raises(ExperimentNotFoundError):
            omega.runtime.experiment("other").to_mlflow(uri)
        assert exp.to_mlflow(uri) == []  # it goes on
        exp.log_params({"alpha": 0.5, "long": "x" * 9000, "odd $ü": [1]})
        for step in range(1100):
            exp.log_metric("loss", step / 2, step=step)
        exp.log_metrics({"never": math.nan, "a+b": 3})
        exp.log_artifact([1], "list")
        exp.tag("good", "yes")
    (run_id,) = exp.to_mlflow(uri)
    assert exp.to_mlflow(uri) == []
    client = mlflow.MlflowClient(tracking_uri=uri)
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.info.start_time < run.info.end_time
    assert run.data.params["alpha"] == "0.5"
    assert run.data.params["odd _u0024_u00fc"] == "[1]"
    assert run.data.tags["good"] == "yes"
    assert run.data.tags["omega.artifact.list"].startswith("datasets/experiments/x/y ü/")
    assert run.data.metrics["a_u002bb"] == 3
    assert math.isnan(run.data.metrics["never"])
    history = client.get_metric_history(run_id, "loss")
    assert sorted((one.step, one.value) for one in history) == [(n, n / 2) for n in range(1100)]
