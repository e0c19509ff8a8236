"""Blobs: sequences of bytes, kept as pieces that are named by the hash of their content."""

from __future__ import annotations

import bisect
import hashlib
import io
import itertools
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo.errors import BulkWriteError

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.storage.connection import is_duplicate
from omegaml_lab.storage.cuts import PIECE
from omegaml_lab.storage.order import TAKEN
from omegaml_lab.storage.payloads import Blob
from omegaml_lab.storage.settling import each_settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from omegaml_lab.storage.connection import Connection
    from omegaml_lab.storage.holds import Holds

__all__ = ["INLINE", "PIECE", "Blobs", "Data", "content_hash"]

Data = bytes | bytearray | memoryview
Parts = Sequence[Data]
"""What a piece consists of, in a row."""

INLINE = 64 * 1024
"""Up to this size a blob travels inside the head: one round trip less."""
_BATCH = 4
"""How many full pieces travel at once; small ones in the same number of bytes."""
_THREADS = 2
_WRITERS = 3
_HELD = 2
"""So many batches are not waited for before one is, and held until then.

With more the disk has less to do meanwhile, and more at the end.
"""


class Blobs:
    """Writes and reads blobs. Equal content is kept once in a repository.

    Pieces are written before any head refers to them. Each carries the time when it was
    written or made young (``t``), so that a collector can leave young ones alone. Who writes
    does so under a hold of its own.
    """

    def __init__(self, connection: Connection, holds: Holds) -> None:
        self._connection = connection
        self._holds = holds

    def write(
        self, source: Data | io.BufferedIOBase | Iterable[Data], *, steady: bool = False
    ) -> Blob:
        """Keep bytes, an open binary file, or buffers in a row; streams are not held in memory.

        Buffers in a row are `steady` when none gets other content before this returns.
        """
        return self._write(_cut(source, steady=steady))

    def write_pieces(self, pieces: Iterator[bytes]) -> Blob:
        """Keep pieces as the caller has cut them, each at most `PIECE` long.

        What changes little is better cut where its parts begin, so that those that stayed as
        they were are not written again when others have grown.
        """
        return self._write([piece] for piece in pieces)

    def _write(self, pieces: Iterator[Parts]) -> Blob:
        pieces, whole = _or_whole(pieces)
        if whole is not None:
            return Blob(size=len(whole), hash=_digest(whole).hex(), inline=whole)
        written = each_settled(
            self._connection, _batches(pieces), self._keep, threads=_WRITERS, held=_HELD
        )
        manifest = b"".join(entries for entries, _ in written)
        size = sum(length for _, length in written)
        return Blob(size=size, hash=_digest(manifest).hex(), manifest=manifest)

    def read(self, blob: Blob, *, verify: bool = False) -> bytes:
        """Return the whole content, with `verify` only if its hashes are what they should be.

        Raises
        ------
        IntegrityError
            If a piece is missing, or has another length or hash.
        """
        if verify:
            _check_hash(blob)
        if blob.inline is not None:
            return bytes(blob.inline)
        batches = list(_grouped(list(blob.pieces())))
        fetch = self._fetch_verified if verify else self._fetch
        with ThreadPoolExecutor(_THREADS, "omega-blob") as pool:
            pieces = [piece for batch in pool.map(fetch, batches) for piece in batch]
        data = b"".join(pieces)
        _check_size(len(data), blob)
        return data

    def stream(self, blob: Blob, *, verify: bool = False) -> Iterator[bytes]:
        """Yield the content in order, a few MiB at a time; errors like `read`."""
        if verify:
            _check_hash(blob)
        if blob.inline is not None:
            yield bytes(blob.inline)
            return
        fetch = self._fetch_verified if verify else self._fetch
        for batch in _grouped(list(blob.pieces())):
            yield from fetch(batch)

    def read_into(
        self, blob: Blob, target: memoryview, start: int = 0, *, verify: bool = False
    ) -> None:
        """Fill `target`, writable bytes, with the content from `start` on; errors like `read`.

        Only the pieces that hold some of it are fetched.
        """
        if verify:
            _check_hash(blob)
        fetch = self._fetch_verified if verify else self._fetch
        stop = start + len(target)
        if not 0 <= start <= stop <= blob.size:
            raise IntegrityError("blob", f"it ends before byte {stop}")
        if blob.inline is not None:
            _check_size(len(blob.inline), blob)
            target[:] = memoryview(blob.inline)[start:stop]
            return
        entries = list(blob.pieces())
        ends = list(itertools.accumulate(length for _, length in entries))
        _check_size(ends[-1] if ends else 0, blob)
        first, last = bisect.bisect_right(ends, start), bisect.bisect_left(ends, stop)
        numbers = range(first, last + 1 if target else first)

        def fill(some: range) -> None:
            pieces = fetch([entries[number] for number in some])
            for number, piece in zip(some, pieces, strict=True):
                place = ends[number] - len(piece)
                part = memoryview(piece)[max(start - place, 0) : stop - place]
                at = max(place - start, 0)
                target[at : at + len(part)] = part

        batches = [numbers[at : at + _BATCH] for at in range(0, len(numbers), _BATCH)]
        with ThreadPoolExecutor(_THREADS, "omega-blob") as pool:
            list(pool.map(fill, batches))

    def open(self, blob: Blob) -> io.BufferedReader:
        """Open for reading and seeking; only the pieces that are read are fetched."""
        return io.BufferedReader(_BlobFile(self, blob), buffer_size=INLINE)

    def _keep(self, batch: list[Parts], wait: bool) -> tuple[bytes, int]:  # noqa: FBT001
        """Write the pieces that are not there yet; return their part of the manifest, and sizes.

        To `wait` is for the disk: what was relied on has waited for it, or else what is written.
        """
        # Copied before they are named: whoever changes an array meanwhile, in another thread,
        # must not have us write something under the name of something else.
        pieces = [_joined(parts) for parts in batch]
        digests = [_digest(piece) for piece in pieces]
        self._holds.announce()
        with self._connection.errors():
            while not self._add(dict(zip(digests, pieces, strict=True)), wait=wait):
                pass  # another writer of equal content is welcome, and now relied on
        sizes = [len(piece) for piece in pieces]
        return b"".join(map(Blob.entry, digests, sizes)), sum(sizes)

    def _add(self, pieces: Mapping[bytes, bytes], *, wait: bool) -> bool:
        """Write those that are not there; say whether nobody else has done so meanwhile."""
        now = datetime.now(UTC)
        there = self._relied_on(set(pieces), now)
        missing = ((d, piece) for d, piece in pieces.items() if d not in there)
        new = [{"_id": digest, "t": now, "d": piece} for digest, piece in missing]
        collection = self._pieces
        if not wait:
            collection = collection.with_options(write_concern=TAKEN)
        try:
            if new:
                collection.insert_many(new, ordered=False)
        except BulkWriteError as error:
            if not is_duplicate(error):
                raise
            return False
        return True

    def _relied_on(self, digests: set[bytes], now: datetime) -> set[bytes]:
        """Return which pieces are there, so that no collector takes them from now on."""
        there = self._there(digests)
        if there and self._holds.rely_on(there):
            return self._there(there)  # a collector that has ended since may have taken some
        if there:
            touch = self._pieces.update_many({"_id": {"$in": list(there)}}, {"$max": {"t": now}})
            if touch.matched_count != len(there):  # some were collected in between
                there = self._there(there)
        return there

    def _there(self, digests: set[bytes]) -> set[bytes]:
        found = self._pieces.find({"_id": {"$in": list(digests)}}, {"_id": True})
        return {bytes(document["_id"]) for document in found}

    def _fetch(self, entries: list[tuple[bytes, int]]) -> list[bytes]:
        """Return pieces. MongoDB guards their content by checksums of its own."""
        where = {"_id": {"$in": list({digest for digest, _ in entries})}}
        with self._connection.errors():
            found = {bytes(d["_id"]): d["d"] for d in self._pieces.find(where, {"d": True})}
        for digest, length in entries:
            if len(found.get(digest, b"")) != length:
                raise IntegrityError("blob", f"piece {digest.hex()[:12]} is missing or cut")
        return [found[digest] for digest, _ in entries]

    def _fetch_verified(self, entries: list[tuple[bytes, int]]) -> list[bytes]:
        pieces = self._fetch(entries)
        for (digest, _), piece in zip(entries, pieces, strict=True):
            if _digest(piece) != digest:
                raise IntegrityError("blob", f"piece {digest.hex()[:12]} was changed")
        return pieces

    @property
    def _pieces(self) -> Any:
        return self._connection.collection("pieces")


