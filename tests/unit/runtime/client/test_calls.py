"""What a client does about calls whose record the database has forgotten."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from pymongo import monitoring
from sklearn.linear_model import LinearRegression

from omegaml_lab.core.errors import (
    IntegrityError,
    InvalidCallError,
    ObjectNotFoundError,
    RunFailedError,
    StorageUnavailableError,
)
from omegaml_lab.core.runs import Status
from omegaml_lab.omega import Omega
from omegaml_lab.runtime.calls import answers
from omegaml_lab.runtime.client import calls
from omegaml_lab.runtime.records import run_claims
from tests.integration.processes import until
from tests.unit.listening import Finds

if TYPE_CHECKING:
    from omegaml_lab.runtime.client.called import ModelHandle

TARGET = {"kind": "sklearn.skops", "state": "…"}
CALL = {"method": "predict", "target": TARGET, "args": [], "kwargs": []}


def test_a_call_that_the_database_forgot_is_asked_again(
    omega: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_LOOK", 0.1)
    omega.models.put(LinearRegression(), "m")
    runs, records = omega.runtime.runs, omega.storage.records("runs")
    ended: list[object] = []

    def ask() -> None:
        with pytest.raises(RunFailedError) as raised:
            omega.runtime.model("m").predict([[1]])
        ended.append(raised.value)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    until(lambda: runs.list().total == 1)
    (forgotten,) = runs.list().items
    records.delete(forgotten.id)
    until(lambda: runs.list().total == 1)
    (again,) = runs.list().items
    assert again.id != forgotten.id
    assert again.call == forgotten.call
    runs.cancel(again.id)
    asking.join(30)
    assert len(ended) == 1


def test_what_no_model_can_is_not_asked_for(omega: Omega) -> None:
    omega.models.put(LinearRegression(), "m")
    with pytest.raises(InvalidCallError):
        omega.runtime.model("m").call("explode")
    assert omega.runtime.runs.list().total == 0


def test_a_call_of_a_later_version_waits_for_a_worker_that_understands_it(omega: Omega) -> None:
    runs, records = omega.runtime.runs.records, omega.storage.records("runs")
    run = runs.create("m", 1, parameters={}, kind="model", call=CALL)
    records.update(run.id, set={"on_failure": "rethink", "hints": 3})
    with pytest.raises(IntegrityError):
        runs.claim_call(run.id, worker="w")
    record = records.find(run.id) or {}
    assert {key: record[key] for key in ("status", "claim", "worker", "hints")} == {
        "status": "queued",
        "claim": None,
        "worker": None,
        "hints": 3,
    }
    records.update(run.id, set={"on_failure": "stop"})
    assert runs.claim_call(run.id, worker="w") is not None
    assert runs.claim_call(run.id, worker="v") is None


@pytest.mark.timeout(60)
def test_an_answer_may_come_before_it_is_waited_for(
    omega: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_LOOK", 600)
    runs = omega.runtime.runs.records
    run_id = "answered-before"
    waiting = answers.Answers(runs)
    coming = waiting.expect(run_id)
    runs.create("m", 1, parameters={}, kind="model", call=CALL, id=run_id)
    runs.cancel(run_id)
    until(coming.done)
    omega.storage.records("runs").delete(run_id)  # nor is it looked for
    assert waiting.wait(run_id, None).status is Status.CANCELLED
    waiting.close()


@pytest.mark.timeout(60)
def test_patience_ends_while_the_database_is_away_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_STANDS", 0.1)
    with Omega("mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=50") as away:
        waiting = answers.Answers(away.runtime.runs.records)
        with pytest.raises(StorageUnavailableError):
            waiting.wait("any", 0.1)
        waiting.close()


def test_a_message_may_come_before_its_call(omega: Omega, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_claims, "_PAUSES", (0.01,) * 500)
    runs, run_id = omega.runtime.runs.records, "later-than-its-message"
    with ThreadPoolExecutor(1) as pool:
        claiming = pool.submit(runs.claim_call, run_id, worker="w")
        with pytest.raises(TimeoutError):
            claiming.result(0.02)
        runs.create("m", 1, parameters={}, kind="model", call=CALL, id=run_id, safely=False)
        claim = claiming.result(30)
    assert claim is not None
    assert claim.run.id == run_id
    monkeypatch.setattr(run_claims, "_PAUSES", (0.01,))
    assert runs.claim_call("of no run", worker="w") is None


def test_a_model_that_is_called_again_and_again_is_looked_for_once_a_second(
    omega: Omega, mongo_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    omega.models.put(LinearRegression(), "m")
    omega.models.put(LinearRegression(), "n")
    monitoring.register(finds := Finds())
    with Omega(mongo_url) as other:
        m, n = other.runtime.model("m"), other.runtime.model("n")

        def looks(*models: ModelHandle) -> int:
            finds.count = 0
            for model in models:
                model.start("predict", [[1]])
            return finds.count

        assert looks(m) == 1
        assert looks(m, m, m) == 0
        assert looks(n, m) == 2
        monkeypatch.setattr(calls, "_FRESH", 0.0)
        assert looks(m, m) == 2
        other.models.drop("m")
        with pytest.raises(ObjectNotFoundError):
            m.start("predict", [[1]])
