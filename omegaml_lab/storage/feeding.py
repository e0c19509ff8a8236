"""Blobs that are written while what goes into them is still being made."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Self

from omegaml_lab.storage.blobs import PIECE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.storage.blobs import Blobs, Data
    from omegaml_lab.storage.payloads import Blob

__all__ = ["BlobFeed"]

_WORTH = 2 * PIECE
"""What is smaller is written at the end, by the thread that made it."""


class BlobFeed:
    """Takes in buffers in a row; a thread of its own writes those there are.

    Use it as a context and `close` it inside. What is left open is not kept: the pieces that
    are written by then are for the collector. Give the buffers no other content until then.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._held: list[Data] = []
        self._size = 0
        self._queue: SimpleQueue[Data | _End] = SimpleQueue()
        self._pool = ThreadPoolExecutor(1, "omega-feed")
        self._writing: Future[Blob] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(_End(whole=False))
        self._pool.shutdown()

    def add(self, data: Data) -> None:
        """Take in what comes next."""
        if self._writing is not None:
            self._queue.put(data)
            return
        self._held.append(data)
        self._size += memoryview(data).nbytes
        if self._size > _WORTH:
            self._writing = self._pool.submit(self._blobs.write, self._fed(), steady=True)

    def close(self) -> Blob:
        """Wait until all is written."""
        if self._writing is None:
            return self._blobs.write(self._held, steady=True)
        self._queue.put(_End(whole=True))
        return self._writing.result()

    def _fed(self) -> Iterator[Data]:
        yield from self._held
        while not isinstance(data := self._queue.get(), _End):
            yield data
        if not data.whole:
            raise _LeftError


class _End:
    def __init__(self, *, whole: bool) -> None:
        self.whole = whole


class _LeftError(Exception):
    """Who fed a blob did not come to its end; nobody sees this."""
