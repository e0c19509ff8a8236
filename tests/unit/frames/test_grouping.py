"""Aggregates by group are what pandas' groupby says of the whole frame."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omegaml_lab.core.errors import (
    InvalidFilterError,
    InvalidOptionError,
    InvalidQueryError,
    UnknownColumnError,
)
from omegaml_lab.core.filters import Q
from omegaml_lab.frames import grouping
from omegaml_lab.frames.aggregates import AGGREGATES
from tests.unit.frames import twins

if TYPE_CHECKING:
    from omegaml_lab.store.datasets import DatasetStore


def same(got: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Fail unless both are equal; sums of floats are added up in another order."""
    pd.testing.assert_frame_equal(got, expected, check_exact=False, rtol=1e-6, atol=1e-9)


def of_pandas(frame: pd.DataFrame, by: list[Any], mapping: Any, **how: bool) -> pd.DataFrame:
    grouped = frame.groupby(by or np.zeros(len(frame)), observed=True, **how)
    made = grouped.agg(mapping) if mapping else grouped.size().to_frame("size")
    return made if by else made.reset_index(drop=True)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_twins(data: DatasetStore, drawn: st.DataObject) -> None:
    frame, kinds = drawn.draw(twins.frames())
    cut = drawn.draw(st.integers(0, len(frame)))
    data.put(frame[:cut], "x", chunk_rows=drawn.draw(st.integers(2, 9)), keep=False)
    data.put(frame[cut:], "x", append=True, chunk_rows=5)
    whole = pd.concat([frame[:cut], frame[cut:]])
    labels = sorted(kinds)
    for _ in range(4):  # to put takes longest
        by = drawn.draw(st.lists(st.sampled_from(labels), max_size=2, unique=True))
        how = {"dropna": drawn.draw(st.booleans()), "sort": drawn.draw(st.booleans())}
        ops = st.lists(st.sampled_from(AGGREGATES), min_size=1, max_size=3, unique=True)
        some = drawn.draw(st.lists(st.sampled_from(labels), max_size=2, unique=True))
        mapping = {label: drawn.draw(ops | st.sampled_from(AGGREGATES)) for label in some}
        if not by and not len(whole):
            continue
        try:
            expected = of_pandas(whole, by, mapping, **how)
        except (TypeError, ValueError, AttributeError, NotImplementedError):
            with pytest.raises(InvalidQueryError):
                data.query("x", by=by or None, aggregate=mapping or None, **how)
        else:
            got = data.query("x", by=by or None, aggregate=mapping or None, **how)
            same(got, expected)


def test_as_people_write_it(data: DatasetStore, flights: pd.DataFrame) -> None:
    got = data.query("flights", by="carrier", aggregate={"delay": ["mean", "count"]}, month__ge=6)
    late = flights[flights.month >= 6]
    same(got, late.groupby("carrier").agg({"delay": ["mean", "count"]}))
    got = data.query("flights", Q(month=3), by=["month", "carrier"], aggregate={"delay": "max"})
    same(got, flights[flights.month == 3].groupby(["month", "carrier"]).agg({"delay": "max"}))
    same(data.query("flights", by="month"), flights.groupby("month").size().to_frame("size"))
    same(data.query("flights", by="carrier", aggregate="max"), flights.groupby("carrier").max())
    with_missing = data.query("flights", by="carrier", dropna=False)
    assert with_missing["size"].tolist() == [24] * 5
    nothing = data.query("flights", by="carrier", aggregate={"delay": "sum"}, month__gt=12)
    same(nothing, flights[:0].groupby("carrier").agg({"delay": "sum"}))


def test_totals_are_one_row(data: DatasetStore, flights: pd.DataFrame) -> None:
    got = data.query("flights", aggregate={"delay": ["mean", "max"], "carrier": "nunique"})
    assert got.shape == (1, 3)
    assert got.loc[0, ("delay", "mean")] == pytest.approx(flights.delay.mean())
    assert got.loc[0, ("carrier", "nunique")] == 4
    assert data.query("flights")["size"].tolist() == [120]
    ops = ["sum", "count", "mean", "nunique"]
    none = data.query("flights", aggregate={"delay": ops}, month__gt=12)
    assert none["delay"].fillna(-1).to_numpy().tolist() == [[0, 0, -1, 0]]
    no_text = data.query("flights", aggregate={"carrier": "sum"}, month__gt=12)
    assert no_text["carrier"].tolist() == [flights.carrier[:0].sum()]
    assert data.query("flights", month__gt=12)["size"].tolist() == [0]


