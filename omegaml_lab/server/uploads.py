"""Uploads that come in pieces: kept in the repository until the last one is here.

So they outlive a restart of the server, and may end on another one than they began on.
"""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError

from omegaml_lab.server.models import base_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.server.mounts import Model
    from omegaml_lab.storage.records import Records
    from omegaml_lab.storage.storage import Storage

__all__ = ["Uploads"]

_ABANDONED = timedelta(days=1)


class Uploads:
    """The uploads that go on in one bucket; all methods block.

    One record tells how many pieces of an upload are here, one more holds each piece.
    """

    def __init__(self, storage: Callable[[], Storage], bucket: str) -> None:
        self._storage = storage
        self._bucket = bucket

    def add(self, path: str, number: int, data: bytes) -> Model:
        """Keep piece `number`, counted from 1; the first one begins the upload anew.

        Returns
        -------
        The model of the file as far as it has come; the file itself is not there yet.

        Raises
        ------
        HTTPError
            400 if the piece before it never came.
        """
        now = datetime.now(UTC)
        if number == 1:
            self._forget_abandoned(now)
            self.forget(path)
        count = self._count(path)
        if not isinstance(number, int) or not 1 <= number <= count + 1:
            raise HTTPError(400, f"Piece {count + 1} of the upload of {path} never came")
        self._pieces.upsert(self._key(path, number), {"data": data})
        self._going.upsert(
            self._key(path), {"path": path, "count": max(count, number), "last": None, "at": now}
        )
        return {**base_model(path, created=now, modified=now), "type": "file"}

    def whole(self, path: str, last: bytes) -> io.BufferedReader | None:
        """Return a stream of all pieces and the `last` one, None if none came before it."""
        count = self._count(path)
        if not count:
            return None
        ids = [self._key(path, number) for number in range(1, count + 1)]
        return io.BufferedReader(_Pieces(self._pieces, ids, last))

    def finish(self, path: str, last: bytes) -> None:
        """Forget the pieces; remember how the upload ended, in case that is sent again."""
        self.forget(path)
        values = {"path": path, "count": 0, "last": _digest(last), "at": datetime.now(UTC)}
        self._going.upsert(self._key(path), values)

    def is_finished(self, path: str, last: bytes) -> bool:
        """Say whether an upload has just ended with this piece: it was sent twice then."""
        upload = self._going.find(self._key(path))
        return upload is not None and upload["last"] == _digest(last)

    def forget(self, path: str) -> None:
        """Drop an upload."""
        for number in range(1, self._count(path) + 1):
            self._pieces.delete(self._key(path, number))
        self._going.delete(self._key(path))

    def _forget_abandoned(self, now: datetime) -> None:
        self._going.index("at")
        for upload in self._going.query({"at": {"$lt": now - _ABANDONED}}):
            for number in range(1, upload["count"] + 1):
                self._pieces.delete(f"{upload['id']}#{number}")
            self._going.delete(upload["id"])

    def _count(self, path: str) -> int:
        upload = self._going.find(self._key(path))
        return int(upload["count"]) if upload else 0

    def _key(self, path: str, number: int | None = None) -> str:
        key = f"{self._bucket}/{path}"
        return key if number is None else f"{key}#{number}"

    @property
    def _going(self) -> Records:
        return self._storage().records("uploads")

    @property
    def _pieces(self) -> Records:
        return self._storage().records("upload_pieces")


class _Pieces(io.RawIOBase):
    """The pieces one after the other, read from the repository when they are due."""

    def __init__(self, records: Records, ids: list[str], last: bytes) -> None:
        self._records = records
        self._ids = ids
        self._last: bytes | None = last
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._piece:
            if self._ids:
                self._piece = memoryview(self._read(self._ids.pop(0)))
            elif self._last is not None:
                self._piece, self._last = memoryview(self._last), None
            else:
                return 0
        size = min(len(buffer), len(self._piece))
        buffer[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        return size

    def _read(self, piece: str) -> bytes:
        record = self._records.find(piece)
        if record is None:  # another upload to this path has begun meanwhile
            raise HTTPError(409, "The upload was given up for another one to the same path")
        return bytes(record["data"])


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
