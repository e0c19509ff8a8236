"""What many small appends left is joined, and comes back as it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from omegaml_lab.core.errors import InvalidNameError, InvalidOptionError, ObjectNotFoundError
from omegaml_lab.frames import compacting
from tests.unit.frames.test_filters import same
from tests.unit.frames.test_frames import COLUMNS, INDEXES, column
from tests.unit.frames.twins import flights

if TYPE_CHECKING:
    from omegaml_lab.store.datasets import DatasetStore


def segments(data: DatasetStore, name: str) -> int:
    return len(data._lookup.locate(name).payload.segments)


@pytest.mark.parametrize("kind", INDEXES)
def test_every_kind_of_index(data: DatasetStore, kind: str) -> None:
    frame = pd.DataFrame({"a": range(5), "b": list("abcde")}, index=INDEXES[kind])
    for part in (frame[:3], frame[3:], frame[:1], frame[:0], frame):
        data.put(part, "x", append=True)
    whole, size = data.get("x"), data.metadata("x").size
    put = data.compact("x")
    assert segments(data, "x") == 1
    assert put.revision == 6
    assert put.hash == data.metadata("x@5").hash
    assert 0 < put.size < size
    same(data.get("x"), whole)
    same(data.get("x", a__ge=3), whole[whole.a >= 3])
    data.put(frame, "x", append=True)
    same(data.get("x"), pd.concat([whole, frame]))
    same(data.get("x@5"), whole)


def test_every_kind_of_column(data: DatasetStore) -> None:
    for kind in COLUMNS:
        frame = pd.DataFrame({"n": range(5), kind: column(kind)})
        data.put(frame, "x", keep=False)
        data.put(frame.iloc[[1]], "x", append=True)
        whole = data.get("x")
        data.compact("x")
        assert segments(data, "x") == 1
        same(data.get("x"), whole)


def test_large_segments_stay(data: DatasetStore) -> None:
    frame = flights()
    data.put(frame, "x", chunk_rows=10)
    for n in range(3):
        data.put(frame[n : n + 2], "x", append=True, chunk_rows=10)
    data.put(frame, "x", append=True, chunk_rows=10)
    whole = data.get("x")
    data.compact("x")
    assert segments(data, "x") == 3
    same(data.get("x"), whole)
    assert data.compact("x").revision == data.metadata("x").revision == 6  # nothing to do


def test_sorted_frames_are_sorted_together(data: DatasetStore) -> None:
    frame = flights().sample(frac=1, random_state=1)
    for n in range(0, 120, 30):
        data.put(frame[n : n + 30], "x", append=True, index=["month", "delay"])
    data.compact("x")
    assert data.get("x").index.is_unique
    expected = frame.sort_values(["month", "delay"], kind="stable", ignore_index=True)
    same(data.get("x").reset_index(drop=True), expected)
    assert data.metadata("x").attributes["sorted_by"] == ["month", "delay"]


def test_appends_compact_by_themselves(
    data: DatasetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compacting, "_CROWD", 5)
    most = 0
    for n in range(23):
        put = data.put(pd.DataFrame({"n": [n, n]}), "x", append=True)
        most = max(most, segments(data, "x"))
    assert most <= 6
    assert put.revision == 23
    assert put.attributes["rows"] == 46
    assert data.get("x").n.tolist() == [n for n in range(23) for _ in range(2)]
    assert data.get("x@7").n.tolist() == [n for n in range(7) for _ in range(2)]


def test_nobody_loses_rows_meanwhile(data: DatasetStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compacting, "_CROWD", 4)

    def add(writer: int) -> None:
        for n in range(8):
            data.put(pd.DataFrame({"writer": [writer], "n": [n]}), "x", append=True)
            if n % 3 == writer % 3:
                data.compact("x")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(add, range(3)))
    got = data.get("x")
    assert len(got) == 24
    assert all(some.n.tolist() == list(range(8)) for _, some in got.groupby("writer"))


def test_what_cannot_be_compacted(data: DatasetStore) -> None:
    data.put({"a": 1}, "value")
    with pytest.raises(InvalidOptionError, match="parts"):
        data.compact("value")
    with pytest.raises(ObjectNotFoundError):
        data.compact("nothing")
    data.put(flights(), "x")
    with pytest.raises(InvalidNameError, match="newest"):
        data.compact("x@1")
    for nothing in (pd.DataFrame(index=pd.RangeIndex(3)), flights()[:0]):
        data.put(nothing, "n")
        data.put(nothing, "n", append=True)
        whole = data.get("n")
        data.compact("n")
        same(data.get("n"), whole)
