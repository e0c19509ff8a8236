"""The cache of columns: what a process has read of frames lately, kept in its memory."""

from __future__ import annotations

import os
import resource
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

__all__ = ["CACHE_BYTES", "CachedChunk", "ColumnCache", "Key"]

CACHE_BYTES = 64_000_000
"""How much a process keeps unless it is told otherwise."""
_LARGEST = 4
"""No chunk takes more than this part of the cache: it would drive out all others."""

Key = tuple[str, int, int]
"""The segment, the group and the first row of a chunk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedChunk:
    """Some columns of a chunk that ends before row `stop`; all it has if it is `whole`."""

    stop: int
    columns: Mapping[int, Any]
    whole: bool = False

    @property
    def size(self) -> int:
        """How many bytes its columns take."""
        return sum(map(len, self.columns.values()))

    def has(self, positions: Collection[int] | None) -> bool:
        """Say whether these columns are in it; None stands for all."""
        if positions is None:
            return self.whole
        return self.whole or all(position in self.columns for position in positions)

    def joined(self, other: CachedChunk) -> CachedChunk:
        """Return the columns that are in either."""
        columns = {**self.columns, **other.columns}
        return CachedChunk(stop=self.stop, columns=columns, whole=self.whole or other.whole)


class ColumnCache:
    """Columns as they are stored, up to `limit` bytes; those not asked for longest go first.

    A process whose memory is limited (``ulimit``) keeps nothing: all of it is for its work.

    Chunks are never changed and their keys never used again, so that what is here is what the
    server would answer. It is safe to share between threads; a process forked from one that used
    it begins with an empty one.
    """

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self.limit = limit
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._chunks: OrderedDict[Key, CachedChunk] = OrderedDict()
        self._size = 0

    @property
    def size(self) -> int:
        """How many bytes are kept now."""
        return self._size

    def find(
        self, keys: Iterable[Key], positions: Collection[int] | None
    ) -> dict[Key, CachedChunk] | None:
        """Return these chunks, or None unless each is here with all columns that are wanted."""
        if self._pid != os.getpid():  # the lock may be held by a thread that is not here
            self._begin()
        found: dict[Key, CachedChunk] = {}
        with self._lock:
            for key in keys:
                chunk = self._chunks.get(key)
                if chunk is None or not chunk.has(positions):
                    return None
                found[key] = chunk
            for key in found:
                self._chunks.move_to_end(key)
        return found

    def keep(self, key: Key, chunk: CachedChunk) -> None:
        """Keep columns that were read, beside those of the same chunk that are here."""
        if self._pid != os.getpid():
            self._begin()
        limit = 0 if _is_limited() else self.limit
        with self._lock:
            before = self._chunks.pop(key, None)
            if before is not None:
                self._size -= before.size
                chunk = before.joined(chunk)
            if 0 < chunk.size <= limit // _LARGEST:
                self._chunks[key] = chunk
                self._size += chunk.size
            while self._size > limit:
                self._size -= self._chunks.popitem(last=False)[1].size


def _is_limited() -> bool:
    """Say whether somebody has set how much memory this process may have."""
    limits = (resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA))
    return any(limit != resource.RLIM_INFINITY for limit in limits)
