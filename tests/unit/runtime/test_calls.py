"""What a client does about calls whose record the database has forgotten."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sklearn.linear_model import LinearRegression

from omegaml_lab.core.errors import InvalidCallError, RunFailedError
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
