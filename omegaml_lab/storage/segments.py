"""Segments as they are stored: whole, for who carries them from one repository to another."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import bson
from pymongo.errors import BulkWriteError

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.storage.connection import is_duplicate, unreadable
from omegaml_lab.storage.payloads import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from omegaml_lab.storage.chunks import Chunks
    from omegaml_lab.storage.connection import Connection
    from omegaml_lab.storage.holds import Holds
    from omegaml_lab.storage.payloads import Payload

__all__ = ["Segments", "named_after"]

_KEY = ("g", "n", "p")
_BATCH_BYTES = 16 * 1024 * 1024
_ATTEMPTS = 20


class Segments:
    """Reads and adds the chunks of segments as documents, each in BSON.

    A document says everything about a chunk but its segment, and when it was written.
    """

    def __init__(self, connection: Connection, chunks: Chunks, holds: Holds) -> None:
        self._connection = connection
        self._chunks = chunks
        self._holds = holds

    def read(self, segment: str) -> Iterator[bytes]:
        """Yield the chunks of a segment, always in the same order."""
        with self._connection.errors():
            found = self._collection.find(_all_of(segment), batch_size=10).sort("_id", 1)
            for document in found:
                key = document.pop("_id")
                document.pop("t", None)
                yield bson.encode({**{name: key[name] for name in _KEY}, **document})

    def add(self, segment: str, documents: Iterable[bytes]) -> Segment:
        """Keep the chunks of a segment that are not there yet; return what all of them are.

        Raises
        ------
        IntegrityError
            If one is no chunk, two are the same one, or some of their rows miss.
        """
        self._chunks.prepare()
        there: set[tuple[int, ...]] = set()
        rows: dict[int, int] = {}
        size = 0
        batch: list[dict[str, Any]] = []
        for data in documents:
            document = _document(segment, data)
            key = tuple(document["_id"][name] for name in _KEY)
            if key in there:
                raise IntegrityError("segment", f"it has two chunks {key}")
            there.add(key)
            if document["_id"]["p"] == 0:  # the others hold more columns of the same rows
                group = document["_id"]["g"]
                rows[group] = rows.get(group, 0) + document["r"]
            batch.append(document)
            size += len(data)
            if size > _BATCH_BYTES:
                self._insert(batch)
                batch, size = [], 0
        self._insert(batch)
        if len(set(rows.values())) > 1:
            raise IntegrityError("segment", f"its columns have {sorted(set(rows.values()))} rows")
        return Segment(id=segment, rows=next(iter(rows.values()), 0), chunks=len(there))

    def there(self, payload: Payload) -> bool:
        """Say whether all that a payload refers to is there now."""
        with self._connection.errors():
            return all(
                self._connection.collection(name).count_documents(where) >= wanted
                for name, where, wanted in _parts(payload)
            )

    def rely_on(self, payload: Payload) -> None:
        """Make all that a payload refers to young, so that no collector takes it.

        Call it under a hold, before a second head refers to the payload.

        Raises
        ------
        IntegrityError
            If some of it is not there any more.
        """
        young = {"$max": {"t": datetime.now(UTC)}}
        with self._connection.errors():
            for name, where, wanted in _parts(payload):
                found = self._connection.collection(name).update_many(where, young).matched_count
                if found < wanted:
                    reason = f"{wanted - found} of its {wanted} {name} are gone"
                    raise IntegrityError("payload", reason)

    def _insert(self, batch: list[dict[str, Any]]) -> None:
        if not batch:
            return
        self._holds.announce()
        ids = [document["_id"] for document in batch]
        for _ in range(_ATTEMPTS):
            with self._connection.errors():
                try:
                    self._collection.insert_many(batch, ordered=False)
                except BulkWriteError as error:
                    if not is_duplicate(error):
                        raise
                else:
                    return
                # An earlier try came so far: what it left must not be collected now. Of what
                # was collected before it was touched there is none left, and it is added anew.
                young = {"$max": {"t": datetime.now(UTC)}}
                touched = self._collection.update_many({"_id": {"$in": ids}}, young)
            if touched.matched_count == len(ids):
                return
        raise IntegrityError("segment", "its chunks were taken away again and again")

    @property
    def _collection(self) -> Any:
        return self._connection.collection("chunks")


def named_after(*parts: str) -> str:
    """Return the name of a segment that follows from `parts`, and from nothing else."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:32]


def _parts(payload: Payload) -> Iterator[tuple[str, dict[str, Any], int]]:
    """Yield where the parts of a payload are: a collection, a query, and how many it finds."""
    for segment in payload.segments:
        yield "chunks", _all_of(segment.id), segment.chunks
    if payload.blob is not None:
        pieces = list({digest for digest, _ in payload.blob.pieces()})
        if pieces:
            yield "pieces", {"_id": {"$in": pieces}}, len(pieces)


def _all_of(segment: str) -> dict[str, Any]:
    """Return the query for all chunks of a segment; documents compare field by field."""
    return {"_id": {"$gt": {"s": segment}, "$lt": {"s": segment + "\x00"}}}


def _document(segment: str, data: bytes) -> dict[str, Any]:
    """Return the document of a chunk, checked: it may come from anywhere."""
    try:
        document = bson.decode(data)
        key = {name: document.pop(name) for name in _KEY}
        numbers = [*key.values(), document["r"]]
        columns, zones = document["c"], document["z"]
        sound = (
            all(isinstance(number, int) and number >= 0 for number in numbers)
            and all(
                isinstance(value, bytes) and name.isdecimal() for name, value in columns.items()
            )
            and all(isinstance(zone, dict) and name.isdecimal() for name, zone in zones.items())
        )
    except bson.errors.BSONError as error:
        raise unreadable(error, "chunk") from error
    except (KeyError, AttributeError) as error:
        raise IntegrityError("chunk", f"it is none ({type(error).__name__})") from error
    if not sound:
        raise IntegrityError("chunk", "its fields are not those of a chunk")
    return {"_id": {"s": segment, **key}, "t": datetime.now(UTC), **document}
