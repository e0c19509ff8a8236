"""Experiments: what is logged is kept, whatever happens to who logs, and is compared."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from omegaml_lab.core.errors import (
    ExperimentBusyError,
    ExperimentNotFoundError,
    InvalidCallError,
    InvalidMetricError,
    InvalidNameError,
    LocalRunError,
    NotTrackingError,
    RunFailedError,
)
from omegaml_lab.core.experiments import Kept
from omegaml_lab.core.runs import Status
from omegaml_lab.omega import Omega
from omegaml_lab.runtime.client.tracking import note_call
from omegaml_lab.runtime.client.value_writer import ValueWriter
from omegaml_lab.services.connection import environment_of

if TYPE_CHECKING:
    from omegaml_lab.config import Config
    from omegaml_lab.runtime.client.tracking import ExperimentHandle
    from omegaml_lab.storage.values import Batch

ODD = "a folder/ü%+ [1]{$x}.@y"


def test_a_block_is_a_run(omega: Omega) -> None:
    with omega.runtime.experiment(ODD) as exp:
        assert exp.runs[0].status is Status.RUNNING
        exp.log_params({"alpha": np.float32(0.5), "big": 10**30, "of": {2, 1}, ODD: None})
        exp.log_metric(ODD, 3)
        exp.log_metrics({ODD: np.int64(1), "b": True})
        exp.log_metric(ODD, Decimal(2), step=np.int8(7))
        exp.tag("good")
        omega.datasets.put([1], "made")
    run = exp.runs[0]
    assert (run.status, run.kind, run.owner, run.job) == ("succeeded", "local", "tester", ODD)
    assert omega.datasets.metadata("made").run == run.id
    data = exp.data(metric=ODD)
    assert data["step"].tolist() == [0, 1, 7]
    assert data["value"].tolist() == [3.0, 1.0, 2.0]
    assert data["at"].is_monotonic_increasing
    assert len(exp.data()) == 4
    row = exp.compare().loc[run.id]
    assert row["parameters.alpha"] == 0.5
    assert row["parameters.big"] == 10**30
    assert row["parameters.of"] == [1, 2]
    assert row[f"parameters.{ODD}"] is None
    assert row[f"metrics.{ODD}"] == 2
    assert row["metrics.b"] == 1
    assert row["tags.good"]
    assert [exp.compare(by=by).loc[run.id, f"metrics.{ODD}"] for by in ("min", "max")] == [1, 3]
    assert "metrics.b" not in exp.compare([ODD])
    with pytest.raises(InvalidMetricError, match="'mean' is none of last, min, max"):
        exp.compare(by="mean")


def test_local_runs_are_told_from_others(omega: Omega) -> None:
    name = "train.ipynb"
    omega.jobs.put({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}, name)
    job = omega.runtime.job(name).run()
    with omega.runtime.experiment(name) as exp:
        exp.log_metric("m", 1)
    local, runs = exp.runs[0], omega.runtime.runs
    assert {run.id for run in runs.list().items} == {job.id, local.id}
    assert [run.id for run in runs.list(local=True).items] == [local.id]
    assert [run.id for run in runs.list(name, local=True).items] == [local.id]
    assert [run.id for run in runs.list(local=False).items] == [job.id]
    with pytest.raises(LocalRunError, match="Run that code again"):
        runs.rerun(local.id)
    (row,) = (row for row in omega.runtime.experiments.rows(name) if row.run == local.id)
    assert row.logged == {"m": 1}


def test_what_is_not_finite(omega: Omega) -> None:
    with omega.runtime.experiment("x") as exp:
        for value in (float("nan"), float("inf"), 1, float("-inf"), float("nan")):
            exp.log_metric("m", value)
        exp.log_metric("never", float("nan"))
    np.testing.assert_array_equal(
        exp.data(metric="m")["value"], [np.nan, np.inf, 1, -np.inf, np.nan]
    )
    assert np.isnan(exp.compare()["metrics.m"].iloc[0])
    assert exp.compare(by="max")["metrics.m"].iloc[0] == np.inf
    assert exp.compare(by="min")["metrics.m"].iloc[0] == -np.inf
    assert np.isnan(exp.compare(by="min")["metrics.never"].iloc[0])


@pytest.mark.parametrize("value", ["1", None, [1], np.ones(2), 1j, 10**400])
def test_what_is_no_metric(omega: Omega, value: object) -> None:
    with omega.runtime.experiment("x") as exp:
        with pytest.raises(InvalidMetricError):
            exp.log_metrics({"good": 1, "bad": value})
        with pytest.raises(InvalidMetricError):
            exp.log_metric("m", 1, step=1.5)  # type: ignore[arg-type]
        with pytest.raises(InvalidMetricError):
            exp.log_param("p", "x" * 30_000)
        for name in ("", "a\nb", "\ud800", "x" * 251, 7):
            with pytest.raises(InvalidMetricError):
                exp.log_metric(name, 1)  # type: ignore[arg-type]
    assert exp.data().empty
    with pytest.raises(InvalidNameError):
        omega.runtime.experiment("a//b")


def test_how_a_block_ends(omega: Omega) -> None:
    exp = omega.runtime.experiment("x")
    with pytest.raises(NotTrackingError):
        exp.log_metric("m", 1)
    for error, status in (
        (ValueError("wrong"), "failed"),
        (KeyboardInterrupt(), "cancelled"),
        (SystemExit(0), "succeeded"),
        (SystemExit(1), "failed"),
    ):
        with pytest.raises(type(error)):
            _logging_until(exp, error)
        assert exp.runs[0].status == status
    failed = exp.runs[3].error
    assert failed is not None
    assert failed.message == "wrong"
    assert len(exp.data()) == len(exp.compare()) == 4


def _logging_until(exp: ExperimentHandle, error: BaseException) -> None:
    with exp:
        exp.log_metric("m", 1)
        raise error


def _logging_when_cancelled(omega: Omega, exp: ExperimentHandle) -> None:
    with exp:
        omega.runtime.runs.cancel(exp.run.id)
        exp._beat()
        exp.log_metric("m", 1)


def test_blocks_in_blocks_are_one_run(omega: Omega) -> None:
    with omega.runtime.experiment("outer") as outer:
        outer.log_metric("m", 1)
        with outer, omega.runtime.experiment("inner") as inner:
            inner.log_metric("m", 2)
        outer.log_metric("m", 3)
    assert outer.runs == inner.runs
    assert outer.runs[0].experiments == ("outer", "inner")
    assert outer.data()["value"].tolist() == [1, 3]
    assert inner.data()["value"].tolist() == [2]


def test_artifacts_are_objects_of_the_run(omega: Omega) -> None:
    frame = pd.DataFrame({"a": [1, 2]})
    line = LinearRegression().fit(frame, [1, 2])
    for number in (1, 2):
        with omega.runtime.experiment(ODD) as exp:
            exp.log_artifact(frame * number, "table")
            kept = exp.log_artifact(line, "model")
    assert (kept.store, kept.kind, kept.run) == ("models", "sklearn.skops", exp.runs[0].id)
    assert isinstance(exp.artifact("model"), LinearRegression)
    pd.testing.assert_frame_equal(exp.artifact("table"), frame * 2)
    pd.testing.assert_frame_equal(exp.artifact("table", run=exp.runs[1].id), frame)
    with pytest.raises(ExperimentNotFoundError, match="artifact 'nothing'"):
        exp.artifact("nothing")


def test_models_that_are_called_here(omega: Omega) -> None:
    omega.models.put(LinearRegression(), "line")
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    with omega.runtime.experiment("x") as exp:
        model = omega.runtime.model("line").local
        model.fit(frame, [1.0, 2.0])
        model.score(frame, [1.0, 2.0])
    row = exp.compare().iloc[0]
    assert row["parameters.fit_intercept"]
    assert row["metrics.score"] == 1


def test_many_writers_at_once(omega: Omega) -> None:
    with omega.runtime.experiment("x") as exp:

        def log(name: str) -> None:
            for number in range(25_000):
                exp.log_metric(name, number)

        threads = [threading.Thread(target=log, args=(f"m{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    data = exp.data()
    assert len(data) == 100_000
    for _, one in data.groupby("metric"):
        assert one["value"].tolist() == one["step"].tolist() == list(range(25_000))
    assert exp.compare(by="max")["metrics.m3"].iloc[0] == 24_999


def test_a_batch_whose_answer_is_lost_is_kept_once(omega: Omega) -> None:
    with omega.runtime.experiment("x") as exp:
        kept = omega.storage.values

        class Forgetful:
            failures = 2

            def add(self, batch: Batch) -> None:
                kept.add(batch)
                if self.failures:
                    self.failures -= 1
                    raise ConnectionResetError

        writer = ValueWriter(Forgetful(), exp.run, "x")  # type: ignore[arg-type]
        writer.close()  # no thread
        writer.metric("m", 1, None)
        writer.fact(Kept.TAG, "t", "1")
        for _ in range(2):
            with pytest.raises(ConnectionResetError):
                writer.flush()
        writer.metric("m", 2, None)
        writer.flush()
    assert exp.data()["value"].tolist() == [1, 2]


KILLED = """
import sys, time
import omegaml_lab as om
exp = om.runtime.experiment("killed").__enter__()
for number in range(10_000):
    exp.log_metric("m", number)
