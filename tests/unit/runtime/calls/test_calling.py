"""What an attempt at a call does about the attempts before it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest.mock import ANY

import pandas as pd
import psutil
import pytest
from sklearn.linear_model import LinearRegression

from omegaml_lab.callee import _Callee
from omegaml_lab.core.errors import ConflictError, ObjectNotFoundError
from omegaml_lab.core.limits import Limits
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.calls.call_execution import CallExecution
from omegaml_lab.runtime.calls.callees import Callees
from omegaml_lab.runtime.calls.calling import Caller, Target
from omegaml_lab.runtime.calls.parcels import wrapped
from omegaml_lab.runtime.notebooks.execution import StopReason
from omegaml_lab.store.recording import recording
from tests.integration.processes import until

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from omegaml_lab.omega import Omega

X, Y = [[0.0], [1.0], [2.0]], [0.0, 2.0, 4.0]


@pytest.fixture
def target(omega: Omega) -> Target:
    omega.models.put(LinearRegression(), "odd ü%+[1]")
    return Target.of(omega.models.metadata("odd ü%+[1]"))


def test_the_second_attempt_at_a_fit_finds_what_the_first_has_put(
    omega: Omega, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = omega.runtime.calls.stores
    call = {"method": "fit", "args": [wrapped(v, stores.calls, "x") for v in (X, Y)], "kwargs": []}
    plain = {key: getattr(target, key) for key in ("name", "revision", "kind", "state")}
    request: dict[str, Any] = {"run": "r1", "kind": "model", "target": plain, "call": call}
    monkeypatch.setenv("OMEGA_RUN", "")
    first, second = (_Callee(omega).answer(request) for _ in range(2))
    assert "error" not in second
    assert second["answer"] == first["answer"]
    other = _Callee(omega).answer({**request, "run": "r2"})
    assert other["error"]["name"] == "ConflictError"
    assert [m.revision for m in omega.models.history(target.pinned)] == [2, 1]


@pytest.mark.parametrize(
    ("reason", "status"),
    [(StopReason.CANCELLED, Status.CANCELLED), (StopReason.GIVEN_BACK, Status.QUEUED)],
)
def test_one_is_stopped_while_its_process_starts(
    omega: Omega, tmp_path: Path, target: Target, reason: StopReason, status: Status
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import time; time.sleep(600)")
    runs = omega.runtime.runs.records
    queued = omega.runtime.model(target.name).start("fit", X, Y).run
    claim = runs.claim_call(queued.id, worker="w")
    assert claim is not None
    slow = {"PYTHONPATH": str(tmp_path)}
    execution = CallExecution(claim, runs=runs, callees=Callees(limit=1), environment=slow)
    others = psutil.Process().children()
    with ThreadPoolExecutor(1) as pool:
        performed = pool.submit(execution.perform)
        until(lambda: psutil.Process().children() != others)
        execution.stop(reason)
        run = performed.result(30)
    assert run is not None
    assert run.status is status
    assert psutil.Process().children() == others


def test_the_time_of_one_is_over_before_its_process_starts(
    omega: Omega, tmp_path: Path, target: Target
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import time; time.sleep(600)")
    runs = omega.runtime.runs.records
    model = omega.runtime.model(target.name, limits=Limits(timeout=1))
    claim = runs.claim_call(model.start("fit", X, Y).run.id, worker="w")
    assert claim is not None
    slow = {"PYTHONPATH": str(tmp_path)}
    execution = CallExecution(claim, runs=runs, callees=Callees(limit=1), environment=slow)
    others = psutil.Process().children()
    with ThreadPoolExecutor(1) as pool:
        performed = pool.submit(execution.perform)
        try:
            run = performed.result(30)
        finally:
            execution.stop(StopReason.VOID)
    assert run is not None
    assert run.error is not None
    assert (run.status, run.error.name) == (Status.FAILED, "TimeLimitError")
    assert "its process had not started" in run.error.message
    assert psutil.Process().children() == others


def test_one_that_was_given_up_for_lost_may_be_faster(
    omega: Omega, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = Caller(omega.runtime.calls.stores)

    def fit(self: LinearRegression, *args: Any) -> LinearRegression:
        monkeypatch.setattr(LinearRegression, "fit", true)
        caller.model(target, "fit", args, {}, run="r1")
        return true(self, *args)

    true = LinearRegression.fit
    monkeypatch.setattr(LinearRegression, "fit", fit)
    with recording("r1"):
        assert caller.model(target, "fit", [X, Y], {}, run="r1").revision == 2
        with pytest.raises(ConflictError):  # in a kernel, which may fit more than once
            caller.model(target, "fit", [X, Y], {})


def test_what_was_fitted_is_warm_for_who_asks_for_it_by_its_id(
    omega: Omega, target: Target
) -> None:
    caller = Caller(omega.runtime.calls.stores)
    noted = replace(target, object=omega.models.head_of(target.pinned).id)
    fitted = Target.of(caller.model(noted, "fit", [X, Y], {}))
    asked = replace(fitted, object=noted.object)
    omega.models.rename(target.pinned.path, "renamed")
    assert caller.model(asked, "predict", [[[3.0]]], {}).tolist() == pytest.approx([6])
    assert len(caller._models) == 1
    fresh = Caller(omega.runtime.calls.stores)
    assert fresh.model(asked, "predict", [[[3.0]]], {}).tolist() == pytest.approx([6])
    with pytest.raises(ObjectNotFoundError):  # by its name it is not there
        fresh.model(replace(asked, state="of another one"), "predict", [[[3.0]]], {})


def test_a_target_that_is_a_column_by_name_is_one_dimensional(omega: Omega) -> None:
    frame = pd.DataFrame({"x": [0.0, 1.0, 2.0], "y": [0.0, 2.0, 4.0], "w": [1.0, 1.0, 2.0]})
    omega.datasets.put(frame, "d")
    omega.datasets.put(frame[["y"]], "column")
    omega.models.put(LinearRegression(), "m")
    model = omega.runtime.model("m").local
    model.fit("d[^y,w]", "d[y]")  # scikit-learn warns of a frame
    assert model.predict("d[x]").shape == (3,)
    model.fit(X="d[x]", y="d[y]", sample_weight="d[w]")  # and refuses one of weights
    assert omega.models.metadata("m").attributes["trained_on"] == [
        {"name": "d", "revision": 1, "id": ANY}
    ]
    assert model.score("d[x]", "d[y]@1") == 1.0
    model.fit("d[x]", "column")  # what is kept as a frame is given as one
    assert model.predict("d[x]").shape == (3, 1)

    call = {"args": [{"name": "d[x]"}], "kwargs": [["y", {"name": "d[y]"}]], "method": "fit"}
    target = {key: getattr(model._target, key) for key in ("name", "revision", "kind", "state")}
    answer = _Callee(omega).answer({"run": "", "kind": "model", "target": target, "call": call})
    assert "error" not in answer
    assert len(omega.models.metadata("m").attributes["trained_on"]) == 1
    assert omega.models.get("m").predict(frame[["x"]]).shape == (3,)