class _BlobFile(io.RawIOBase):
    """A blob as a seekable file that fetches the piece it stands in."""

    def __init__(self, blobs: Blobs, blob: Blob) -> None:
        self._blobs = blobs
        self._blob = blob
        self._entries = list(blob.pieces())
        self._starts = [0]
        for _, length in self._entries:
            self._starts.append(self._starts[-1] + length)
        self._position = 0
        self._loaded: tuple[int, bytes] | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._blob.size}[whence]
        if base + offset < 0:
            raise ValueError(f"cannot seek to {base + offset}, before the start")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        start, data = self._piece_at(self._position)
        view = memoryview(data)[self._position - start :][: len(buffer)]
        buffer[: len(view)] = view
        self._position += len(view)
        return len(view)

    def _piece_at(self, position: int) -> tuple[int, bytes]:
        """Return the start and the content of the piece that holds `position`."""
        if position >= self._blob.size:
            return position, b""
        if self._blob.inline is not None:
            return 0, self._blob.inline
        index = bisect.bisect_right(self._starts, position) - 1
        start = self._starts[index]
        if self._loaded is None or self._loaded[0] != start:
            (data,) = self._blobs._fetch([self._entries[index]])  # noqa: SLF001 - same module
            self._loaded = (start, data)
        return self._loaded


