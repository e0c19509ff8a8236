"""What the collector or another writer does in the middle of a write, at the worst moment."""

from __future__ import annotations

import pickle
import time
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.frames import partitions
from omegaml_lab.omega import Omega
from omegaml_lab.storage import segments
from omegaml_lab.storage.holds import LIFETIME
from omegaml_lab.storage.storage import Storage
from omegaml_lab.storage.times import now
from omegaml_lab.testing.fixtures import database_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ZERO = timedelta(0)


@pytest.fixture
def other(mongo_server_url: str, omega: Omega) -> Iterator[Omega]:
    """Another repository."""
    url = database_url(mongo_server_url, f"omega_test_{uuid.uuid4().hex[:12]}")
    with Omega(url, config=omega.config) as other:
        yield other
        other.storage.erase()


@pytest.fixture
def rival(omega: Omega) -> Iterator[Omega]:
    """Somebody else at work in the same repository: with holds and a connection of its own."""
    with Omega(config=omega.config) as rival:
        yield rival


def frame(rows: int = 400) -> pd.DataFrame:
    return pd.DataFrame({"n": np.arange(rows)})


def collection(omega: Omega, name: str) -> Any:
    return omega.storage._connection.collection(name)


def test_partitions_of_other_processes_are_held(
    omega: Omega, rival: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    dd = pytest.importorskip("dask.dataframe")
    import dask

    def as_in_a_worker(storage: Storage) -> Storage:
        return pickle.loads(pickle.dumps(storage))  # type: ignore[no-any-return]

    joined = partitions.joined

    def gap(*args: Any) -> Any:
        assert collection(rival, "chunks").count_documents({}) == 2
        assert rival.gc(grace=ZERO).chunks == 0
        return joined(*args)

    monkeypatch.setattr(Storage, "quiet", as_in_a_worker)
    monkeypatch.setattr(partitions, "joined", gap)
    with dask.config.set(scheduler="synchronous"):
        omega.datasets.put(dd.from_pandas(frame(), npartitions=2), "x")
    assert len(omega.datasets.get("x")) == 400


def test_signs_of_life_while_others_write(omega: Omega, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omegaml_lab.storage.holds._SIGN_OF_LIFE", 0.01)
    holds = omega.storage.holds
    with holds.holding() as hold, holds.kept_alive():
        first = collection(omega, "holds").find_one({"_id": hold.id})["beat"]
        for _ in range(200):
            time.sleep(0.01)
            if collection(omega, "holds").find_one({"_id": hold.id})["beat"] > first:
                return
    pytest.fail("there was no sign of life")


def test_a_writer_that_slept_a_day_finds_out(
    omega: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a machine is suspended the monotonic clock stands still."""
    holds = omega.storage.holds
    with holds.holding(now=True) as hold:
        collection(omega, "holds").delete_one({"_id": hold.id})  # as a collector did meanwhile
        later, still = time.time() + 2 * LIFETIME.total_seconds(), time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: still)
        monkeypatch.setattr(time, "clock_gettime", lambda _clock: later)
        monkeypatch.setattr(time, "time", lambda: later)
        try:
            with pytest.raises(IntegrityError, match="without a sign of life"):
                holds.keep(hold)
        finally:
            monkeypatch.undo()


def test_chunks_that_go_before_they_are_touched_are_added_anew(
    omega: Omega, other: Omega, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    omega.datasets.put(frame(), "x", chunk_rows=100)
    archive = tmp_path / "x.zip"
    omega.export(archive)
    other.import_(archive)
    other.datasets.drop("x", keep=False)  # what an earlier import wrote is garbage, and there
    is_duplicate, taken = segments.is_duplicate, []

    def collected(error: Any) -> bool:
        if not taken:
            old = {"t": {"$lt": now()}}
            taken.append(collection(other, "chunks").delete_many(old).deleted_count)
        return is_duplicate(error)

    monkeypatch.setattr(segments, "is_duplicate", collected)
    other.import_(archive)
    assert taken == [4]
    assert len(other.datasets.get("x")) == 400
