"""Filters select what the same mask selects in pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pymongo
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import monitoring

from omegaml_lab.core.errors import (
    IntegrityError,
    InvalidFilterError,
    InvalidOptionError,
    UnknownColumnError,
)
from omegaml_lab.core.filters import Q
from omegaml_lab.omega import Omega
from tests.unit.frames import twins

if TYPE_CHECKING:
    from omegaml_lab.store.store import OmegaStore


@pytest.fixture
def flights(data: OmegaStore) -> pd.DataFrame:
    frame = twins.flights()
    data.put(frame, "flights", chunk_rows=10)
    return frame


def same(got: Any, expected: Any) -> None:
    check = {"check_exact": True, "check_freq": True}
    if isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(got, expected, **check)
    else:
        pd.testing.assert_frame_equal(got, expected, check_column_type="exact", **check)
    assert type(got.index) is type(expected.index)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_twins(data: OmegaStore, drawn: st.DataObject) -> None:
    frame, kinds = drawn.draw(twins.frames())
    data.put(frame, "x", chunk_rows=drawn.draw(st.integers(2, 9)), keep=False)
    for _ in range(4):  # to put takes longest
        condition, mask = twins.conditions(drawn.draw, frame, kinds)
        expected = twins.chosen(frame, mask)
        same(data.get("x", condition), expected)
        some = drawn.draw(st.lists(st.sampled_from(sorted(kinds)), max_size=2))
        same(data.get("x", condition, columns=some), expected[some])


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_twins_of_series(data: OmegaStore, drawn: st.DataObject) -> None:
    frame, kinds = drawn.draw(twins.frames())
    label = min(kinds)
    data.put(frame[label], "x", chunk_rows=drawn.draw(st.integers(2, 9)), keep=False)
    for _ in range(4):
        condition, mask = twins.conditions(drawn.draw, frame, {label: kinds[label]})
        same(data.get("x", condition), twins.chosen(frame[label], mask))


def test_keywords(data: OmegaStore, flights: pd.DataFrame) -> None:
    f = flights
    same(data.get("flights", month=3), f[f.month == 3])
    same(data.get("flights", month__eq=3, carrier="UA"), f[(f.month == 3) & (f.carrier == "UA")])
    late = f[(f.month >= 6) & f.carrier.isin(["UA", "AA"])][["delay", "carrier"]]
    got = data.get("flights", columns=["delay", "carrier"], month__gte=6, carrier__in=["UA", "AA"])
    same(got, late)
    same(data.get("flights", month__gt=12), f[f.month > 12])
    same(data.get("flights", month__between=(2, 3)), f[f.month.between(2, 3)])
    same(data.get("flights", delay__isnull=True), f[f.delay.isna()])
    same(data.get("flights", carrier__not_in={"UA"}), f[~f.carrier.isin(["UA"])])
    same(data.get("flights", ~Q(delay__lt=30) | Q(month=1)), f[~(f.delay < 30) | (f.month == 1)])
    same(data.get("flights", Q(month=1), Q(carrier="UA"), delay__ge=9),
         f[(f.month == 1) & (f.carrier == "UA") & (f.delay >= 9)])  # fmt: skip
    same(data.get("flights", carrier__in=[]), f[:0].set_index(pd.RangeIndex(0)))


def test_values_that_can_be_read_once(data: OmegaStore, flights: pd.DataFrame) -> None:
    some, rest = (flights[m] for m in (flights.month.isin([2, 3]), ~flights.month.isin([2, 3])))
    same(data.get("flights", month__in=map(int, "23")), some)
    same(data.get("flights", month__not_in=(n for n in (2, 3))), rest)
    same(data.get("flights", month__between=iter([2, 3])), some)
    again = Q("month", "in", iter([2, 3])) & Q(month__in=filter(None, [2, 3]))
    for _ in range(2):
        same(data.get("flights", again), some)


def test_names_that_need_care(data: OmegaStore) -> None:
    frame = pd.DataFrame(
        {"a": [1, 2, 3], "a__in": [3, 2, 1], "name": ["x", "y", "z"], 5: [7, 8, 9], "columns": 1.0}
    )
    frame[("t", 1)] = [True, False, True]
    frame["self"] = frame["cls"] = ["p", "q", "q"]
    data.put(frame, "x")
    same(data.get("x", a__in=2), frame[frame["a__in"] == 2])
    same(data.get("x", Q("a", "in", [2])), frame[frame["a"] == 2])
    same(data.get("x", a__in__gt=1), frame[frame["a__in"] > 1])
    same(data.get("x", name="y"), frame[frame["name"] == "y"])
    same(data.get("x", self="q"), frame[frame["self"] == "q"])
    same(data.get("x", Q(self="q"), cls__ne="p"), frame[frame["cls"] == "q"])
    assert data.getl("x", self="q").compute().a.tolist() == [2, 3]
    assert [len(chunk) for chunk in data.iterchunks("x", self="q")] == [2]
    same(data.get("x", Q(5, "ge", 8)), frame[frame[5] >= 8])
    same(data.get("x", Q("columns", "eq", 1)), frame)
    same(data.get("x", Q(("t", 1), "ne", 1)), frame[frame[("t", 1)] != 1])


def test_unknown_columns_and_operators(data: OmegaStore, flights: pd.DataFrame) -> None:
    with pytest.raises(UnknownColumnError, match=r"'carier'.*Did you mean 'carrier'"):
        data.get("flights", carier="UA")
    with pytest.raises(UnknownColumnError, match=r"column 'carier'.*Did you mean 'carrier'"):
        data.get("flights", carier__in=["UA"])
    with pytest.raises(UnknownColumnError, match="no column 'mnth'"):
        data.get("flights", columns=(name for name in ("delay", "mnth")))
    with pytest.raises(InvalidOptionError, match="list of labels, not 5"):
        data.get("flights", columns=5)
    with pytest.raises(UnknownColumnError, match="no column 5"):
        data.get("flights", Q(5, "eq", 1) | Q(month=1))
    with pytest.raises(UnknownColumnError):
        data.get("flights", Q(["month"], "eq", 1))
    with pytest.raises(InvalidFilterError, match=r"'gta'.*'month'.*no operator 'gta'.*'gt'"):
        data.get("flights", Q("month", "gta", 1))
    with pytest.raises(InvalidFilterError, match=r"startwith.*Did you mean 'startswith'"):
        data.get("flights", carrier__startwith="U")


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        ({"month": "three"}, "holds no text"),
        ({"month__in": [3, "three"]}, "holds no text"),
        ({"month": object()}, "holds no object"),
        ({"month__lt": object()}, "holds no object"),
        ({"month__not_in": [object()]}, "holds no object"),
        ({"month": np.timedelta64(3, "s")}, "holds no timedelta64"),
        ({"month__gt": "three"}, "month"),
        ({"month__contains": "3"}, "for text, and the column holds whole numbers"),
        ({"carrier": 3}, "holds no number"),
        ({"carrier__startswith": 3}, "text"),
        ({"carrier__in": "UA"}, "list"),
        ({"month__between": 3}, "two values"),
        ({"month__isnull": None}, "True or False"),
        ({"month": [1, 2]}, "one value"),
        ({"delay": None}, "isnull"),
        ({"delay__gt": np.nan}, "isnull"),
        ({"month__gt": 99, "carrier__gt": 3}, "carrier"),  # though no chunk is left to look at
    ],
)
def test_values_that_do_not_fit(
    data: OmegaStore, flights: pd.DataFrame, filters: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidFilterError, match=reason):
        data.get("flights", **filters)
    data.put(flights[:0], "empty")
    with pytest.raises(InvalidFilterError, match=reason):
        data.get("empty", **filters)


def test_series_go_by_their_name(data: OmegaStore) -> None:
    series = pd.Series([1.5, np.nan, 3.0], index=list("abc"), name="price")
    data.put(series, "s")
    same(data.get("s", price__gt=2), series[series > 2])
    with pytest.raises(UnknownColumnError, match="price"):
        data.get("s", value__gt=2)
    data.put(series.rename(None), "s")
    same(data.get("s", value__gt=2), series.rename(None)[series > 2])
    with pytest.raises(InvalidOptionError, match="Series"):
        data.get("s", columns=["price"])


def test_other_kinds_have_no_columns(data: OmegaStore) -> None:
    data.put({"a": 1}, "value")
    for where, options in (
        ((), {"columns": ["a"]}), ((), {"a": 1}), ((Q(a=1),), {}), ((), {"name": 1}),
    ):  # fmt: skip
        with pytest.raises(InvalidOptionError, match=r"'value' in datasets.*python\.value"):
            data.get("value", *where, **options)


def test_the_server_leaves_out_what_zones_rule_out(
    data: OmegaStore, flights: pd.DataFrame, mongo_url: str
) -> None:
    # Without its data no chunk of the first eleven months can be read.
    with pymongo.MongoClient(mongo_url) as client:
        chunks = client.get_default_database()["chunks"]
        chunks.update_many({"_id.n": {"$lt": 110}}, {"$unset": {"c": True}})
    last = flights[flights.month == 12]
    for condition in (
        Q(month=12), Q(month__gt=11), Q(month__in=[12, 99]), Q(month__between=(11.5, 20)),
        ~Q(month__lt=12), ~Q(month__ne=12), Q(month=12) | Q(month=99),
        Q(month__ge=12) & Q(carrier__ne="XX"),
    ):  # fmt: skip
        same(data.get("flights", condition), last)
    for condition in (Q(month__ge=11), Q(month=12) | Q(carrier="UA"), ~Q(month=1)):
        with pytest.raises(IntegrityError):
            data.get("flights", condition)


def test_a_projection_fetches_only_its_columns(data: OmegaStore, flights: pd.DataFrame,
                                               mongo_url: str) -> None:  # fmt: skip
    class Listener(monitoring.CommandListener):
        def __init__(self) -> None:
            self.seen: list[set[str]] = []

        def started(self, event: Any) -> None:
            return None

        def failed(self, event: Any) -> None:
            return None

        def succeeded(self, event: Any) -> None:
            for document in event.reply.get("cursor", {}).get("firstBatch", []):
                if "c" in document:
                    self.seen.append(set(document["c"]))

    monitoring.register(listener := Listener())
    try:
        with Omega(mongo_url) as omega:
            omega.datasets.get("flights", columns=["delay"], carrier="UA")
    finally:
        monitoring._LISTENERS.command_listeners.remove(listener)
    assert listener.seen
    assert all(columns == {"1", "2"} for columns in listener.seen)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_now_is_the_time_in_the_zone(data: OmegaStore, zone: str) -> None:
    hours = pd.to_timedelta([-20, -1, 1, 20], unit="h")
    frame = pd.DataFrame({"when": pd.Timestamp.now(zone).as_unit("us") + hours})
    data.put(frame, "x", chunk_rows=1)
    same(data.get("x", when__le="now"), frame[:2])
    same(data.get("x", when__gt="now"), frame[2:])


def test_long_doubles_are_not_rounded(data: OmegaStore) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    data.put(frame, "x", chunk_rows=1)
    above = np.longdouble(1) + np.finfo(np.longdouble).eps
    same(data.get("x", x__lt=above), frame[frame.x < above])


@pytest.mark.parametrize("dtype", ["str", "string[python]", "string[pyarrow]", object])
def test_nuls_at_the_end_of_text_count(data: OmegaStore, dtype: Any) -> None:
    values = ["a", "a\x00", "a\x00b", None, ""]
    frame = pd.DataFrame({"t": pd.Series(values, dtype=dtype)})
    data.put(frame, "x", chunk_rows=5)
    same(data.get("x", t="a\x00"), frame.iloc[[1]])
    same(data.get("x", t="a"), frame.iloc[[0]])
    if dtype is not object:  # with None in it, which has no order
        same(data.get("x", t__gt="a\x00"), frame.iloc[[2]])
        same(data.get("x", t__between=("a\x00", "a\x00")), frame.iloc[[1]])


def test_text_among_other_objects(data: OmegaStore) -> None:
    # Chunks with text alone, without any, and with both.
    values = ["ab", "b", 1, 2.5, None, "ba", pd.NA, "c", (1, 2), b"a"]
    frame = pd.DataFrame({"o": np.array([*values, None], dtype=object)[:-1]})
    data.put(frame, "x", chunk_rows=2)
    same(data.get("x", o__contains="a"), frame.iloc[[0, 5]])
    same(data.get("x", o__startswith="b"), frame.iloc[[1, 5]])
    same(data.get("x", ~Q(o__contains="a")), frame.iloc[[1, 7]])
    assert data.getl("x", o__contains="a").compute().o.tolist() == ["ab", "ba"]


def test_numbers_of_the_other_byte_order(data: OmegaStore) -> None:
    here = pd.DataFrame({"n": np.arange(6, dtype="i4"), "x": np.arange(6) / 2})
    there = {"n": ">i4", "x": ">f8"}
    for part in (here[:4], here[4:]):
        data.put(part.astype(there), "x", append=True, chunk_rows=2)
    # Pandas itself takes no rows of such frames.
    same(data.get("x", n__ge=3), here[here.n >= 3].astype(there))
    some = here[(here.x < 2) & (here.n != 1)].astype(there)
    same(data.get("x", x__lt=2, n__ne=1), some)
    lazy = data.getl("x", x__lt=2, n__ne=1).compute()  # Dask joins them to native numbers
    pd.testing.assert_frame_equal(lazy, some, check_dtype=False)


def test_small_categories_and_large_numbers(data: OmegaStore) -> None:
    frame = pd.DataFrame({"o": pd.Categorical([1, 2, 1], categories=np.array([1, 2], "i1"))})
    data.put(frame, "x")
    assert frame.o.cat.categories.dtype == "int8"
    same(data.get("x", o=300), frame[:0].set_index(pd.RangeIndex(0)))
    same(data.get("x", o__in=[300, 2]), frame[frame.o == 2])


def test_columns_in_several_documents(data: OmegaStore) -> None:
    # Groups of columns, of which one is cut into smaller chunks than the other.
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"n": np.arange(60), "x": rng.normal(size=60)})
    frame["large"] = [rng.bytes(400_000) for _ in range(60)]
    frame["also"] = frame["large"].to_numpy()[::-1]
    data.put(frame, "x")
    same(data.get("x", n__between=(17, 31)), frame[frame.n.between(17, 31)])
    same(data.get("x", x__gt=1, columns=["also", "n"]), frame[frame.x > 1][["also", "n"]])


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        ({"when__gt": "yesterday"}, "holds times, and 'yesterday' is none: write it as '2026-"),
        ({"when__in": ["2026-01-01", "yesterday"]}, "'yesterday' is none: write it as"),
        ({"when__gt": pd.Timestamp("2026", tz="UTC")}, "without a zone.*leave the zone out"),
        ({"zoned__gt": pd.Timestamp("2026")}, "in the zone UTC.*say its zone"),
        ({"lasted__gt": 3}, "holds lengths of time, .* with 3: write it as '90 min'"),
        ({"grade__gt": "b"}, "categories without an order, so use eq, ne, in or not_in"),
        ({"n__gt": "1"}, "holds whole numbers, which do not compare with '1'"),
        ({"things__gt": 3}, "not all Python objects of the column compare with 3"),
        ({"between__contains": "3"}, "for text, and the column holds intervals"),
        ({"text__contains": "a\ud800"}, r"'a\\ud800' holds half of a surrogate pair"),
    ],
)
def test_what_pandas_refuses_is_told_in_words_of_ours(
    data: OmegaStore, filters: dict[str, Any], reason: str
) -> None:
    times = pd.to_datetime(["2026-01-01", "2026-01-02"])
    frame = pd.DataFrame(
        {
            "when": times,
            "zoned": times.tz_localize("UTC"),
            "lasted": pd.to_timedelta([1, 2], "s"),
            "grade": pd.Categorical(["a", "b"]),
            "n": [1, 2],
            "things": [[1], {"a": 1}],
            "between": pd.interval_range(0, 2),
            "text": ["a", "b"],
        }
    )
    data.put(frame, "x")
    with pytest.raises(InvalidFilterError, match=reason) as caught:
        data.get("x", **filters)
    assert "dtype" not in str(caught.value)


@pytest.mark.parametrize(
    ("op", "meant"),
    [("equals", "eq"), (">=", "ge"), ("notin", "not_in"), ("like", "contains"), ("GT", "gt")],
)
def test_operators_of_other_languages(
    data: OmegaStore, flights: pd.DataFrame, op: str, meant: str
) -> None:
    with pytest.raises(InvalidFilterError, match=f"Did you mean '{meant}'\\?"):
        data.get("flights", Q("month", op, 1))


def test_a_condition_that_is_none_says_how_one_is_written(
    data: OmegaStore, flights: pd.DataFrame
) -> None:
    with pytest.raises(TypeError, match=r"not a Series: write it as .* Q\(month__ge=6\)"):
        data.get("flights", flights.month > 1)
