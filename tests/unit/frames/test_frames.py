"""Frames come back exactly, whatever pandas can hold."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pymongo
import pytest
from dateutil import tz
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omegaml_lab.core.errors import (
    IntegrityError,
    InvalidFrameError,
    ObjectNotFoundError,
    UnknownColumnError,
)

if TYPE_CHECKING:
    from omegaml_lab.store.store import OmegaStore

ROWS = 5


def masked(dtype: str, values: list[Any]) -> pd.api.extensions.ExtensionArray:
    return pd.array(values, dtype=dtype)


NANOS = ["2026-01-01 00:00:00.123456789", None, "1700-01-01", "2262-01-01", "1970-01-01"]
COLUMNS: dict[str, Any] = {
    **{f"int{n}": np.array([-1, 0, 1, 2, 100], dtype=f"i{n}") for n in (1, 2, 4, 8)},
    **{f"uint{n}": np.array([255, 0, 1, 2, 100], dtype=f"u{n}") for n in (1, 2, 4, 8)},
    "uint64 max": np.array([2**64 - 1, 0, 1, 2, 3], dtype="u8"),
    **{f"float{n}": np.array([np.nan, np.inf, -0.0, 1.5, -np.inf], f"f{n}") for n in (2, 4, 8)},
    "longdouble": np.array([1, 2, 3, 4, np.nan], dtype=np.longdouble),
    "bool": np.array([True, False, True, True, False]),
    "complex": np.array([1 + 2j, np.nan, 0, -1j, 5]),
    **{f"time {u}": pd.to_datetime(NANOS, format="ISO8601").as_unit(u)
       for u in ("s", "ms", "us")},
    "nanoseconds": pd.to_datetime(NANOS, format="ISO8601").as_unit("ns"),
    "zoned": pd.date_range("2026-10-25", periods=ROWS, freq="h", tz="Europe/Berlin"),
    "utc": pd.to_datetime(NANOS, format="ISO8601", utc=True),
    "offset": pd.date_range("2026-01-01", periods=ROWS, tz=dt.timezone(dt.timedelta(hours=2))),
    "timedelta": pd.to_timedelta(["1ns", None, "-5 days", "1s", "0"]),
    "period": pd.period_range("2026-01", periods=ROWS, freq="M"),
    "interval": pd.interval_range(0.5, 5.5, closed="both"),
    "interval of times": pd.interval_range(pd.Timestamp("2026"), periods=ROWS),
    "text": ["a", None, "", "ünï 🎉", "a\x00b"],
    "text python": masked("string[python]", ["a", None, "", "ü", "b"]),
    "text arrow": masked("string[pyarrow]", ["a", None, "", "ü", "b"]),
    "objects text": np.array(["a", None, "", "ü", "b"], dtype=object),
    "objects nan": np.array(["a", np.nan, "", "ü", "b"], dtype=object),
    "objects NA": np.array(["a", pd.NA, "", "ü", "b"], dtype=object),
    "objects mixed": np.array(["a", 1, None, np.nan, 2.5], dtype=object),
    "objects missing": np.array([None, np.nan, pd.NA, pd.NaT, None], dtype=object),
    "surrogates": np.array(["\ud800", "x", None, "y", "z"], dtype=object),
    "bytes": np.array([b"a", b"", None, b"\x00\xff", b"b"], dtype=object),
    "decimals": np.array([Decimal("1.10"), Decimal("NaN"), None, Decimal(2), Decimal("-0")]),
    "dates": np.array([dt.date(2026, 1, 1), None, dt.date(1, 1, 1), dt.date.max, None]),
    "nested": np.array([[1, [2]], {"a": {"b": (1,)}}, None, {1, 2}, np.arange(2)], dtype=object),
    "big ints": np.array([2**100, -(2**100), 1, None, True], dtype=object),
    "category": pd.Categorical(["x", None, "y", "x", "x"], categories=["z", "y", "x"]),
    "ordered": pd.Categorical([1, 2, 3, 1, None], categories=[3, 1, 2, 99], ordered=True),
    "category of times": pd.Categorical(pd.date_range("2026", periods=ROWS, tz="UTC")),
    "category of nothing": pd.Categorical([None] * ROWS, categories=[]),
    **{d: masked(d, [1, None, 3, 0, 2]) for d in (
        "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64",
        "Float32", "Float64")},
    "Float64 with NaN": pd.arrays.FloatingArray(
        np.array([np.nan, 1.5, 0, np.nan, np.inf]), np.array([False, False, True, True, False])
    ),
    "boolean": masked("boolean", [True, None, False, True, None]),
    "sparse": pd.arrays.SparseArray([0, 0, 1, 0, 2]),
    "sparse nan": pd.arrays.SparseArray([np.nan, np.nan, 1.5, np.nan, 2]),
    "arrow int": masked(pd.ArrowDtype(pa.int32()), [1, None, 3, 4, 5]),
    "arrow list": pd.array([[1], None, [], [2, None], [3]],
                           dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
    "arrow decimal": pd.array([Decimal("1.10"), None, Decimal(2), Decimal(3), Decimal(4)],
                              dtype=pd.ArrowDtype(pa.decimal128(10, 2))),
    "arrow dictionary": pd.array(["a", None, "b", "a", "a"],
                                 dtype=pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string()))),
}  # fmt: skip
INDEXES: dict[str, Any] = {
    "range": pd.RangeIndex(ROWS),
    "range odd": pd.RangeIndex(10, 0, -2, name="r"),
    "numbers": pd.Index([5, 3, 3, 1, 0], name=("a", 1)),
    "text": pd.Index(list("abcde")),
    "objects": pd.Index(["a", 1, None, (1, 2), 2.5], dtype=object),
    "days": pd.date_range("2026-01-01", periods=ROWS, freq="D", name="day"),
    "months zoned": pd.date_range("2026-01-01", periods=ROWS, freq="MS", tz="America/New_York"),
    "irregular": pd.DatetimeIndex(["2026", "2024", None, "2024", "2025"]),
    "steps": pd.timedelta_range("1h", periods=ROWS, freq="30min"),
    "quarters": pd.period_range("2026Q1", periods=ROWS, freq="Q"),
    "intervals": pd.interval_range(0, ROWS),
    "categories": pd.CategoricalIndex(["a", "b", "a", None, "b"], ordered=True),
    "levels": pd.MultiIndex.from_arrays(
        [list("aabbc"), [1, 2, 1, None, 3], pd.date_range("2026", periods=ROWS, tz="UTC")],
        names=["x", None, "when"],
    ),
    "nullable": pd.Index([1, None, 3, 4, 5], dtype="Int64"),
}
LABELS: dict[str, Any] = {
    "of many types": pd.Index([1, "1", None, (1, 2), 2.5], dtype=object),
    "numbers": pd.Index([3, 1, 2, 10, -1]),
    "range": pd.RangeIndex(ROWS),
    "times": pd.date_range("2026", periods=ROWS, freq="D", name="when"),
    "levels": pd.MultiIndex.from_product([["a", "b"], [1, 2, 3]], names=["l", None])[:ROWS],
    "odd": pd.Index(["$a.b", "", "a\x00b", "c.0", "🎉"]),
    "categories": pd.CategoricalIndex(list("abcde")),
}


def column(kind: str, index: pd.Index | None = None) -> pd.Series:
    values = COLUMNS[kind]
    is_object = isinstance(values, np.ndarray) and values.dtype.hasobject
    # Said, or pandas makes text of objects.
    return pd.Series(values, index=index, dtype=object if is_object else None, name=kind)


def check(data: OmegaStore, frame: Any, **options: Any) -> None:
    data.put(frame, "x", **options)
    back = data.get("x")
    exact = {"check_exact": True, "check_freq": True, "check_flags": True}
    if isinstance(frame, pd.Series):
        pd.testing.assert_series_equal(back, frame, **exact)
        return
    pd.testing.assert_frame_equal(back, frame, check_column_type="exact", **exact)
    for one, two in ((back.index, frame.index), (back.columns, frame.columns)):
        pd.testing.assert_index_equal(one, two, exact=True, check_exact=True)
        assert type(one) is type(two)
    for label in range(frame.shape[1]):
        was, now = frame.iloc[:, label], back.iloc[:, label]
        if was.dtype == object:
            assert [type(v) for v in now] == [type(v) for v in was]
            assert [repr(v) for v in now] == [repr(v) for v in was]
    # What comes back is as good as new: nothing in it is read-only.
    if len(back) and back.shape[1] and isinstance(back.dtypes.iloc[0], np.dtype):
        back.iat[0, 0] = back.iat[-1, 0]


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_kind_of_column(data: OmegaStore, kind: str) -> None:
    frame = pd.DataFrame({"before": range(ROWS), kind: column(kind), "after": list("abcde")})
    check(data, frame)
    check(data, frame, chunk_rows=2)
    check(data, frame[0:0])
    check(data, frame[kind])
    check(data, frame[[kind]].iloc[[1]])


@pytest.mark.parametrize("kind", INDEXES)
def test_every_kind_of_index(data: OmegaStore, kind: str) -> None:
    frame = pd.DataFrame({"a": range(ROWS), "b": list("abcde")}, index=INDEXES[kind])
    check(data, frame)
    check(data, frame, chunk_rows=2)
    check(data, frame[[]])
    check(data, frame["a"])
    check(data, frame[0:0])


@pytest.mark.parametrize("kind", LABELS)
def test_every_kind_of_labels(data: OmegaStore, kind: str) -> None:
    frame = pd.DataFrame(np.arange(2 * ROWS).reshape(2, ROWS), columns=LABELS[kind])
    check(data, frame)
    for label in frame.columns:
        pd.testing.assert_frame_equal(data.get("x", columns=[label]), frame[[label]])


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_mixture(data: OmegaStore, draw: st.DataObject) -> None:
    kinds = draw.draw(st.lists(st.sampled_from(sorted(COLUMNS)), max_size=6))
    rows = draw.draw(st.lists(st.integers(0, ROWS - 1), max_size=12))
    index = INDEXES[draw.draw(st.sampled_from(sorted(INDEXES)))]
    columns = {n: column(kind, index) for n, kind in enumerate(kinds)}
    frame = pd.DataFrame(columns, index=index).iloc[rows]
    frame.attrs = draw.draw(st.dictionaries(st.text(), st.integers(), max_size=2))
    check(data, frame, chunk_rows=draw.draw(st.integers(1, 13)))
    assert data.get("x").attrs == frame.attrs
    if kinds:
        some = draw.draw(st.lists(st.sampled_from(range(len(kinds))), unique=True))
        pd.testing.assert_frame_equal(data.get("x", columns=some), frame[some], check_freq=True)


def test_columns_in_the_order_that_is_asked_for(data: OmegaStore) -> None:
    frame = pd.DataFrame(np.arange(12.0).reshape(3, 4), columns=list("abcd"), index=list("xyz"))
    data.put(frame, "x")
    for some in (["c", "a"], ["b"], [], ["d", "d", "a"]):
        pd.testing.assert_frame_equal(data.get("x", columns=some), frame[some])
    pd.testing.assert_frame_equal(data.get("x", columns="b"), frame[["b"]])
    with pytest.raises(UnknownColumnError, match="'e'"):
        data.get("x", columns=["a", "e"])
    with pytest.raises(UnknownColumnError):
        data.get("x", columns=[["a"]])
    with pytest.raises(UnknownColumnError, match="colums"):
        data.get("x", colums=["a"])


def test_frames_that_cannot_be_kept(data: OmegaStore) -> None:
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    custom = pd.offsets.CustomBusinessDay(holidays=["2026-01-05"])
    holidays = pd.DataFrame({"a": 1}, index=pd.date_range("2026-01-01", periods=9, freq=custom))
    for frame, reason in [
        (twice, "'a'"),
        (pd.DataFrame({"a": [1, object()]}), "column 'a' holds a"),
        (pd.DataFrame({"a": [1]}, index=[object()]), "index"),
        (pd.DataFrame({"a": [np.random.default_rng(1).bytes(17_000_000)]}), "file"),
        (holidays, "frequency"),
        (pd.DataFrame({"a": [1]}, index=pd.Index([1], name=object())), "labels"),
        (pd.DataFrame({"a": pd.DatetimeIndex(["2026"], tz=tz.gettz("Asia/Tokyo"))}), "zones"),
        (pd.DataFrame({"a": pd.array(["\ud800"], dtype="string[python]")}), "surrogate"),
    ]:
        with pytest.raises(InvalidFrameError, match=reason):
            data.put(frame, "x")
    with pytest.raises(InvalidFrameError, match="chunk_rows"):
        data.put(twice[:0], "x", chunk_rows=0)
    with pytest.raises(ObjectNotFoundError):
        data.get("x")


def test_wide_frames_are_split_over_documents(data: OmegaStore, mongo_url: str) -> None:
    frame = pd.DataFrame(np.random.default_rng(1).normal(size=(2000, 1500)))
    check(data, frame)
    with pymongo.MongoClient(mongo_url) as client:
        database = client.get_default_database()
        assert database["chunks"].count_documents({"_id.n": 0}) > 3
        options = database["chunks"].options()
    assert "block_compressor=none" in options["storageEngine"]["wiredTiger"]["configString"]


@pytest.mark.long
def test_very_many_columns_of_a_few_rows_fit_into_documents(data: OmegaStore) -> None:
    # Here the zones take as much room as the values, and both are in one document.
    check(data, pd.DataFrame(np.random.default_rng(1).normal(size=(2, 50_000))))


def test_wide_text_is_split_by_rows(data: OmegaStore) -> None:
    rng = np.random.default_rng(1)
    large = [rng.bytes(400_000) for _ in range(60)]
    frame = pd.DataFrame({"n": range(60), "large": large, "also": large[::-1]})
    check(data, frame)
    # Where a sample does not show how wide the rows are.
    few = [b""] * 5000
    few[1234:1264] = [rng.bytes(900_000) for _ in range(30)]
    check(data, pd.DataFrame({"large": few, "n": range(5000)}))


def test_zone_maps_bound_the_values(data: OmegaStore, mongo_url: str) -> None:
    when = pd.date_range("1970-01-01", periods=4, freq="s").as_unit("s")
    text = ["b", None, "a", "c" * 100]
    data.put(
        pd.DataFrame(
            {
                "n": [3, 1, 2, 9],
                "x": [1.5, np.nan, -2.0, np.inf],
                "t": when,
                "s": text,
                "u": np.array([1, 2, 3, 2**64 - 1], dtype="u8"),
            }
        ),
        "x",
        chunk_rows=3,
    )
    with pymongo.MongoClient(mongo_url) as client:
        found = client.get_default_database()["chunks"].find().sort("_id", 1)
        zones = [document["z"] for document in found]
    assert zones[0]["0"] == {"a": 1, "b": 3, "n": 0}
    assert zones[0]["1"] == {"a": -2.0, "b": 1.5, "n": 1}
    assert zones[1]["2"] == {"a": 3, "b": 3, "n": 0}
    assert zones[0]["3"] == {"a": "a", "b": "b", "n": 1}
    assert zones[1]["3"] == {"a": "c" * 64, "n": 0}
    assert zones[1]["4"] == {"n": 0}


def test_a_missing_chunk_is_noticed(data: OmegaStore, mongo_url: str) -> None:
    data.put(pd.DataFrame({"a": range(10)}), "x", chunk_rows=3)
    with pymongo.MongoClient(mongo_url) as client:
        client.get_default_database()["chunks"].delete_one({"_id.n": 3})
    with pytest.raises(IntegrityError, match="rows"):
        data.get("x")


def test_what_is_told_about_a_frame(data: OmegaStore) -> None:
    frame = pd.DataFrame({0: [1], 1: ["x"]})
    frame.columns = pd.Index(["$a.b\x00", "\ud800"], dtype=object)
    put = data.put(frame, "x")
    assert put.attributes["rows"] == 1
    assert put.attributes["columns"] == 2
    assert put.attributes["dtypes"] == [["$a.b\x00", "int64"], ["?", "str"]]
    assert data.metadata("x") == put
    assert data.put(frame["\ud800"], "s").attributes == {"rows": 1, "dtype": "str"}
