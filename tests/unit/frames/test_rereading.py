"""What is read again comes from memory, and is what the frame holds."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omegaml_lab.core.filters import Q
from omegaml_lab.omega import Omega
from tests.unit.frames import twins
from tests.unit.frames.test_filters import same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.store.datasets import DatasetStore


@pytest.fixture
def asked(data: DatasetStore, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Which chunks MongoDB is asked for."""
    asked: list[Any] = []
    chunks = data._storage.chunks
    read = chunks.read

    def noting(*arguments: Any) -> Iterator[Any]:
        asked.append(arguments)
        return read(*arguments)

    monkeypatch.setattr(chunks, "read", noting)
    return asked


@pytest.fixture
def frame() -> pd.DataFrame:
    rows = 1000
    columns = {"k": np.arange(rows) % 7, "x": np.arange(rows) / 3, "t": list("abcd") * 250}
    return pd.DataFrame(columns)


def test_the_second_time_nothing_is_asked_for(
    data: DatasetStore, frame: pd.DataFrame, asked: list[Any]
) -> None:
    data.put(frame, "f", chunk_rows=100)
    expected = frame.groupby("k").agg({"x": "mean"})
    first = data.query("f", by="k", aggregate={"x": "mean"})
    times = len(asked)
    assert times
    again = data.query("f", by="k", aggregate={"x": "mean"})
    lazily = data.getl("f", columns=["k", "x"]).groupby("k").agg({"x": "mean"}).compute()
    assert len(asked) == times
    for found in (first, again, lazily):
        pd.testing.assert_frame_equal(found.sort_index(), expected)


def test_columns_that_were_not_read_are_asked_for(
    data: DatasetStore, frame: pd.DataFrame, asked: list[Any]
) -> None:
    data.put(frame, "f", chunk_rows=100)
    data.query("f", by="k", aggregate={"x": "mean"})
    times = len(asked)
    same(data.get("f", k=3), frame[frame.k == 3])
    assert len(asked) > times


def test_a_new_state_is_seen_at_once(data: DatasetStore, frame: pd.DataFrame) -> None:
    data.put(frame, "f", chunk_rows=100)
    data.get("f", k=3)
    data.put(frame.assign(x=frame.x + 1), "f", chunk_rows=100)
    same(data.get("f", k=3), frame.assign(x=frame.x + 1)[frame.k == 3])
    same(data.get("f@1", k=3), frame[frame.k == 3])
    data.put(frame, "f", append=True, chunk_rows=50)
    whole = pd.concat([frame.assign(x=frame.x + 1), frame])
    same(data.get("f", k=3), whole[whole.k == 3])


def test_chunks_of_odd_lengths_are_read_as_they_are(
    data: DatasetStore, frame: pd.DataFrame, asked: list[Any]
) -> None:
    rng = np.random.default_rng(1)
    long = frame.assign(t=[rng.bytes(9_000).hex() for _ in range(1000)])
    data.put(long, "f", chunk_rows=1000)  # more than a document holds: it is cut once more
    for times in (1, 2):
        same(data.get("f", k=3), long[long.k == 3])
        assert sum(group == asked[0][1] for _, group, *_ in asked) >= times


def test_what_is_changed_in_the_result_is_not_changed_in_memory(
    data: DatasetStore, frame: pd.DataFrame
) -> None:
    data.put(frame, "f", chunk_rows=1000)
    found = data.get("f", k__ge=0)
    found.loc[:, "x"] = 0.0
    same(data.get("f", k__ge=0), frame)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_twins(data: DatasetStore, drawn: st.DataObject) -> None:
    frame, _ = drawn.draw(twins.frames())
    cut = drawn.draw(st.integers(0, len(frame)))
    data.put(frame[:cut], "x", chunk_rows=drawn.draw(st.integers(1, 9)), keep=False)
    data.put(frame[cut:], "x", append=True, chunk_rows=5)
    whole = pd.concat([frame[:cut], frame[cut:]])
    labels = list(whole.columns)
    for _ in range(3):
        some = drawn.draw(st.lists(st.sampled_from(labels), min_size=1, unique=True))
        missing = Q(drawn.draw(st.sampled_from(labels)), "isnull", drawn.draw(st.booleans()))
        condition = missing | ~missing
        same(data.get("x", condition, columns=some), whole[some])


def test_a_process_that_computes_lazy_frames_keeps_as_much(omega: Omega) -> None:
    config = replace(omega.config, mongo_url=omega.url, cache_megabytes=3)
    with Omega(config=config) as frugal:
        copied = pickle.loads(pickle.dumps(frugal.storage))
    assert copied.chunks.cache.limit == 3_000_000
    copied.close()
