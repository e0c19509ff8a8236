from __future__ import annotations

import datetime as dt
import io
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pymongo
import pytest
from pymongo import monitoring

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.storage.blobs import INLINE, PIECE
from omegaml_lab.storage.feeding import BlobFeed
from omegaml_lab.storage.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = [0, 1, INLINE, INLINE + 1, PIECE - 1, PIECE, PIECE + 1, 9 * PIECE + 5]


@pytest.fixture
def storage(mongo_url: str) -> Iterator[Storage]:
    storage = Storage.open(mongo_url)
    yield storage
    storage.close()


@pytest.mark.parametrize("size", SIZES)
def test_bytes_come_back(storage: Storage, size: int) -> None:
    data = os.urandom(size)
    blob = storage.blobs.write(data)
    assert blob.size == size
    assert storage.blobs.read(blob) == data
    assert b"".join(storage.blobs.stream(blob)) == data
    assert (blob.inline is not None) == (size <= INLINE)


@pytest.mark.parametrize("size", SIZES)
def test_however_they_come_in_they_are_the_same(storage: Storage, size: int) -> None:
    data = os.urandom(size)
    parts = [data[i : i + 1_234_567] for i in range(0, size, 1_234_567)]
    sources = [bytearray(data), memoryview(data), io.BytesIO(data), iter(parts), parts]
    assert len({storage.blobs.write(source) for source in sources}) == 1


def test_a_blob_is_a_file(storage: Storage) -> None:
    data = os.urandom(3 * PIECE + 17)
    blob = storage.blobs.write(data)
    with storage.blobs.open(blob) as file:
        assert file.read() == data
        assert file.seek(-17, os.SEEK_END) == 3 * PIECE
        assert file.read(100) == data[-17:]
        file.seek(PIECE - 3)
        assert file.read(6) == data[PIECE - 3 : PIECE + 3]
        assert file.seek(10**9) == 10**9
        assert file.read() == b""
        with pytest.raises(ValueError, match="before the start"):
            file.seek(-1)
    with storage.blobs.open(storage.blobs.write(b"small")) as file:
        file.seek(1)
        assert file.read() == b"mall"


def test_equal_pieces_are_kept_once(storage: Storage, mongo_url: str) -> None:
    data = os.urandom(2 * PIECE)
    storage.blobs.write(data + b"a" * 100_000)
    storage.blobs.write(data + b"b" * 100_000)
    storage.blobs.write(data[:PIECE] * 6)
    with pymongo.MongoClient(mongo_url) as client:
        pieces = client.get_default_database()["pieces"]
        assert pieces.count_documents({}) == 4
        # Who relies on a piece again makes it young, for the collector's sake.
        long_ago = dt.datetime(2020, 1, 1)  # noqa: DTZ001
        pieces.update_many({}, {"$set": {"t": long_ago}})
        storage.blobs.write(data)
        assert pieces.count_documents({"t": {"$gt": long_ago}}) == 2


def test_damage_is_noticed(storage: Storage, mongo_url: str) -> None:
    blob = storage.blobs.write(os.urandom(3 * PIECE))
    with pymongo.MongoClient(mongo_url) as client:
        pieces = client.get_default_database()["pieces"]
        one = pieces.find_one()
        pieces.update_one({"_id": one["_id"]}, {"$set": {"d": one["d"][1:]}})
        with pytest.raises(IntegrityError):
            storage.blobs.read(blob)
        pieces.delete_one({"_id": one["_id"]})
        with pytest.raises(IntegrityError):
            b"".join(storage.blobs.stream(blob))


@pytest.mark.parametrize("size", [10, 3 * PIECE])
def test_what_was_changed_is_found_when_asked_for(storage: Storage, size: int) -> None:
    blobs, data = storage.blobs, os.urandom(size)
    blob = blobs.write(data)
    assert blobs.read(blob, verify=True) == data
    assert b"".join(blobs.stream(blob, verify=True)) == data
    changed = replace(blob, hash="0" * 64)
    with pytest.raises(IntegrityError, match="changed"):
        blobs.read(changed, verify=True)
    with pytest.raises(IntegrityError, match="changed"):
        next(blobs.stream(changed, verify=True))
    assert blobs.read(changed) == data


@pytest.mark.parametrize("size", [5, 3 * PIECE + 7])
def test_a_size_that_is_not_that_of_the_pieces_is_told(storage: Storage, size: int) -> None:
    blob = storage.blobs.write(os.urandom(size))
    for wrong in (size + 1, size - 1):
        target = memoryview(bytearray(wrong))
        with pytest.raises(IntegrityError, match="add up"):
            storage.blobs.read_into(replace(blob, size=wrong), target, verify=True)


@pytest.mark.parametrize("size", [0, 10, PIECE, 3 * PIECE + 7, 11 * PIECE])
def test_what_is_fed_is_what_is_written(storage: Storage, size: int) -> None:
    data = os.urandom(size)
    with BlobFeed(storage.blobs) as feed:
        for start in range(0, size, 700_001):
            feed.add(memoryview(data)[start : start + 700_001])
        blob = feed.close()
    assert blob == storage.blobs.write(data)


@pytest.mark.parametrize("size", [10, 11 * PIECE])
def test_what_is_not_fed_to_its_end_is_no_blob(storage: Storage, size: int) -> None:
    feed = BlobFeed(storage.blobs)
    for start in range(0, size, 700_001):
        feed.add(os.urandom(min(700_001, size - start)))
    feed.__exit__(None, None, None)
    assert not [thread for thread in threading.enumerate() if "omega-feed" in thread.name]


class Meddler(monitoring.CommandListener):
    """Changes a buffer when the server is asked which pieces are there."""

    buffer: bytearray | None = None

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if self.buffer is not None and event.command.get("find") == "pieces":
            self.buffer[0] ^= 1

    def succeeded(self, event: object) -> None:
        pass

    def failed(self, event: object) -> None:
        pass


def test_what_is_changed_while_it_is_written_gets_no_name_of_something_else(
    mongo_url: str,
) -> None:
    # Else whoever puts the same bytes later would be given the changed ones.
    meddler = Meddler()
    monitoring.register(meddler)
    storage = Storage.open(mongo_url)
    try:
        before = os.urandom(PIECE)
        meddler.buffer = bytearray(before)
        blob = storage.blobs.write([memoryview(meddler.buffer)], steady=True)
        assert meddler.buffer != before
        meddler.buffer = None
        assert storage.blobs.read(blob, verify=True) == before
    finally:
        meddler.buffer = None
        storage.close()
