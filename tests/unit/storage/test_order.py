"""Changes in a row: whatever happens to the server in between, both are there in the end."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.storage import embedded
from omegaml_lab.storage.connection import Connection
from omegaml_lab.storage.order import in_order
from omegaml_lab.storage.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.collection import Collection


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    embedded.release(tmp_path / "home")


def test_what_came_first_is_done_again_after_a_crash(home: Path) -> None:
    url = embedded.ensure(home)
    connection = Connection(url)
    concerns: list[Any] = []

    def first(collection: Collection[dict[str, Any]]) -> None:
        concerns.append(collection.write_concern.document)
        collection.replace_one({"_id": 1}, {"_id": 1}, upsert=True)

    def crash_then_change(number: int = 1) -> str:
        os.kill(embedded.status(home).pid, signal.SIGKILL)
        assert embedded.ensure(home) == url
        connection.collection("seconds").insert_one({"_id": number})
        return "done"

    connection.collection("firsts").find_one({"_id": 1})  # so that it knows the server
    assert in_order(connection, "firsts", first, crash_then_change) == "done"
    assert [concern.get("j") for concern in concerns] == [False, True]

    assert in_order(connection, "firsts", first, lambda: "quiet") == "quiet"
    assert [concern.get("j") for concern in concerns] == [False, True, False]

    def crash_and_hear_nothing() -> None:
        crash_then_change(2)
        raise TimeoutError

    # It may have been taken all the same.
    with pytest.raises(TimeoutError):
        in_order(connection, "firsts", first, crash_and_hear_nothing)
    assert [concern.get("j") for concern in concerns] == [False, True, False, False, True]
    assert connection.collection("firsts").count_documents({}) == 1
    connection.close()


def test_a_server_that_is_not_known_waits_for_both(home: Path) -> None:
    connection = Connection(embedded.ensure(home))  # not one command has been sent yet
    waited: list[Any] = []
    in_order(
        connection,
        "firsts",
        lambda collection: waited.append(collection.write_concern.document["j"]),
        lambda: None,
    )
    assert waited == [True]
    connection.close()


def test_a_frame_is_whole_though_the_server_crashes_amid_its_chunks(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd

    from omegaml_lab.frames.reader import Selection, read_frame
    from omegaml_lab.frames.writer import write_frame

    url = embedded.ensure(home)
    storage = Storage.open(url)
    storage.ping()
    write, waits, lock = storage.chunks.write, [], threading.Lock()

    def crash_at_the_third(chunks: Any, *, wait: bool) -> None:
        with lock:
            waits.append(wait)
            if len(waits) == 3:
                os.kill(embedded.status(home).pid, signal.SIGKILL)
                assert embedded.ensure(home) == url
            write(chunks, wait=wait)

    monkeypatch.setattr(storage.chunks, "write", crash_at_the_third)
    frame = pd.DataFrame({"n": range(60)})
    payload, _, _ = write_frame(frame, storage, "x", chunk_rows=10)
    assert waits == [False] * 5 + [True] * 7  # once more, and each waited for
    pd.testing.assert_frame_equal(read_frame(payload, storage, "x", Selection()), frame)
    assert storage.segments.there(payload)
    write_frame(frame, storage, "x", chunk_rows=10)
    assert waits[12:] == [False] * 5 + [True]
    storage.close()
