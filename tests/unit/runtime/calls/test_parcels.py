"""What was too large for a record is dropped after a while."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from omegaml_lab.core.errors import ObjectNotFoundError, UnsupportedObjectError
from omegaml_lab.runtime.calls import parcels

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega

LARGE = "x" * 100_000


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ([1, "a", None, {"b": 2.5}], "json"),
        ((1, 2), "value"),
        ({1: 2}, "value"),
        (np.arange(3), "value"),
        (pd.DataFrame({"a": [1]}), "frame"),
        (pd.DataFrame({"a": range(100_000)}), "kept"),
        (np.arange(100_000), "kept"),
        ("x" * 100_000, "kept"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_come_back_exactly(omega: Omega, value: object, form: str) -> None:
    calls = omega.runtime.calls.stores.calls
    parcel = parcels.wrapped(value, calls, "run/0")
    assert list(parcel) == [form]
    got = parcels.opened(parcel, calls)
    assert type(got) is type(value)
    assert np.array_equal(got, value) if hasattr(value, "shape") else got == value
    assert calls.list() == (["run/0"] if form == "kept" else [])


def test_what_no_kind_keeps_is_refused(omega: Omega) -> None:
    with pytest.raises(UnsupportedObjectError):
        parcels.wrapped(object(), omega.runtime.calls.stores.calls, "run/0")


def test_what_is_old_is_dropped(omega: Omega, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, runs = omega.runtime.calls.stores.calls, omega.runtime.runs.records
    parcels.wrapped(LARGE, calls, "run/0")
    assert parcels.expire(calls, runs) == 0
    assert calls.list() == ["run/0"]
    monkeypatch.setattr(parcels, "KEPT_FOR", timedelta(0))
    assert parcels.expire(calls, runs) == 1
    assert calls.entries().total == 0


def test_all_that_is_old_is_dropped(omega: Omega, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, runs = omega.runtime.calls.stores.calls, omega.runtime.runs.records
    monkeypatch.setattr(parcels, "_BATCH", 2)
    monkeypatch.setattr(parcels, "KEPT_FOR", timedelta(0))
    for n in range(5):
        parcels.wrapped(LARGE, calls, f"run {n}/0")
    calls.make_folder("left by who died")
    waiting = {runs.create("m", 1, parameters={}, id=f"run {n}", kind="model").id for n in (0, 2)}
    assert parcels.expire(calls, runs) == 3
    assert set(calls.list()) == {f"{run}/0" for run in waiting}
    assert {entry.name for entry in calls.entries().items} == waiting


def test_the_arguments_of_a_call_stay_until_it_has_ended(
    omega: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    omega.scripts.put("def run(*args, **kwargs): return 1", "s")
    calls, runs = omega.runtime.calls.stores.calls, omega.runtime.runs.records
    monkeypatch.setattr(parcels, "KEPT_FOR", timedelta(0))
    first = omega.runtime.script("s").start(LARGE, 2, named=LARGE)
    again = omega.runtime.runs.rerun(first.cancel().id)
    assert parcels.expire(calls, runs) == 2
    assert again.call is not None
    assert [parcels.opened(parcel, calls) for parcel in again.call["args"]] == [LARGE, 2]
    ((name, parcel),) = again.call["kwargs"]
    assert (name, parcels.opened(parcel, calls)) == ("named", LARGE)
    with pytest.raises(ObjectNotFoundError):
        omega.runtime.runs.rerun(first.id)