def test_levels_of_the_index_group_too(data: DatasetStore, flights: pd.DataFrame) -> None:
    frame = flights.set_index(["month", "carrier"])
    data.put(frame, "x", chunk_rows=10)
    mapping = {"delay": ["sum", "size"]}
    same(data.query("x", by="month", aggregate=mapping), frame.groupby("month").agg(mapping))
    data.put(flights["delay"], "s")
    assert data.query("s", aggregate={"delay": "max"}).iloc[0, 0] == flights.delay.max()


def test_large_numbers_and_far_means(data: DatasetStore) -> None:
    frame = pd.DataFrame(
        {
            "k": [0, 1] * 50,
            "big": np.arange(100) + 2**60,
            "far": np.linspace(1e7, 1e7 + 1, 100),
            "inf": [np.inf, 1.0, -np.inf, np.nan] * 25,
        }
    )
    data.put(frame, "x", chunk_rows=7)
    mapping = {"big": ["sum", "max"], "far": ["std", "var"], "inf": ["sum", "mean", "var"]}
    got = data.query("x", by="k", aggregate=mapping)
    expected = frame.groupby("k").agg(mapping)
    same(got, expected)
    assert got["big"].equals(expected["big"])


def test_many_groups_are_joined_before_all_is_read(
    data: DatasetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "_MOST_ROWS", 20)
    frame = pd.DataFrame({"k": np.arange(300) % 40, "v": np.arange(300) % 7 * 1.5})
    data.put(frame, "x", chunk_rows=25)
    mapping = {"v": ["sum", "var", "first", "last", "min", "nunique", "median"]}
    same(data.query("x", by="k", aggregate=mapping), frame.groupby("k").agg(mapping))


def test_what_cannot_be_answered(data: DatasetStore, flights: pd.DataFrame) -> None:
    with pytest.raises(UnknownColumnError, match="carrier"):
        data.query("flights", by="carier")
    with pytest.raises(UnknownColumnError, match="delay"):
        data.query("flights", by="carrier", aggregate={"dealy": "sum"})
    with pytest.raises(InvalidQueryError, match="Did you mean 'mean'"):
        data.query("flights", by="carrier", aggregate={"delay": "maen"})
    with pytest.raises(InvalidQueryError, match="once"):
        data.query("flights", aggregate={"delay": ["sum", "sum"]})
    with pytest.raises(InvalidQueryError, match="mean"):
        data.query("flights", by="month", aggregate={"carrier": "mean"})
    with pytest.raises(InvalidQueryError, match="twice"):
        data.query("flights", by=["month", "month"])
    with pytest.raises(InvalidFilterError):
        data.query("flights", by="month", delay__gt="x")
    data.put({"a": 1}, "value")
    with pytest.raises(InvalidOptionError, match=r"query\(\)"):
        data.query("value", by="a")


@pytest.mark.parametrize(
    ("op", "told"),
    [
        ("average", "Did you mean 'mean'"),
        ("avg", "Did you mean 'mean'"),
        ("Sum", "Did you mean 'sum'"),
        ("distinct", "Did you mean 'nunique'"),
        (np.mean, r"named by text, it is no function \(mean\)\. Did you mean 'mean'"),
        (["month", "mean"], r"'month' is a column, .* aggregate=\{'month': 'mean'\}"),
    ],
)
def test_aggregates_of_other_languages(
    data: DatasetStore, flights: pd.DataFrame, op: Any, told: str
) -> None:
    with pytest.raises(InvalidQueryError, match=told):
        data.query("flights", by="carrier", aggregate=op)


@pytest.mark.parametrize(
    ("column", "op", "told"),
    [
        ("text", "mean", "'text' holds text, which has no 'mean', only size, count, sum, min"),
        ("when", "sum", "'when' holds times, which have no 'sum', only size, count, mean"),
        ("grade", "max", "categories without an order, which have no 'max', only size, count"),
        ("between", "mean", "'between' holds intervals, which have no 'mean', only size"),
        ("things", "nunique", "lists, dicts and the like .* make text or numbers of them first"),
    ],
)
def test_what_pandas_refuses_is_told_in_words_of_ours(
    data: DatasetStore, column: str, op: str, told: str
) -> None:
    frame = pd.DataFrame(
        {
            "n": [1, 2],
            "text": ["a", "b"],
            "when": pd.to_datetime(["2026-01-01", "2026-01-02"]),
            "grade": pd.Categorical(["a", "b"]),
            "between": pd.interval_range(0, 2),
            "things": [[1], {"a": 1}],
        }
    )
    data.put(frame, "x")
    with pytest.raises(InvalidQueryError, match=told):
        data.query("x", by="n", aggregate={"n": "max", column: op})


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "Int8"])
def test_sums_of_short_integers_may_be_long(data: DatasetStore, dtype: str) -> None:
    high = int(np.iinfo(dtype.lower()).max)
    frame = pd.DataFrame({"k": [1, 1, 2, 2], "v": pd.Series([high, high, 1, 2], dtype=dtype)})
    data.put(frame, "x", chunk_rows=1)
    for some, where in ((frame, {}), (frame[frame.k == 2], {"k": 2})):
        for by in (["k"], []):
            for mapping in ({"v": "sum"}, {"v": ["sum", "max"]}):
                got = data.query("x", by=by or None, aggregate=mapping, **where)
                same(got, of_pandas(some, by, mapping))
    assert data.query("x", aggregate={"v": "sum"}).iloc[0, 0] == 2 * high + 3


