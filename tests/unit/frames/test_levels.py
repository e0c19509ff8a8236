"""Filters on the index select what pandas selects by its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from omegaml_lab.core.errors import InvalidFilterError, UnknownColumnError
from omegaml_lab.core.filters import Q
from tests.unit.frames.test_filters import same
from tests.unit.frames.twins import flights

if TYPE_CHECKING:
    from omegaml_lab.store.datasets import DatasetStore

DAYS = pd.date_range("2026-01-01", periods=120, freq="D", name="day")
INDEXES: dict[str, tuple[pd.Index[Any], str, Any, Any]] = {
    "range": (pd.RangeIndex(120), "index", 30, 60),
    "backwards": (pd.RangeIndex(240, 0, -2, name="n"), "n", 30, 60),
    "numbers": (pd.Index(np.arange(120) % 50), "index", 30, 40),
    "text": (pd.Index([f"k{n:03}" for n in range(120)], name="key"), "key", "k030", "k060"),
    "days": (DAYS, "day", "2026-02-01", "2026-03-01"),
    "levels": (
        pd.MultiIndex.from_arrays([np.arange(120) // 10, DAYS], names=["decade", "day"]),
        "day", "2026-02-01", "2026-03-01",
    ),
    "levels in no order": (
        pd.MultiIndex(
            levels=[[3, 1, 2], ["x"]], codes=[np.arange(120) % 4 - 1, [0] * 120], names=["a", "b"]
        ),
        "a", 1, 2,
    ),
    "ordered categories": (
        pd.MultiIndex.from_arrays(
            [pd.Categorical([*"bcad"] * 30, categories=[*"dbcae"], ordered=True), range(120)],
            names=["a", "b"],
        ),
        "a", "b", "a",
    ),
    "some of ordered categories": (
        pd.MultiIndex(
            levels=[pd.CategoricalIndex([*"abd"], categories=[*"dbcae"], ordered=True), ["x"]],
            codes=[np.arange(120) // 40, [0] * 120], names=["a", "b"],
        ),
        "a", "b", "a",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", INDEXES)
@pytest.mark.parametrize("cut", [120, 50])
def test_every_kind_of_index(data: DatasetStore, kind: str, cut: int) -> None:
    index, name, low, high = INDEXES[kind]
    frame = flights().set_axis(index)
    data.put(frame[:cut], "x", chunk_rows=10)
    if cut < 120:
        data.put(frame[cut:], "x", append=True, chunk_rows=7)
    frame = pd.concat([frame[:cut], frame[cut:]]) if cut < 120 else frame
    labels = frame.index.get_level_values(0 if name == "index" else name)
    level = pd.Series(labels)
    masks = {
        "eq": level == low, "ne": level != low, "ge": level >= low, "lt": level < high,
        "between": level.between(low, high), "in": level.isin(level.iloc[[3, 70]]),
        "isnull": level.isna(),
    }  # fmt: skip
    values = {"ne": low, "eq": low, "ge": low, "lt": high, "between": (low, high),
              "in": [*level.iloc[[3, 70]]], "isnull": True}  # fmt: skip
    for op, mask in masks.items():
        condition = Q(name, op, values[op])
        same(data.get("x", condition), frame[mask.to_numpy()])
        got = data.getl("x", condition & Q(month__gt=3), columns=["delay"]).compute()
        expected = frame[mask.to_numpy() & (frame.month > 3).to_numpy()][["delay"]]
        pd.testing.assert_frame_equal(got, expected, check_freq=False, check_index_type=False)


def test_levels_of_categories_stay_what_they_are(data: DatasetStore) -> None:
    kinds = pd.Categorical(["x", "y", "x", None], categories=[*"zyxw"], ordered=True)
    frame = pd.DataFrame({"k": kinds, "n": range(4), "v": 1.0}).set_index(["k", "n"])
    fewer = frame[frame.index.get_level_values("k") == "x"]
    fewer.index = fewer.index.remove_unused_levels()  # its codes count what is left
    for one in (frame, fewer, fewer.T):
        data.put(one, "x", chunk_rows=2)
        for got in (data.get("x"), data.getl("x").compute()):
            pd.testing.assert_frame_equal(got, one, check_exact=True, check_categorical=True)
            labels = got.index if one is not fewer.T else got.columns
            assert labels.equals(one.index if one is not fewer.T else one.columns)
    data.put(frame, "x")
    data.put(frame, "x", append=True)
    pd.testing.assert_frame_equal(data.get("x"), pd.concat([frame, frame]))


def test_a_label_that_is_missing_is_one_label(data: DatasetStore) -> None:
    frame = pd.DataFrame([[1, 2], [3, 4]], columns=[0.5, float("nan")])
    data.put(frame, "x")
    pd.testing.assert_frame_equal(data.getl("x").compute(), frame)
    pd.testing.assert_frame_equal(data.get("x", columns=[float("nan")]), frame[[np.nan]])


def test_labels_rule_out_chunks(data: DatasetStore) -> None:
    data.put(flights(), "x", chunk_rows=10)
    assert data.getl("x", index=35).npartitions == 1
    assert data.getl("x", index__between=(35, 44)).npartitions == 2
    assert data.getl("x", index__in=[1, 119]).npartitions == 2
    for kind, name, low in (
        ("text", "key", "k030"),
        ("days", "day", DAYS[7]),
        ("levels", "decade", 3),
    ):
        index = INDEXES[kind][0]
        data.put(flights().set_axis(index), "y", chunk_rows=10)
        assert data.getl("y", Q(name, "eq", low)).npartitions == 1


def test_a_column_comes_first(data: DatasetStore) -> None:
    data.put(pd.DataFrame({"index": [1, 2]}, index=[5, 6]), "x")
    assert len(data.get("x", index=1)) == 1
    with pytest.raises(UnknownColumnError):
        data.get("x", level_0=5)
    data.put(flights()["delay"], "s")
    same(data.get("s", index__lt=3), flights()["delay"][:3])
    with pytest.raises(InvalidFilterError, match="whole numbers holds no text"):
        data.get("s", index="a")


def test_each_level_keeps_the_name_that_all_rows_give_it(data: DatasetStore) -> None:
    frame = flights()[:30].set_index(["carrier", "month"])
    parts = [frame[:20], frame[20:].rename_axis(["carrier", "other"])]
    for number, part in enumerate(parts):
        data.put(part, "x", append=number > 0, chunk_rows=7)
    whole = pd.concat(parts)
    assert [*whole.index.names] == ["carrier", None]
    for got in (data.get("x"), pd.concat([*data.iterchunks("x")]), data.getl("x").compute()):
        pd.testing.assert_frame_equal(got, whole)
    pd.testing.assert_frame_equal(
        data.get("x", carrier="UA"), whole[whole.index.get_level_values(0) == "UA"]
    )
