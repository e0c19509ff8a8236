"""Batches in a row: what the server may have lost of them is written again."""

from __future__ import annotations

import io
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.storage import embedded
from omegaml_lab.storage.blobs import PIECE
from omegaml_lab.storage.connection import Connection
from omegaml_lab.storage.settling import each_settled
from omegaml_lab.storage.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    embedded.release(tmp_path / "home")


def written_in_rows(
    connection: Connection, count: int, crash: Any = None, *, held: int = 3
) -> list[tuple[int, bool]]:
    """Write so many batches with one thread, `crash` in the fifth; return what was written how."""
    calls: list[tuple[int, bool]] = []

    def write(batch: int, wait: bool) -> int:  # noqa: FBT001
        calls.append((batch, wait))
        if batch == 5 and crash is not None and len(calls) == 5:
            crash()
        connection.collection("rows").replace_one({"_id": batch}, {"_id": batch}, upsert=True)
        return batch * 10

    batches = range(1, count + 1)
    found = each_settled(connection, iter(batches), write, threads=1, held=held)
    assert found == [batch * 10 for batch in batches]
    return calls


def test_of_batches_in_a_row_few_are_waited_for(home: Path) -> None:
    connection = Connection(embedded.ensure(home))
    assert written_in_rows(connection, 9)[0] == (1, True)  # it knows no server yet
    assert written_in_rows(connection, 0) == []
    assert written_in_rows(connection, 1) == [(1, True)]
    assert written_in_rows(connection, 3) == [(1, False), (2, False), (3, True)]
    # The fifth is sent when the first three are known to be taken.
    waited = [batch for batch, wait in written_in_rows(connection, 12) if wait]
    assert waited == [5, 9, 12]
    connection.close()


@pytest.mark.parametrize("count", [7, 20])
def test_what_a_crash_may_have_lost_of_a_row_is_written_again(home: Path, count: int) -> None:
    url = embedded.ensure(home)
    connection = Connection(url)
    connection.collection("rows").find_one({})

    def crash() -> None:
        os.kill(embedded.status(home).pid, signal.SIGKILL)
        assert embedded.ensure(home) == url
        # As if nothing had been on disk.
        connection.collection("rows").delete_many({})

    calls = written_in_rows(connection, count, crash)
    assert connection.collection("rows").distinct("_id") == list(range(1, count + 1))
    assert sorted(batch for batch, _ in calls[5:] if batch < 5) == [1, 2, 3, 4]
    assert all(wait for batch, wait in calls[5:] if batch < 5)
    connection.close()


def test_a_batch_that_fails_ends_the_row(home: Path) -> None:
    connection = Connection(embedded.ensure(home))

    def write(batch: int, wait: bool) -> None:  # noqa: FBT001
        if batch == 3:
            raise ValueError("the third")

    with pytest.raises(ValueError, match="the third"):
        each_settled(connection, range(9), write, threads=2, held=2)
    connection.close()


@pytest.mark.parametrize("streamed", [False, True])
def test_a_blob_is_whole_though_the_server_crashes_amid_its_pieces(
    home: Path, monkeypatch: pytest.MonkeyPatch, *, streamed: bool
) -> None:
    url = embedded.ensure(home)
    storage = Storage.open(url)
    storage.ping()
    add, waits, lock = storage.blobs._add, [], threading.Lock()

    def crash_at_the_third(pieces: Any, *, wait: bool) -> bool:
        with lock:
            waits.append(wait)
            if len(waits) == 3:
                os.kill(embedded.status(home).pid, signal.SIGKILL)
                assert embedded.ensure(home) == url
            return add(pieces, wait=wait)

    monkeypatch.setattr(storage.blobs, "_add", crash_at_the_third)
    data = os.urandom(16 * PIECE + 1)
    with storage.holds.holding():
        blob = storage.blobs.write(io.BytesIO(data) if streamed else data)
    assert waits[:5] == [False] * 4 + [True]
    assert waits[5:]  # the two that the crash may have lost, at least
    assert all(waits[5:])
    assert storage.blobs.read(blob, verify=True) == data
    storage.close()