def content_hash(source: Data | io.BufferedIOBase | Iterable[Data]) -> str:
    """Return the hash that `Blobs.write` would give the same bytes, without keeping them."""
    pieces, whole = _or_whole(_cut(source))
    if whole is not None:
        return _digest(whole).hex()
    manifest = hashlib.sha256()
    for parts in pieces:
        piece = _joined(parts)
        manifest.update(Blob.entry(_digest(piece), len(piece)))
    return manifest.hexdigest()


def _digest(data: Data) -> bytes:
    return hashlib.sha256(data).digest()


def _check_hash(blob: Blob) -> None:
    content = blob.manifest if blob.inline is None else blob.inline
    if _digest(content).hex() != blob.hash:
        raise IntegrityError("blob", "it was changed: its content is not what its hash says")


def _check_size(found: int, blob: Blob) -> None:
    if found != blob.size:
        raise IntegrityError("blob", "what it consists of does not add up to its size")


def _or_whole(pieces: Iterator[Parts]) -> tuple[Iterator[Parts], bytes | None]:
    """Return the pieces, and what they are together if that is short enough to be inline."""
    first = next(pieces, [])
    second = next(pieces, None)
    if second is None and _length(first) <= INLINE:
        return iter(()), _joined(first)
    return itertools.chain([first], () if second is None else [second], pieces), None


def _cut(
    source: Data | io.BufferedIOBase | Iterable[Data], *, steady: bool = False
) -> Iterator[Parts]:
    """Yield full pieces and what is left: views of `source` where that keeps its content."""
    if isinstance(source, bytes | bytearray | memoryview):
        view = memoryview(source).cast("B")
        yield from ([view[start : start + PIECE]] for start in range(0, len(view), PIECE))
        return
    read = getattr(source, "read", None)
    buffers: Iterable[Any] = iter(lambda: read(PIECE), b"") if read else source
    held: list[Data] = []
    size = 0
    for buffer in buffers:
        if isinstance(buffer, str):
            raise TypeError("what was given yields text, not bytes: open it in binary mode")
        lasts = steady or isinstance(buffer, bytes)
        view = memoryview(buffer if lasts else bytes(buffer)).cast("B")
        while size + len(view) >= PIECE:
            cut = PIECE - size
            yield [*held, view[:cut]]
            held, size, view = [], 0, view[cut:]
        if view:
            held.append(view)
            size += len(view)
    if held:
        yield held


def _batches(pieces: Iterator[Parts]) -> Iterator[list[Parts]]:
    batch: list[Parts] = []
    size = 0
    for piece in pieces:
        if batch and size + _length(piece) > _BATCH * PIECE:
            yield batch
            batch, size = [], 0
        batch.append(piece)
        size += _length(piece)
    if batch:
        yield batch


def _joined(piece: Parts) -> bytes:
    """Return the bytes of a piece: copied, unless they are some that nobody can change."""
    if len(piece) == 1:
        part = piece[0]
        whole = part.obj if isinstance(part, memoryview) else part
        if isinstance(whole, bytes) and len(whole) == len(part):
            return whole
    return b"".join(piece)


def _length(piece: Parts) -> int:
    return sum(map(len, piece))


def _grouped(entries: list[tuple[bytes, int]]) -> Iterator[list[tuple[bytes, int]]]:
    group: list[tuple[bytes, int]] = []
    size = 0
    for digest, length in entries:
        if group and size + length > _BATCH * PIECE:
            yield group
            group, size = [], 0
        group.append((digest, length))
        size += length
    yield group
