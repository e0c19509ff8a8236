"""What was too large for a record is dropped after a while."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from omegaml_lab.core.errors import UnsupportedObjectError
from omegaml_lab.runtime import parcels

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


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
    calls = omega.runtime.calls.stores.calls
    parcels.wrapped("x" * 100_000, calls, "run/0")
    assert parcels.expire(calls) == 0
    assert calls.list() == ["run/0"]
    monkeypatch.setattr(parcels, "KEPT_FOR", timedelta(0))
    assert parcels.expire(calls) == 1
    assert calls.entries().total == 0