@pytest.mark.parametrize("dtype", ["float32", "Float32"])
@pytest.mark.parametrize("size", [1.0, 1e6, 1e25])
def test_short_floats_are_long_where_these_are_more(
    data: DatasetStore, dtype: str, size: float
) -> None:
    values = np.array([0.1, 0.25, 0.7, 1.3, 0.9, np.nan]) * size
    frame = pd.DataFrame({"k": [1, 1, 1, 2, 2, 3], "v": pd.Series(values).astype(dtype)})
    data.put(frame, "x", chunk_rows=2)
    mapping = {"v": ["std", "median", "var", "sum", "mean", "max"]}
    for by in (["k"], []):
        got = data.query("x", by=by or None, aggregate=mapping)
        same(got, of_pandas(frame, by, mapping))


def test_nullable_numbers_may_be_none(data: DatasetStore) -> None:
    numbers = np.array([np.nan, 1.5, 0, np.nan, np.inf, 2, 3])
    missing = np.array([False, False, True, True, False, False, False])
    values = pd.arrays.FloatingArray(numbers, missing)
    frame = pd.DataFrame({"k": [1, 1, 2, 2, 3, 4, 4], "v": values})
    data.put(frame, "x", chunk_rows=2)
    mapping = {"v": ["sum", "mean", "min", "max", "count", "nunique", "std", "last", "median"]}
    for by in (["k"], []):
        same(data.query("x", by=by or None, aggregate=mapping), of_pandas(frame, by, mapping))


@pytest.mark.parametrize("names", [["u", "w"], [None, None]])
def test_labels_may_have_levels_and_names(data: DatasetStore, names: list[Any]) -> None:
    labels = pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=names)
    frame = pd.DataFrame(np.arange(24).reshape(6, 4) % 5, columns=labels)
    named = frame.set_axis(pd.Index([*"klmn"], name="label"), axis=1)
    for some, by, mapping in (
        (frame, [("a", 1)], {("b", 2): "sum"}),
        (frame, [("a", 1)], {("b", 2): ["sum", "median"], ("a", 2): "first"}),
        (named, ["k"], {"l": "sum"}),
        (named, ["k"], {"l": ["sum", "max"], "m": "mean"}),
    ):
        data.put(some, "x", chunk_rows=2)
        same(data.query("x", by=by, aggregate=mapping), of_pandas(some, by, mapping))


@pytest.mark.parametrize("op", ["sum", "mean", "median", "std"])
def test_what_no_rows_cannot_be_asked_is_said_too(data: DatasetStore, op: str) -> None:
    nothing = pd.DataFrame({"d": pd.array([], dtype="date32[day][pyarrow]")})
    intervals = nothing.assign(d=pd.arrays.IntervalArray.from_breaks([0.0]))
    for frame in (nothing, intervals):
        data.put(frame, "x")
        with contextlib.suppress(InvalidQueryError):  # and nothing else
            assert data.query("x", aggregate={"d": op}).shape == (1, 1)


@pytest.mark.parametrize("dropna", [True, False])
def test_categories_of_which_there_are_none(data: DatasetStore, dropna: bool) -> None:  # noqa: FBT001
    frame = pd.DataFrame({"c": pd.Categorical([None] * 4), "k": [1, 1, 2, 2], "v": range(4)})
    data.put(frame, "x", chunk_rows=3)
    for by, mapping in (
        (["c"], {"v": "sum"}),
        (["k"], {"c": ["count", "nunique"]}),
        (["c", "k"], {"v": ["mean", "max"]}),
    ):
        got = data.query("x", by=by, aggregate=mapping, dropna=dropna)
        same(got, of_pandas(frame, by, mapping, dropna=dropna))
