"""Chunks: immutable documents that each hold some columns of some rows of a frame.

They are written before any head refers to their segment, and never changed. Columns are
known by their position: names of columns are data and never become names of fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from omegaml_lab.storage.cache import CachedChunk
from omegaml_lab.storage.order import TAKEN, settled
from omegaml_lab.storage.zones import to_query

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from omegaml_lab.storage.cache import ColumnCache, Key
    from omegaml_lab.storage.connection import Connection
    from omegaml_lab.storage.holds import Holds
    from omegaml_lab.storage.zones import Condition

__all__ = ["LARGEST", "Chunk", "Chunks"]

LARGEST = 15 * 1024 * 1024
"""How much the columns of one chunk may take; MongoDB's limit for a document is 16 MiB."""

T = TypeVar("T")
_COLLECTION = "chunks"
# The columns are compressed already.
_OPTIONS = {"storageEngine": {"wiredTiger": {"configString": "block_compressor=none"}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The rows `start` to `stop` of a segment, in some of its columns.

    The columns of a segment are in groups. What is too large for one document goes into
    several `part`s. `zones` holds what is known about
    the values: ``a`` the smallest, ``b`` the largest, ``n`` how many are missing.
    """

    segment: str
    group: int
    part: int
    start: int
    stop: int
    columns: Mapping[int, Any]
    zones: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


class Chunks:
    """Writes and reads chunks."""

    def __init__(self, connection: Connection, holds: Holds, cache: ColumnCache) -> None:
        self._connection = connection
        self._holds = holds
        self.cache = cache

    def prepare(self) -> None:
        """Make sure that the collection is there, without compression by the server."""
        self._connection.ensure_collection(_COLLECTION, _OPTIONS)

    def settled(self, write: Callable[[bool], T]) -> T:
        """Return what `write` does, whose chunks are on disk then; it is told how to write them.

        They are to be waited for each, or but the last that it writes. It may be called twice,
        and writes another segment the second time.
        """
        with self._connection.errors():
            return settled(self._connection, write)

    def write(self, chunks: Sequence[Chunk], *, wait: bool = True) -> None:
        """Keep chunks; when it returns they are on disk, or without `wait` on their way."""
        self._holds.announce()
        now = datetime.now(UTC)
        collection = self._collection
        if not wait:
            collection = collection.with_options(write_concern=TAKEN)
        with self._connection.errors():
            collection.insert_many([_document(c, now) for c in chunks], ordered=False)

    def read(
        self, segment: str, group: int, rows: range, positions: Collection[int] | None
    ) -> Iterator[Chunk]:
        """Yield the chunks of a group that start in these rows, with those columns only.

        None stands for all columns, of which the server need not pick any.
        """
        where = {
            "_id": {
                "$gte": {"s": segment, "g": group, "n": rows.start},
                "$lt": {"s": segment, "g": group, "n": rows.stop},
            }
        }
        fields = None
        if positions is not None:
            fields = {"r": True, **{f"c.{position}": True for position in positions}}
        with self._connection.errors():
            for document in self._collection.find(where, fields, batch_size=100):
                yield _chunk(document)

    def reread(
        self, segment: str, group: int, starts: range, positions: Collection[int] | None
    ) -> Iterator[Chunk]:
        """Yield what `read` does of the chunks that start at `starts`, from memory if it is there.

        It is for who may ask again, and knows that there are these chunks and no others.
        """
        keys: list[Key] = [(segment, group, start) for start in starts]
        cached = self.cache.find(keys, positions)
        if cached is not None:
            for (_, _, start), found in cached.items():
                yield Chunk(
                    segment=segment,
                    group=group,
                    part=0,
                    start=start,
                    stop=found.stop,
                    columns=found.columns,
                )
            return
        rows = range(starts.start, starts.stop)
        for chunk in self.read(segment, group, rows, positions):
            kept = CachedChunk(stop=chunk.stop, columns=chunk.columns, whole=positions is None)
            self.cache.keep((segment, group, chunk.start), kept)
            yield chunk

    def starts(
        self, segments: Collection[str], groups: Iterable[int]
    ) -> Iterator[tuple[str, int, int]]:
        """Yield the segment, group and first row of each document, from the index alone."""
        where = {"$or": [_all_of(segment, group) for group in groups for segment in segments]}
        with self._connection.errors():
            for document in self._collection.find(where, {"_id": True}):
                key = document["_id"]
                yield key["s"], key["g"], key["n"]

    def survey(
        self,
        segments: Collection[str],
        group: int,
        positions: Iterable[int],
        condition: Condition | None = None,
    ) -> Iterator[Chunk]:
        """Yield the chunks that `condition` keeps, in any order, with the zones of `positions`.

        Of columns that another document of the same rows holds, the condition knows nothing.
        """
        where: dict[str, Any] = {"$or": [_all_of(segment, group) for segment in segments]}
        if condition is not None:
            where = {"$and": [where, to_query(condition)]}
        fields: dict[str, Any] = {"r": True, **{f"z.{position}": True for position in positions}}
        with self._connection.errors():
            for document in self._collection.find(where, fields):
                yield _chunk(document)

    def size(self, segments: Collection[str]) -> int:
        """Return how many bytes the columns of some segments take."""
        columns: dict[str, Any] = {"$objectToArray": "$c"}
        sizes = {"$map": {"input": columns, "in": {"$binarySize": "$$this.v"}}}
        stages = [
            {"$match": {"$or": [_whole(segment) for segment in segments]}},
            {"$group": {"_id": None, "size": {"$sum": {"$sum": sizes}}}},
        ]
        with self._connection.errors():
            return sum(int(found["size"]) for found in self._collection.aggregate(stages))

    @property
    def _collection(self) -> Any:
        return self._connection.collection(_COLLECTION)


def _document(chunk: Chunk, now: datetime) -> dict[str, Any]:
    return {
        "_id": {"s": chunk.segment, "g": chunk.group, "n": chunk.start, "p": chunk.part},
        "t": now,
        "r": chunk.stop - chunk.start,
        "c": {str(position): bytes(data) for position, data in chunk.columns.items()},
        "z": {str(position): dict(zone) for position, zone in chunk.zones.items()},
    }


def _chunk(document: Mapping[str, Any]) -> Chunk:
    key = document["_id"]
    return Chunk(
        segment=key["s"],
        group=key["g"],
        part=key["p"],
        start=key["n"],
        stop=key["n"] + document["r"],
        columns={int(position): data for position, data in document.get("c", {}).items()},
        zones={int(position): zone for position, zone in document.get("z", {}).items()},
    )


def _all_of(segment: str, group: int) -> dict[str, Any]:
    """Return the query for all chunks of a group; documents compare field by field."""
    return {"_id": {"$gt": {"s": segment, "g": group}, "$lt": {"s": segment, "g": group + 1}}}


def _whole(segment: str) -> dict[str, Any]:
    """Return the query for all chunks of a segment."""
    return {"_id": {"$gt": {"s": segment}, "$lt": {"s": segment + "\x00"}}}
