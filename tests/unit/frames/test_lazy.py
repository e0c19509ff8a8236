"""Lazy frames compute what pandas computes, and read no more than they must."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pymongo
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omegaml_lab.core.errors import (
    IntegrityError,
    InvalidFilterError,
    InvalidFrameError,
    InvalidOptionError,
    ObjectNotFoundError,
    SchemaMismatchError,
    UnknownColumnError,
)
from omegaml_lab.core.filters import Q
from omegaml_lab.frames import grouping
from omegaml_lab.frames import lazy as module
from tests.unit.frames import twins
from tests.unit.frames.test_filters import same

if TYPE_CHECKING:
    from omegaml_lab.store.datasets import DatasetStore


def alike(got: Any, expected: Any) -> None:
    """Fail unless both are equal; what partitions were joined from has no frequency."""
    if isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(got, expected, check_freq=False, check_index_type=False)
    else:
        pd.testing.assert_frame_equal(got, expected, check_freq=False, check_index_type=False)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_twins(data: DatasetStore, drawn: st.DataObject) -> None:
    frame, kinds = drawn.draw(twins.frames())
    cut = drawn.draw(st.integers(0, len(frame)))
    data.put(frame[:cut], "x", chunk_rows=drawn.draw(st.integers(2, 9)), keep=False)
    data.put(frame[cut:], "x", append=True, chunk_rows=5)
    whole = pd.concat([frame[:cut], frame[cut:]])
    lazy = data.getl("x")
    assert isinstance(lazy, dd.DataFrame)
    alike(lazy.compute(), whole)
    assert len(lazy) == len(whole)
    for label in kinds:
        assert lazy[label].dtype == whole[label].dtype
        alike(lazy[label].compute(), whole[label])
    condition, mask = twins.conditions(drawn.draw, whole.reset_index(drop=True), kinds)
    expected = twins.chosen(whole, mask.set_axis(whole.index))
    some = drawn.draw(st.lists(st.sampled_from(sorted(kinds)), unique=True, min_size=1))
    alike(data.getl("x", condition, columns=some).compute(), expected[some])
    chunks = list(data.iterchunks("x", condition, columns=some))
    alike(pd.concat(chunks), expected[some])
    assert all(len(chunk) for chunk in chunks[1:])


def test_what_pandas_computes(data: DatasetStore, flights: pd.DataFrame) -> None:
    lazy = data.getl("flights")
    assert lazy.npartitions == 12
    means = lazy.groupby("month")["delay"].mean().compute().sort_index()
    pd.testing.assert_series_equal(means, flights.groupby("month")["delay"].mean())
    merged = lazy.merge(pd.DataFrame({"month": [3, 4], "name": ["March", "April"]}), on="month")
    assert len(merged) == 20
    late = lazy[lazy.delay > 30]
    alike(late.compute(), flights[flights.delay > 30])
    assert lazy.delay.sum().compute() == flights.delay.sum()
    alike(lazy.head(3), flights.head(3))
    alike(lazy.loc[25:34].compute(), flights.loc[25:34])


def test_only_the_columns_that_are_computed_are_read(
    data: DatasetStore, flights: pd.DataFrame, mongo_url: str
) -> None:
    with pymongo.MongoClient(mongo_url) as client:
        client.get_default_database()["chunks"].update_many({}, {"$unset": {"c.1": True}})
    lazy = data.getl("flights")
    alike(lazy[["delay", "month"]].compute(), flights[["delay", "month"]])
    assert lazy.month.max().compute() == 12
    assert lazy.groupby("month").delay.count().compute().sum() == flights.delay.count()
    assert len(lazy) == 120
    assert len(data.getl("flights", delay__gt=30)) == (flights.delay > 30).sum()
    with pytest.raises(IntegrityError):
        lazy.carrier.compute()


def test_filters_leave_out_partitions(data: DatasetStore, flights: pd.DataFrame) -> None:
    lazy = data.getl("flights", month__ge=11, carrier="UA")
    assert lazy.npartitions == 2
    alike(lazy.compute(), flights[(flights.month >= 11) & (flights.carrier == "UA")])
    assert lazy.divisions == (100, 110, 119)
    none = data.getl("flights", Q(month__gt=12), columns=["delay"])
    alike(none.compute(), flights[flights.month > 12][["delay"]])
    assert none.npartitions == 1


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (pd.RangeIndex(10, 22, 2), (10, 16, 20)),
        (pd.Index([1, 2, 2, 5, 6, 7]), (1, 5, 7)),
        (pd.Index([0.5, 1, 2, 5, 6, 7]), (0.5, 5.0, 7.0)),
        (pd.Index(list("abcdef")), ("a", "d", "f")),
        (
            pd.date_range("2026", periods=6, freq="D", tz="Europe/Berlin"),
            tuple(pd.DatetimeIndex(["2026-01-01", "2026-01-04", "2026-01-06"],
                                   tz="Europe/Berlin")),
        ),
        (
            pd.DatetimeIndex(["2026", "2027", "2028", "2029", "2030", "2031"]).as_unit("s"),
            tuple(pd.DatetimeIndex(["2026", "2029", "2031"])),
        ),
        (pd.Index([1, 2, 3, 3, 4, 5]), None),
        (pd.Index([3, 2, 1, 4, 5, 6]), None),
        (pd.Index(["a", "b", "c", "d", "e", None]), None),
        (pd.RangeIndex(6, 0, -1), None),
        (pd.MultiIndex.from_product([[1, 2], [1, 2, 3]]), None),
        (pd.period_range("2026-01", periods=6, freq="M"), None),  # zones hold ordinals
        (pd.date_range("2026", periods=6).astype("timestamp[us][pyarrow]"), None),
    ],
)  # fmt: skip
def test_divisions(data: DatasetStore, index: pd.Index, expected: Any) -> None:
    frame = pd.DataFrame({"a": range(6)}, index=index)
    data.put(frame, "x", chunk_rows=3)
    lazy = data.getl("x")
    assert lazy.divisions == ((None,) * 3 if expected is None else expected)
    alike(lazy.compute(), frame)
    if expected is not None or isinstance(index, pd.PeriodIndex):
        alike(lazy.loc[index[1] : index[4]].compute(), frame.loc[index[1] : index[4]])
        alike(lazy.loc[index[4] :].a.compute(), frame.loc[index[4] :].a)


def test_usual_chunks_are_gathered(
    data: DatasetStore, monkeypatch: pytest.MonkeyPatch, mongo_url: str
) -> None:
    monkeypatch.setattr(module, "CHUNK_ROWS", 10)
    monkeypatch.setattr(module, "_MOST_ROWS", 40)
    frame = twins.flights()
    data.put(frame, "x", chunk_rows=10)
    assert data.getl("x").divisions == (0, 40, 80, 119)
    alike(data.getl("x").compute(), frame)
    alike(
        data.getl("x", carrier="UA").loc[30:50].compute(), frame[frame.carrier == "UA"].loc[30:50]
    )
    monkeypatch.setattr(grouping, "_TASK_CELLS", 50)
    means = data.query("x", by="carrier", aggregate={"delay": "mean"}, month__ne=3)
    expected = frame[frame.month != 3].groupby("carrier")[["delay"]].mean()
    pd.testing.assert_frame_equal(means, expected)
    whole = data.getl("x")
    with pymongo.MongoClient(mongo_url) as client:  # the head needs the first chunks alone
        client.get_default_database()["chunks"].delete_many({"_id.n": {"$gt": 20}})
    for n in (1, 5, 10, 11, 25):
        alike(whole.head(n), frame.head(n))
        alike(whole[[*frame.columns]].head(n), frame.head(n))
        alike(whole.delay.head(n), frame.delay.head(n))
    for n in range(0, 60, 3):
        data.put(frame[n : n + 3], "y", append=True, chunk_rows=10)
    assert data.getl("y").npartitions == 2
    alike(data.getl("y", delay__gt=20).compute(), data.get("y", delay__gt=20))
    labelled = frame.set_index("month")
    for name in ("month", "other"):
        data.put(labelled.rename_axis(index=name), "z", append=True, chunk_rows=10)
    alike(data.getl("z").compute(), data.get("z"))


def test_it_stays_the_revision_that_it_was(data: DatasetStore, flights: pd.DataFrame) -> None:
    lazy, chunks = data.getl("flights"), data.iterchunks("flights")
    data.put(flights[:5], "flights", append=True)
    data.put(pd.DataFrame({"other": [1]}), "flights")
    alike(lazy.compute(), flights)
    alike(pd.concat(chunks), flights)
    assert len(data.getl("flights@2")) == 125


def test_names_of_one_frame_are_one(data: DatasetStore, flights: pd.DataFrame) -> None:
    assert data.getl("flights")._name == data.getl("flights")._name
    before = data.getl("flights", month=3)
    assert before._name != data.getl("flights", month=4)._name
    data.put(flights, "flights")
    assert before._name != data.getl("flights", month=3)._name


def test_long_lists_of_values_are_told_apart(data: DatasetStore) -> None:
    data.put(pd.DataFrame({"n": range(200)}), "x")
    ones = pd.Series(range(100))
    others = ones.where(~ones.between(10, 89), ones + 100)  # of both pandas shows the ends
    for kind in (pd.Series, np.array, list):
        frames = [data.getl("x", n__in=kind(values)) for values in (ones, others)]
        assert frames[0]._name != frames[1]._name
        assert frames[0]._name == data.getl("x", n__in=kind(ones))._name
        joined = dd.concat(frames).compute()
        assert joined.n.tolist() == [*ones, *sorted(others)]


def test_series(data: DatasetStore, flights: pd.DataFrame) -> None:
    data.put(flights["delay"], "delay", chunk_rows=50)
    lazy = data.getl("delay", delay__gt=20)
    assert isinstance(lazy, dd.Series)
    alike(lazy.compute(), flights.delay[flights.delay > 20])
    alike(pd.concat(data.iterchunks("delay")), flights.delay)


def test_other_processes_compute_too(data: DatasetStore, flights: pd.DataFrame) -> None:
    with dask.config.set(scheduler="processes", num_workers=2):
        assert data.getl("flights").delay.sum().compute() == flights.delay.sum()


def test_a_task_takes_only_its_own_segment_along(data: DatasetStore) -> None:
    largest = []
    for n in range(12):
        frame = pd.DataFrame({"n": [n, 0]}, index=pd.Index([n, n + 0.5], name=f"index {n % 2}"))
        data.put(frame, "x", append=True, chunk_rows=2)
        tasks = dict(data.getl("x", n__ge=0).__dask_graph__()).values()
        largest.append(max(len(pickle.dumps(task)) for task in tasks))
    assert largest[11] < largest[2] + 100
    alike(data.getl("x").compute(), data.get("x"))
    assert data.getl("x").partitions[5].compute().index.names == [None]


def test_errors_are_those_of_get(data: DatasetStore, flights: pd.DataFrame) -> None:
    data.put(b"x", "file")
    for read in (data.getl, data.iterchunks):
        with pytest.raises(UnknownColumnError, match="Did you mean 'month'"):
            read("flights", columns=["mnth"])
        with pytest.raises(InvalidFilterError, match="no operator 'after'"):
            read("flights", month__after=3)
        with pytest.raises(InvalidOptionError, match=r"has no rows|has rows|frames and arrays"):
            read("file")
        with pytest.raises(ObjectNotFoundError):
            read("flihgts")


def test_chunks_are_read_one_ahead(data: DatasetStore, flights: pd.DataFrame) -> None:
    chunks = data.iterchunks("flights", columns=["month"])
    same(next(chunks), flights[["month"]][:10])
    data.drop("flights")  # what is read is no longer there under a name
    assert [len(chunk) for chunk in chunks] == [10] * 11
    data.put(flights[:0], "empty")
    (nothing,) = data.iterchunks("empty")
    same(nothing, flights[:0])


# -- writing -----------------------------------------------------------------------------------


def test_dask_frames_are_written_by_partition(data: DatasetStore, flights: pd.DataFrame) -> None:
    lazy = dd.from_pandas(flights, npartitions=5, sort=False)
    put = data.put(lazy, "x", chunk_rows=10)
    assert put.kind == "pandas.chunks"
    assert put.attributes["rows"] == 120
    assert put.attributes["columns"] == 3
    alike(data.get("x"), lazy.compute())
    assert data.getl("x").npartitions >= 12
    data.put(lazy["delay"], "s")
    alike(data.get("s"), flights["delay"])
    # From the repository, through Dask, and back: the text stays what it was.
    late = data.getl("flights", month__gt=3).assign(hours=lambda f: f.delay / 60)
    data.put(late, "late")
    expected = flights[flights.month > 3].assign(hours=lambda f: f.delay / 60)
    alike(data.get("late"), expected)
    alike(data.get("late", hours__gt=2), expected[expected.hours > 2])
    data.put(data.getl("flights", month__gt=99), "nothing")
    alike(data.get("nothing"), flights[:0])


def test_partitions_with_holes_and_without(data: DatasetStore) -> None:
    frame = pd.DataFrame({"n": range(30), "odd": [*[1] * 10, *[1, 1, 0, 1, 0] * 4]})
    data.put(frame, "x", chunk_rows=10)
    data.put(data.getl("x", odd=1).assign(m=lambda f: f.n * 2), "y")
    alike(data.get("y"), frame[frame.odd == 1].assign(m=lambda f: f.n * 2))
    for odd, some in ((0, frame[10:]), (1, frame[::-1])):  # the first has holes, or is none
        data.put(some, "x", chunk_rows=10)
        data.put(data.getl("x", odd=odd), "y")
        alike(data.getl("y").compute(), some[some.odd == odd])
        alike(data.get("y", n__lt=17), some[(some.odd == odd) & (some.n < 17)])
    parts = [frame[:5], frame[5:].set_index(frame.index[5:].astype(str))]
    with pytest.raises(InvalidFrameError, match=r"index is str.* in partition 1 and int64 before"):
        data.put(dd.from_map(lambda n: parts[n], [0, 1], meta=parts[0]), "z")


def test_partitions_that_are_not_alike(data: DatasetStore) -> None:
    parts = [pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1.5]})]
    lazy = dd.from_map(lambda n: parts[n], [0, 1], meta=parts[0])
    with pytest.raises(InvalidFrameError, match="column 'a' is float64 in partition 1"):
        data.put(lazy, "x")
    assert not data.exists("x")
    data.put(parts[0], "x")
    with pytest.raises(SchemaMismatchError, match="column 'a' is int64 there and float64 here"):
        data.put(lazy, "x", append=True)


def test_nothing_lazy_is_loaded_before_it_is_asked_for() -> None:
    code = (
        "import sys, omegaml_lab as om\n"
        "from omegaml_lab import Q\n"
        "Q(a=1) | ~Q('b', 'gt', 2)\n"
        "om.Omega('mongodb://127.0.0.1:1/x').datasets\n"
        "print(sorted({'pandas', 'dask', 'pyarrow', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_first_rows_may_be_in_several_partitions(data: DatasetStore) -> None:
    frame = pd.DataFrame({"a": range(20), "b": range(20)})
    data.put(frame[:8], "x", chunk_rows=2)
    data.put(frame[8:], "x", append=True, chunk_rows=3)
    lazy = data.getl("x")
    for several in (-1, 3, 4):
        alike(lazy.head(5, npartitions=several), frame.head(5))
        alike(lazy.a.head(5, npartitions=several), frame.a.head(5))
        alike((lazy + 1).head(5, npartitions=several), (frame + 1).head(5))
