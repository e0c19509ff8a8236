"""Dask frames are added partition by partition, and seen as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest

from omegaml_lab.core.errors import InvalidOptionError, SchemaMismatchError
from omegaml_lab.frames.partitions import PartitionsAddition
from tests.unit.frames.test_filters import same

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega
    from omegaml_lab.store.datasets import DatasetStore


@pytest.fixture
def data(omega: Omega) -> DatasetStore:
    return omega.datasets


def frame(rows: int = 100) -> pd.DataFrame:
    carriers = pd.Series(np.resize(["UA", "AA", "DL"], rows)).astype("category")
    return pd.DataFrame({"n": np.arange(rows) * 7 % 50, "carrier": carriers})


def parted(rows: pd.DataFrame, count: int = 4) -> Any:
    return dd.from_pandas(rows, npartitions=count, sort=False)


def test_its_rows_follow_those_that_are_there(data: DatasetStore) -> None:
    rows = frame()
    data.put(parted(rows), "x", append=True)
    done = data.put(parted(rows), "x", append=True)
    assert (done.revision, done.attributes["rows"]) == (2, 200)
    same(data.get("x"), pd.concat([rows, rows]))
    same(data.get("x", n=7), (both := pd.concat([rows, rows]))[both.n == 7])
    data.put(data.getl("x"), "x", append=True)  # what it reads stays what it was
    same(data.get("x"), pd.concat([both, both]))
    data.put(frame()["n"], "s")
    data.put(parted(frame())["n"], "s", append=True)
    same(data.get("s"), pd.concat([rows["n"], rows["n"]]))


def test_each_partition_is_sorted_as_the_frame_is(data: DatasetStore) -> None:
    rows = frame()
    data.put(rows, "x", index=["n"])
    data.put(parted(rows), "x", append=True)
    parts = [rows, *(rows[start : start + 25] for start in range(0, 100, 25))]
    same(data.get("x"), pd.concat([part.sort_values("n", kind="stable") for part in parts]))
    with pytest.raises(SchemaMismatchError, match="sorted by"):
        data.put(parted(rows), "x", append=True, index=["carrier"])


def test_a_partition_that_fails_adds_nothing(data: DatasetStore) -> None:
    def spoilt(part: pd.DataFrame) -> pd.DataFrame:
        return part.astype({"n": "float64"}) if part.n.iloc[0] == 75 * 7 % 50 else part

    rows = frame()
    data.put(rows, "x")
    wrong = parted(rows).map_partitions(spoilt, meta=rows[:0])
    with pytest.raises(SchemaMismatchError, match="'n' is int64 there and float64 here"):
        data.put(wrong, "x", append=True)
    same(data.get("x"), rows)
    assert data.metadata("x").revision == 1
    with pytest.raises(InvalidOptionError):
        data.put(parted(rows), data.put([1], "other").name, append=True)


def test_empty_partitions_leave_nothing(data: DatasetStore) -> None:
    rows = frame().assign(n=range(100))
    data.put(rows, "x")
    lazy = parted(rows)
    data.put(lazy[lazy.n >= 75], "x", append=True)
    payload = data._lookup.locate("x").payload
    assert [segment.rows for segment in payload.segments] == [100, 25]
    data.put(lazy[lazy.n < 0], "x", append=True)
    same(data.get("x"), pd.concat([rows, rows[75:]]))


def test_it_is_written_once_whoever_is_faster(data: DatasetStore, omega: Omega) -> None:
    computed: list[int] = []

    def counted(part: pd.DataFrame) -> pd.DataFrame:
        computed.append(len(part))
        return part

    rows = frame()
    data.put(rows, "x")
    lazy = parted(rows).map_partitions(counted, meta=rows[:0])
    addition = PartitionsAddition(lazy, omega.storage, "x", chunk_rows=10)
    for _ in range(2):
        payload, written = addition.to(data._lookup.locate("x").payload)
        assert [part.segment.rows for part in written] == [25] * 4
        data.put(rows, "x", append=True)
    assert computed == [25] * 4
    assert len(payload.segments) == 2 + 4
