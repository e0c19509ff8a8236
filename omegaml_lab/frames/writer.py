"""Writes frames: rows in chunks, columns in groups, two threads at once."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidFrameError, UnsupportedObjectError
from omegaml_lab.frames.ipc import compacted, to_ipc, zone
from omegaml_lab.frames.schema import FrameSchema, in_order, take_apart
from omegaml_lab.storage.chunks import LARGEST, Chunk
from omegaml_lab.storage.payloads import Payload, Segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from omegaml_lab.frames.columns import EncodedColumn
    from omegaml_lab.storage.storage import Storage

__all__ = ["CHUNK_ROWS", "WrittenPart", "write_frame", "write_part"]

CHUNK_ROWS = 65_536
"""Measured: larger chunks make point lookups slow, smaller ones everything else."""
_GROUP_BYTES = 4 * 1024 * 1024
_WIDEST_BYTES = 64 * 1024 * 1024
_BESIDES = 640
"""At most so many bytes of a document a column takes beside its data: its fields and its zone."""
_THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPart:
    """Rows that are on disk: a segment, how it is laid out, its size and what its data hash to."""

    schema: FrameSchema
    segment: Segment
    size: int
    digests: bytes


def write_frame(
    obj: Any,
    storage: Storage,
    name: str,
    *,
    chunk_rows: int = CHUNK_ROWS,
    index: Sequence[Any] = (),
) -> tuple[Payload, int, str]:
    """Write a DataFrame or Series, sorted by the columns `index`.

    Returns
    -------
    Its payload, stored size and hash.

    Raises
    ------
    InvalidFrameError
        If something in it cannot be kept, or it cannot be sorted so.
    UnknownColumnError
        If there is no column to sort by.
    """
    written = write_part(obj, storage, name, chunk_rows=chunk_rows, index=index)
    blob = storage.blobs.write(written.schema.to_bytes())
    digest = hashlib.sha256(blob.hash.encode())
    digest.update(written.digests)
    payload = Payload(blob=blob, segments=(written.segment,) if written.segment.chunks else ())
    return payload, blob.size + written.size, digest.hexdigest()


def write_part(
    obj: Any,
    storage: Storage,
    name: str,
    *,
    chunk_rows: int = CHUNK_ROWS,
    index: Sequence[Any] = (),
) -> WrittenPart:
    """Write the rows of a DataFrame or Series, but not yet its schema; errors as `write_frame`."""
    fields, columns = take_apart(in_order(obj, index, name), name)
    groups = _group(columns, min(chunk_rows, max(fields["rows"], 1)))
    schema = FrameSchema(**fields, groups=groups, chunk_rows=chunk_rows, sorted_by=list(index))
    try:
        schema.to_bytes()  # before anything is written that would be in vain
    except UnsupportedObjectError as error:
        reason = f"its labels, time zones or attrs hold a {error.obj_type}"
        raise InvalidFrameError(name, reason) from error
    storage.chunks.prepare()

    def write(wait: bool) -> WrittenPart:  # noqa: FBT001 - its only argument
        writer = _Writer(storage, name, columns, groups)
        results = writer.write(schema.rows, chunk_rows, wait=wait) if columns else []
        return WrittenPart(
            schema=schema,
            segment=Segment(id=writer.segment, rows=schema.rows, chunks=len(results)),
            size=sum(size for size, _ in results),
            digests=b"".join(part for _, part in results),
        )

    return storage.chunks.settled(write)


class _Writer:
    """Writes the chunks of one segment."""

    def __init__(
        self, storage: Storage, name: str, columns: Sequence[EncodedColumn], groups: list[int]
    ) -> None:
        self.segment = uuid.uuid4().hex
        self._storage = storage
        self._name = name
        self._columns = columns
        self._by_group: dict[int, list[int]] = {}
        for position, group in enumerate(groups):
            self._by_group.setdefault(group, []).append(position)

    def write(self, rows: int, chunk_rows: int, *, wait: bool) -> list[tuple[int, bytes]]:
        """Write all rows; return the stored size and the digest of each chunk.

        The last chunk is waited for also without `wait`, and written after all others are.
        """
        *tasks, last = self._tasks(rows, chunk_rows)
        with ThreadPoolExecutor(_THREADS, "omega-frame") as pool:
            written = pool.map(lambda task: self._write(self._chunks(task), wait=wait), tasks)
            made = pool.submit(list, self._chunks(last))

            def ending() -> Iterator[list[tuple[int, bytes]]]:
                yield self._write(made.result())

            results = itertools.chain(written, ending())
            told = self._storage.progress(results, what=f"put {self._name}", total=len(tasks) + 1)
            return [part for parts in told for part in parts]

    def _tasks(self, rows: int, chunk_rows: int) -> list[tuple[int, range]]:
        """Return the group and rows of each chunk; an empty frame has one, for its types."""
        widest = max(column.width for column in self._columns)
        # So many rows of wide text are split below; this bounds the memory that it takes.
        step = max(1, min(chunk_rows, int(_WIDEST_BYTES / max(widest, 1))))
        return [
            (group, range(start, min(start + step, rows)))
            for start in range(0, max(rows, 1), step)
            for group in self._by_group
        ]

    def _write(
        self, documents: Iterable[Sequence[Chunk]], *, wait: bool = True
    ) -> list[tuple[int, bytes]]:
        """Write the chunks of some rows, of which each sequence has all columns of a group."""
        written = []
        for chunks in documents:
            self._storage.chunks.write(chunks, wait=wait)
            digest = hashlib.sha256()
            size = 0
            for chunk in chunks:
                for data in chunk.columns.values():
                    digest.update(data)
                    size += len(data)
            written.append((size, digest.digest()))
        return written

    def _chunks(self, task: tuple[int, range]) -> Iterator[list[Chunk]]:
        """Yield the chunks of some rows of a group, of fewer at a time if they are too large."""
        group, rows = task
        try:
            parts = list(self._parts(self._by_group[group], rows))
        except _TooLargeError as error:
            if len(rows) == 1:
                reason = f"{error} in row {rows.start}; keep such values as files"
                raise InvalidFrameError(self._name, reason) from None
            middle = rows.start + len(rows) // 2
            yield from self._chunks((group, range(rows.start, middle)))
            yield from self._chunks((group, range(middle, rows.stop)))
            return
        yield [
            Chunk(
                segment=self.segment,
                group=group,
                part=part,
                start=rows.start,
                stop=rows.stop,
                columns=columns,
                zones=zones,
            )
            for part, (columns, zones) in enumerate(parts)
        ]

    def _parts(
        self, positions: Sequence[int], rows: range
    ) -> Iterator[tuple[dict[int, bytes], dict[int, dict[str, Any]]]]:
        """Yield columns, as many at a time as fit into a document."""
        columns: dict[int, bytes] = {}
        zones: dict[int, dict[str, Any]] = {}
        room = LARGEST
        for position in positions:
            data, known = self._serialise(position, rows)
            if len(data) > LARGEST:
                raise _TooLargeError(f"{self._columns[position].where} takes {len(data):,} bytes")
            if columns and len(data) > room:
                yield columns, zones
                columns, zones, room = {}, {}, LARGEST
            columns[position], zones[position] = data, known
            room -= len(data) + _BESIDES
        yield columns, zones

    def _serialise(self, position: int, rows: range) -> tuple[bytes, dict[str, Any]]:
        column = self._columns[position]
        try:
            array = column.slice(rows.start, rows.stop)
        except UnsupportedObjectError as error:
            reason = f"{column.where} holds a {error.obj_type}"
            raise InvalidFrameError(self._name, reason) from error
        except UnicodeEncodeError as error:
            reason = f"{column.where} holds half of a surrogate pair ({error})"
            raise InvalidFrameError(self._name, reason) from error
        if column.recipe["form"] in {"text", "object"}:
            array = compacted(array)
        return to_ipc(array), zone(array)


class _TooLargeError(Exception):
    """A column of some rows does not fit into a document."""


def _group(columns: Sequence[EncodedColumn], rows: int) -> list[int]:
    """Return the group of each column, so that a chunk of a group has some MiB."""
    groups: list[int] = []
    group, filled = 0, 0.0
    for column in columns:
        size = column.width * rows
        if filled and filled + size > _GROUP_BYTES:
            group, filled = group + 1, 0.0
        groups.append(group)
        filled += size
    return groups
