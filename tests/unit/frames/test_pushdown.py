"""Masks on lazy frames: rows are those of pandas; chunks that cannot have them stay unread."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from omegaml_lab.frames.pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.store.datasets import DatasetStore

CHUNKS = 10
# What is asked, and of how many chunks each column may be read for it.
ASKED: dict[str, tuple[Callable[[Any], Any], int]] = {
    "greater": (lambda f: f[f.id > 850], 2),
    "turned": (lambda f: f[850 < f.id], 2),  # noqa: SIM300
    "both": (lambda f: f[(f.id > 300) & (f.half == "b")], 5),
    "either": (lambda f: f[(f.id < 50) | (f.id >= 950)], 2),
    "not": (lambda f: f[~(f.id > 50)], 1),
    "text as time": (lambda f: f[f.when >= "2024-02-07"], 2),
    "missing": (lambda f: f[f.x.isna()], 1),
    "between": (lambda f: f[f.id.between(310, 320)], 1),
    "nothing": (lambda f: f[f.id > 5000], 0),
    "a sum": (lambda f: f[f.id > 850].x.sum(), 2),
    "how many": (lambda f: f[f.id > 850].index.size, 2),
    "of groups": (lambda f: f[f.id > 700].groupby("half").x.mean(), 3),
    "of something computed": (lambda f: f[(f.id > 850) & (f.x > f.x.mean())], CHUNKS),
    "of another column": (lambda f: f[f.id > f.x], CHUNKS),
    "beside the whole": (lambda f: f[f.id > 850].x.sum() / f.x.sum(), CHUNKS),
    "once more": (lambda f: f[f.id > 300].pipe(lambda some: some[some.half == "b"]), 5),
    "by labels": (lambda f: f.loc[f.id > 850], CHUNKS),
    "what cannot be compared": (lambda f: f[f.id == "a"], CHUNKS),
}


@pytest.fixture
def frame() -> pd.DataFrame:
    n = CHUNKS * 100
    x = np.random.default_rng(1).normal(size=n)
    x[5] = np.nan
    half = np.where(np.arange(n) < n // 2, "a", "b")
    when = pd.date_range("2024-01-01", periods=n, freq="h")
    return pd.DataFrame({"id": np.arange(n), "x": x, "half": half, "when": when})


def test_chunks_that_a_mask_rules_out_stay_unread(
    data: DatasetStore, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.put(frame, "f", chunk_rows=100)
    lazy = data.getl("f")
    read: set[tuple[int, ...]] = set()
    whole = Pieces.read

    def counted(self: Pieces, block: Any, **how: Any) -> Any:
        read.update((position, block.rows.start) for position in self.positions)
        return whole(self, block, **how)

    monkeypatch.setattr(Pieces, "read", counted)
    for name, (ask, most) in ASKED.items():
        read.clear()
        asked, expected = ask(lazy), ask(frame)
        got = asked.compute() if hasattr(asked, "compute") else asked
        if isinstance(expected, pd.DataFrame | pd.Series):
            same: Any = pd.testing.assert_frame_equal
            if isinstance(expected, pd.Series):
                same = pd.testing.assert_series_equal
            same(got.sort_index(), expected.sort_index(), check_freq=False)
        else:
            assert got == pytest.approx(expected), name
        starts = {start for _, start in read}
        assert len(starts) <= most, name


def test_a_filter_and_a_mask_rule_out_both(data: DatasetStore, frame: pd.DataFrame) -> None:
    data.put(frame, "f", chunk_rows=100)
    lazy = data.getl("f", half="b")
    pd.testing.assert_frame_equal(
        lazy[lazy.id < 620].compute(), frame[(frame.half == "b") & (frame.id < 620)]
    )
    assert len(lazy[lazy.id < 100]) == 0
    assert len(lazy[lazy.id < 620]) == 120
    assert len(lazy) == 500


LABELS = {
    "in no order": np.random.default_rng(2).permutation(200),
    "repeated": np.arange(200) % 7,
    "in order": np.arange(200),
}
TWICE: dict[str, Callable[[Any], Any]] = {
    "rows": lambda f: f[f.id > 20].pipe(lambda g: g[g.half == "b"]),
    "the index": lambda f: f[f.id > 20].pipe(lambda g: g[g.x > 0].index),
    "how many": lambda f: f[f.id > 20].pipe(lambda g: g[g.x > 0].index.size),
    "of what is computed": lambda f: f[f.id > 20].pipe(lambda g: g[(g.x + g.id) > 50].index),
    "after what is computed": lambda f: f[(f.x + f.id) > 50].pipe(
        lambda g: g[g.half == "a"].index
    ),
    "of what was before": lambda f: f[f.id > 20].pipe(lambda g: g[g.x.cumsum() > 0].index),
    "of some columns": lambda f: f[f.id > 20][["x"]].pipe(lambda g: g[g.x > 0].index),
    "of columns chosen first": lambda f: (
        f[["x", "id"]].pipe(lambda g: g[g.id > 20]).pipe(lambda g: g[g.x > 0].index)
    ),
    "of a mask on the whole": lambda f: f[["x"]].pipe(lambda g: g[f.id > 20]),
    "of what is assigned": lambda f: (
        f.assign(y=f.x + 1).pipe(lambda g: g[g.id > 20]).pipe(lambda g: g[g.y > 1].index)
    ),
    "of what is renamed": lambda f: (
        f.rename(columns={"x": "y"}).pipe(lambda g: g[g.id > 20]).pipe(lambda g: g[g.y > 0].half)
    ),
    "of what is assigned in between": lambda f: (
        f[f.id > 20]
        .assign(y=lambda g: g.x + 1)
        .pipe(lambda g: g[g.y > 1])
        .pipe(lambda g: g[g.id < 90].x)
    ),
    "three": lambda f: (
        f[f.id > 20].pipe(lambda g: g[g.id < 170]).pipe(lambda g: g[g.half == "a"].x)
    ),
}


@pytest.mark.parametrize("labels", LABELS)
def test_masks_one_after_the_other(data: DatasetStore, frame: pd.DataFrame, labels: str) -> None:
    frame = frame[400:600].set_index(LABELS[labels]).assign(id=np.arange(200))
    data.put(frame, "f", chunk_rows=40)
    for name, ask in TWICE.items():
        got, expected = ask(data.getl("f")), ask(frame)
        got = got.compute() if hasattr(got, "compute") else got
        if isinstance(expected, pd.Index):
            got, expected = got.to_frame(), expected.to_frame()
        if isinstance(expected, pd.DataFrame):
            pd.testing.assert_frame_equal(got, expected, check_freq=False)
        else:
            assert got == expected if np.isscalar(expected) else got.equals(expected), name


BY_COLUMN: dict[str, Callable[[Any], Any]] = {
    "filled": lambda f: f.fillna({"x": 0, "id": 1}),
    "filled by a series": lambda f: f.fillna(pd.Series({"x": 0.0})),
    "filled after a mask": lambda f: f[f.id > 20].fillna({"x": 0}),
    "is in": lambda f: f.isin({"x": [0.5, 1.0], "id": [3]}),
    "replaced": lambda f: f.replace({"x": {0.5: 7.0}}),
    "replaced with one": lambda f: f.replace({"x": 0.5}, 7.0),
    "rounded": lambda f: f.round({"x": 0}),
}
OF_ONE: dict[str, Callable[[Any], Any]] = {
    "a column": lambda g: g.x,
    "a frame of one": lambda g: g[["x"]],
    "a sum": lambda g: g.x.sum(),
    "rows where it is": lambda g: g[g.x.notnull()],
    "how many these are": lambda g: len(g[g.x.notnull()]),
    "how many values": lambda g: g[g.x == 0].id.count(),
    "the index": lambda g: g[g.x >= 0.5].index.to_frame(),
}


@pytest.mark.parametrize("made", BY_COLUMN)
def test_values_by_column_stay_those_of_columns(data: DatasetStore, made: str) -> None:
    frame = pd.DataFrame({"x": [None, 0.5, 1.0, 2.5] * 10, "id": range(40)})
    data.put(frame, "f", chunk_rows=20)
    for ask in OF_ONE.values():
        got, expected = ask(BY_COLUMN[made](data.getl("f"))), ask(BY_COLUMN[made](frame))
        got = got.compute() if hasattr(got, "compute") else got
        assert got.equals(expected) if hasattr(expected, "equals") else got == expected


def test_masks_are_the_same_elsewhere(data: DatasetStore, frame: pd.DataFrame) -> None:
    data.put(frame, "f", chunk_rows=100)
    lazy = data.getl("f")
    for ask in (
        lambda f: f[["x"]][f.id > 850],
        lambda f: f[f.id > 850][["x"]],
        lambda f: f.x[f.id > 850],
        *TWICE.values(),
    ):
        sent, expected = ask(lazy), ask(frame)
        if hasattr(sent, "compute"):
            got = pickle.loads(pickle.dumps(sent)).compute()
            assert got.equals(expected) if hasattr(got, "equals") else got == expected
