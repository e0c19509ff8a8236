"""Frames that are kept sorted by some of their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest

from omegaml_lab.core.errors import InvalidFrameError, SchemaMismatchError, UnknownColumnError
from tests.unit.frames.test_filters import same
from tests.unit.frames.twins import flights

if TYPE_CHECKING:
    from omegaml_lab.store.datasets import DatasetStore


@pytest.fixture
def mixed() -> pd.DataFrame:
    return flights().sample(frac=1, random_state=7, ignore_index=True)


def test_rows_are_kept_in_order(data: DatasetStore, mixed: pd.DataFrame) -> None:
    put = data.put(mixed, "x", index=["month", "carrier"], chunk_rows=10)
    assert put.attributes["sorted_by"] == ["month", "carrier"]
    expected = mixed.sort_values(["month", "carrier"], kind="stable")
    same(data.get("x"), expected)
    same(data.get("x", month=3), expected[expected.month == 3])
    assert data.getl("x", month=3).npartitions == 1
    data.put(mixed, "y", index="delay", chunk_rows=10)
    same(data.get("y"), mixed.sort_values("delay", kind="stable"))
    data.put(flights(), "z", index="month")
    same(data.get("z"), flights())  # of what is in order the index stays as it is


def test_what_is_added_is_sorted_by_itself(data: DatasetStore, mixed: pd.DataFrame) -> None:
    one, two = mixed[:70], mixed[70:]
    data.put(one, "x", index="month", chunk_rows=10)
    put = data.put(two, "x", append=True, chunk_rows=10)
    assert put.attributes["sorted_by"] == ["month"]
    parts = [part.sort_values("month", kind="stable") for part in (one, two)]
    same(data.get("x"), pd.concat(parts))
    assert data.getl("x", month=12).npartitions <= 4
    data.put(two, "x", append=True, index=["month"])
    with pytest.raises(SchemaMismatchError, match="sorted by"):
        data.put(two, "x", append=True, index=["delay"])
    data.put(one, "new", append=True, index=["delay"])
    same(data.get("new"), one.sort_values("delay", kind="stable"))


def test_partitions_are_sorted_each(data: DatasetStore, mixed: pd.DataFrame) -> None:
    data.put(dd.from_pandas(mixed, npartitions=3, sort=False), "x", index=["month"])
    parts = np.array_split(np.arange(120), 3)
    assert sorted(data.get("x").index) == list(range(120))
    for part in parts:
        assert data.get("x").iloc[part].month.is_monotonic_increasing


def test_what_has_no_order(data: DatasetStore, mixed: pd.DataFrame) -> None:
    with pytest.raises(UnknownColumnError, match="month"):
        data.put(mixed, "x", index=["mnth"])
    with pytest.raises(InvalidFrameError, match="Series"):
        data.put(mixed["month"], "x", index=["month"])
    with pytest.raises(InvalidFrameError, match="cannot be sorted by"):
        data.put(mixed.assign(odd=[1, "a"] * 60), "x", index=["odd"])
    assert not data.exists("x")