exp.flush()
print("flushed", flush=True)
time.sleep(60)
"""


def test_what_was_flushed_survives_a_kill(omega: Omega, config: Config) -> None:
    others = {key: value for key, value in os.environ.items() if not key.startswith("OMEGA_")}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED],
        env={**others, **environment_of(config)}, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "flushed\n"
        process.send_signal(signal.SIGKILL)
    exp = omega.runtime.experiment("killed")
    assert exp.data()["value"].tolist() == list(range(10_000))
    assert exp.runs[0].status is Status.RUNNING  # until a scheduler finds that it fell silent


def test_a_cancelled_block_ends_at_what_it_logs_next(omega: Omega) -> None:
    exp = omega.runtime.experiment("x")
    with pytest.raises(RunFailedError, match="cancelled"):
        _logging_when_cancelled(omega, exp)
    assert exp.runs[0].status is Status.CANCELLED
    with pytest.raises(InvalidCallError):
        omega.runtime.runs.rerun(exp.runs[0].id)


def test_listed_and_dropped(omega: Omega) -> None:
    experiments = omega.runtime.experiments
    assert experiments.list() == []
    with omega.runtime.experiment("a") as exp, omega.runtime.experiment("b") as other:
        exp.log_metric("m", 1)
        other.log_metric("m", 2)
        assert [(e.name, e.runs, e.going) for e in experiments.list()] == [
            ("a", 1, 1),
            ("b", 1, 1),
        ]
        with pytest.raises(ExperimentBusyError, match="1 of its runs"):
            experiments.drop("a")
    assert experiments.drop("a").runs == 1
    assert [e.name for e in experiments.list()] == ["b"]
    assert other.data()["value"].tolist() == [2]
    experiments.drop("b")
    assert omega.runtime.runs.list().total == 0
    for use in (experiments.get, experiments.drop):
        with pytest.raises(ExperimentNotFoundError):
            use("a")


def test_buckets_do_not_share_experiments(omega: Omega, config: Config) -> None:
    with omega.runtime.experiment("x") as exp:
        exp.log_metric("m", 1)
    with Omega(config=config, bucket="other") as other:
        assert other.runtime.experiments.list() == []
        assert other.runtime.experiment("x").data().empty
        assert other.runtime.experiment("x").compare().empty


def test_many_large_parameters_at_once(omega: Omega) -> None:
    values = {f"p{number}": "x" * 19_000 for number in range(1200)}  # more than a document holds
    with omega.runtime.experiment("e") as exp:
        exp.log_params(values)
        exp.log_metric("loss", 1.0)
    [row] = omega.runtime.experiments.rows("e")
    assert row.parameters == values
    assert exp.data()["value"].tolist() == [1.0]


def test_what_a_call_tells_of_itself_cannot_fail_it(omega: Omega) -> None:
    settings = {"C": 1.0, "x" * 300: 1, "words": "w" * 30_000}
    figures = {"rows": 5, "": 1.0, "a\nb": 2.0, "huge": 10**400, "name": "text"}
    with omega.runtime.experiment("e") as exp:
        note_call(exp, "run", settings, figures)
    [row] = omega.runtime.experiments.rows("e")
    assert row.parameters == {"method": "run", "C": 1.0}
    assert exp.data()["metric"].tolist() == ["rows"]
