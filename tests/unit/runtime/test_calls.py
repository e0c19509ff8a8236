"""What a client does about calls whose record the database has forgotten."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sklearn.linear_model import LinearRegression

from omegaml_lab.core.errors import IntegrityError, InvalidCallError, RunFailedError
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime import answers
from tests.integration.processes import until

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


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
    run = runs.create("m", 1, parameters={}, kind="model", call={"method": "predict"})
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
    runs.create("m", 1, parameters={}, kind="model", call={"method": "predict"}, id=run_id)
    runs.cancel(run_id)
    until(coming.done)
    assert waiting.wait(run_id, None).status is Status.CANCELLED
    waiting.close()
