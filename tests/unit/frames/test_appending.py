"""Rows that are added come back as pandas would concatenate them."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omegaml_lab.core.errors import (
    ConflictError,
    InvalidOptionError,
    ObjectExistsError,
    SchemaMismatchError,
    UnsupportedObjectError,
)
from omegaml_lab.core.filters import Q
from omegaml_lab.frames.appending import Addition
from omegaml_lab.store import states
from tests.unit.frames import twins
from tests.unit.frames.test_filters import same
from tests.unit.frames.test_frames import COLUMNS, INDEXES, column

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega
    from omegaml_lab.store.datasets import DatasetStore

WRITER = """
import sys
import pandas as pd
from omegaml_lab.omega import Omega
with Omega(sys.argv[1]) as omega:
    sys.stdin.read(1)
    for n in range(8):
        frame = pd.DataFrame({"writer": [sys.argv[2]] * 50, "n": n, "row": range(50)})
        omega.datasets.put(frame, "log", append=True, chunk_rows=20)
        print(n, flush=True)
"""


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_kind_of_column(data: DatasetStore, kind: str) -> None:
    frame = pd.DataFrame({"n": range(5), kind: column(kind)})
    more = frame.iloc[[1]][[kind, "n"]]  # in another order, and perhaps of other values
    data.put(frame, "x", chunk_rows=3)
    data.put(more, "x", append=True)
    data.put(frame[0:0], "x", append=True)
    put = data.put(frame, "x", append=True, chunk_rows=2)
    whole = pd.concat([frame, more, frame[0:0], frame])
    same(data.get("x"), whole)
    assert put.attributes["rows"] == 11
    assert put.revision == 4
    same(data.get("x@1"), frame)
    same(data.get("x@2"), pd.concat([frame, more]))
    same(data.get("x", Q("n", "ge", 2)), whole[whole.n >= 2])
    data.put(frame[kind], "s")
    data.put(more[kind], "s", append=True)
    same(data.get("s"), pd.concat([frame[kind], more[kind]]))


@pytest.mark.parametrize("kind", INDEXES)
def test_every_kind_of_index(data: DatasetStore, kind: str) -> None:
    frame = pd.DataFrame({"a": range(5), "b": list("abcde")}, index=INDEXES[kind])
    parts = [frame, frame.iloc[3:], frame.iloc[::-1]]
    if kind != "levels":
        parts.append(frame.rename_axis(index="other"))
    data.put(frame, "x")
    for n in range(1, len(parts)):
        data.put(parts[n], "x", append=True, chunk_rows=2)
        whole = pd.concat(parts[: n + 1])
        same(data.get("x"), whole)
        for mask in (whole.a >= 0, whole.a == 3, whole.a > 7):
            op, value = ("ge", 0) if mask.all() else ("eq", 3) if mask.any() else ("gt", 7)
            same(data.get("x", Q("a", op, value)), whole[mask])


def test_what_follows_goes_on(data: DatasetStore) -> None:
    days = pd.date_range("2026-01-01", periods=9, freq="D")
    for index in (pd.RangeIndex(9), days):
        frame = pd.DataFrame({"a": range(9)}, index=index)
        data.put(frame[:4], "x", keep=False)
        data.put(frame[4:], "x", append=True)
        same(data.get("x"), frame)
        same(data.get("x", a__ge=3), frame[3:])
        same(data.get("x", a__in=[0, 4, 8]), frame[::4])


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_twins(data: DatasetStore, drawn: st.DataObject) -> None:
    frame, kinds = drawn.draw(twins.frames())
    cut = drawn.draw(st.integers(0, len(frame)))
    data.put(frame[:cut], "x", chunk_rows=drawn.draw(st.integers(2, 9)), keep=False)
    data.put(frame[cut:], "x", append=True, chunk_rows=drawn.draw(st.integers(2, 9)))
    whole = pd.concat([frame[:cut], frame[cut:]])
    same(data.get("x"), whole)
    condition, mask = twins.conditions(drawn.draw, whole.reset_index(drop=True), kinds)
    same(data.get("x", condition), twins.chosen(whole, mask.set_axis(whole.index)))


def test_categories_in_another_order(data: DatasetStore) -> None:
    one = pd.DataFrame({"c": pd.Categorical(["a", "b"], categories=["a", "b"])})
    two = pd.DataFrame({"c": pd.Categorical(["a", "b"], categories=["b", "a"])})
    data.put(one, "x")
    data.put(two, "x", append=True)
    whole = pd.concat([one, two])
    same(data.get("x"), whole)
    codes = [part.c.cat.codes.tolist() for part in data.iterchunks("x")]
    assert codes == [[0, 1], [0, 1]]  # in parts they are numbered as in the whole
    assert whole.c.cat.codes.tolist() == [0, 1, 0, 1]
    same(data.get("x", c="b"), whole[whole.c == "b"])


def test_each_state_is_looked_at(data: DatasetStore, omega: Omega) -> None:
    frame = pd.DataFrame({"value": [3]})
    addition = Addition(frame, omega.storage, "x", chunk_rows=10)
    series = pd.Series([1, 2])
    for other in (series, series.rename("value"), frame.set_axis(["a"])):
        data.put(frame, "x")
        addition.to(data._lookup.locate("x").payload)
        data.put(other, "x")  # by somebody who was faster
        with pytest.raises(SchemaMismatchError):
            addition.to(data._lookup.locate("x").payload)


def test_a_missing_name_is_created(data: DatasetStore) -> None:
    frame = pd.DataFrame({"a": [1, 2]})
    assert data.put(frame, "folder/x", append=True, attributes={"note": 1}).revision == 1
    assert data.put(frame, "folder/x", append=True).attributes["note"] == 1
    same(data.get("folder/x"), pd.concat([frame, frame]))
    nothing = pd.DataFrame(index=pd.RangeIndex(3))
    data.put(nothing, "n")
    data.put(nothing, "n", append=True)
    same(data.get("n"), pd.concat([nothing, nothing]))


def test_rows_that_are_not_alike(data: DatasetStore) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    data.put(frame, "x")
    for other, reason in [
        (frame.astype({"a": "float64"}), "column 'a' is int64 there and float64 here"),
        (frame[["a"]], "no column 'b'"),
        (frame.assign(c=1), "it has no column 'c'"),
        (frame["a"], "a series"),
        (frame.set_index(pd.Index(["p", "q"])), "index"),
        (frame.set_index(["a"], append=True, drop=False), "index"),
    ]:
        with pytest.raises(SchemaMismatchError, match=reason):
            data.put(other, "x", append=True)
    same(data.get("x"), frame)
    assert data.metadata("x").revision == 1
    data.put(frame["a"], "s")
    with pytest.raises(SchemaMismatchError, match="called 'b'"):
        data.put(frame["a"].rename("b"), "s", append=True)


def test_labels_that_are_no_number(data: DatasetStore) -> None:
    for labels in (["a", np.nan], [1.5, np.nan], [("a", 1.0), ("a", np.nan)]):
        frame = pd.DataFrame([[1, 2]], columns=pd.Index(labels))
        data.put(frame, "x", keep=False)
        data.put(frame.iloc[:, ::-1], "x", append=True)
        same(data.get("x"), pd.concat([frame, frame]))
        with pytest.raises(SchemaMismatchError, match=r"they have no column .*nan"):
            data.put(frame.iloc[:, :1], "x", append=True)
        data.put(frame.iloc[:, 1], "s", keep=False)
        data.put(frame.iloc[:, 1], "s", append=True)
        assert len(data.get("s")) == 2


def test_who_is_never_first_is_told_so(
    data: DatasetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "_ATTEMPTS", 2)
    data.put(pd.DataFrame({"a": [1]}), "x")
    with pytest.raises(ConflictError, match="at revision 1, and nothing was done") as raised:
        data._retry("x", lambda _head: None, first=None)
    assert raised.value.expected == raised.value.actual == 1


def test_other_kinds_cannot_be_added_to(data: DatasetStore) -> None:
    data.put({"a": 1}, "value")
    data.put(pd.DataFrame({"a": [1]}), "frame")
    for name in ("value", "frame"):
        with pytest.raises(UnsupportedObjectError, match=r"append=True .*a dict\. Put a frame"):
            data.put({"b": 1}, name, append=True)
    with pytest.raises(InvalidOptionError, match=r"pandas\.chunks"):
        data.put(pd.DataFrame({"a": [1]}), "value", append=True)
    assert data.get("value") == {"a": 1}


def test_terms_hold(data: DatasetStore) -> None:
    frame = pd.DataFrame({"a": [1]})
    data.put(frame, "x")
    with pytest.raises(ConflictError):
        data.put(frame, "x", append=True, expect=0)
    with pytest.raises(ObjectExistsError):
        data.put(frame, "x", append=True, replace=False)
    one, two = (data.put(frame, name, append=True, expect=n) for name, n in (("x", 1), ("y", 0)))
    assert one.hash
    assert one.hash != two.hash
    assert one.size > two.size


def test_threads_that_add_at_once_lose_nothing(data: DatasetStore) -> None:
    start = threading.Barrier(4)

    def add(writer: int) -> list[int]:
        start.wait()
        frame = pd.DataFrame({"writer": np.full(30, writer), "row": np.arange(30)})
        return [data.put(frame.assign(n=n), "folder/log", append=True).revision for n in range(6)]

    with ThreadPoolExecutor(4) as pool:
        revisions = [r for some in pool.map(add, range(4)) for r in some]
    assert sorted(revisions) == list(range(1, 25))
    check_log(data.get("folder/log"), writers=4, adds=6, rows=30)
    for revision in (1, 10, 24):
        assert len(data.get(f"folder/log@{revision}")) == 30 * revision


def test_processes_that_add_at_once_lose_nothing(data: DatasetStore, mongo_url: str) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, mongo_url, f"w{n}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for n in range(3)
    ]  # fmt: skip
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("!")
        writer.stdin.flush()
    seen = 0
    while any(writer.poll() is None for writer in writers):
        if data.exists("log"):  # each state that a reader sees is whole
            frame = data.get("log")
            assert len(frame) % 50 == 0
            assert len(frame) >= seen
            seen = len(frame)
    for writer in writers:
        told, _ = writer.communicate()
        assert writer.returncode == 0
        assert told.split() == [str(n) for n in range(8)]
    check_log(data.get("log"), writers=3, adds=8, rows=50)


def check_log(frame: pd.DataFrame, *, writers: int, adds: int, rows: int) -> None:
    """Fail unless each row is there once, and each writer's are in the order they were added."""
    assert len(frame) == writers * adds * rows
    for _, mine in frame.groupby("writer"):
        assert mine["n"].tolist() == [n for n in range(adds) for _ in range(rows)]
        assert mine["row"].tolist() == list(range(rows)) * adds


@pytest.mark.parametrize(
    ("there", "here", "remedy"),
    [
        ([1, 2], [3.0, 4.0], r"astype\(\{'a': 'int64'\}\)"),
        ([1, 2], [3.5, 4.0], "No int64 holds all of them"),
        ([True, False], [True, None], "No bool holds all of them"),  # which would be False
        ([1, 2], [3.0, None], "No int64 holds all of them"),
    ],
)
def test_nothing_is_advised_that_loses_values(
    data: DatasetStore, there: list[Any], here: list[Any], remedy: str
) -> None:
    data.put(pd.DataFrame({"a": there}), "x")
    with pytest.raises(SchemaMismatchError, match=remedy):
        data.put(pd.DataFrame({"a": here}), "x", append=True)
