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
_PART = 2 << 20
"""Bytes that one record holds: a document of MongoDB has 16 MiB at most, and a small server
takes less at once."""


class Uploads:
    """The uploads that go on in one bucket; all methods block.

    One record tells which pieces of an upload are here, and of how many parts each is; one more
    holds each part.
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
        pieces = self._here(path)
        if not isinstance(number, int) or not 1 <= number <= len(pieces) + 1:
            raise HTTPError(400, f"Piece {len(pieces) + 1} of the upload of {path} never came")
        parts = [data[at : at + _PART] for at in range(0, len(data), _PART)]
        before = [*pieces, 0][number - 1]
        pieces[number - 1 : number] = [len(parts)]
        ids = _ids(self._key(path), number, max(before, len(parts)))
        for part, there in zip(ids, parts, strict=False):
            self._parts.upsert(part, {"data": there})
        self._note(path, pieces, now, last=None)
        for part in ids[len(parts) :]:  # it was sent before, and was longer then
            self._parts.delete(part)
        return {**base_model(path, created=now, modified=now), "type": "file"}

    def whole(self, path: str, last: bytes) -> io.BufferedReader | None:
        """Return a stream of all pieces and the `last` one, None if none came before it."""
        pieces = self._here(path)
        if not pieces:
            return None
        return io.BufferedReader(_Pieces(self._parts, _all_ids(self._key(path), pieces), last))

    def finish(self, path: str, last: bytes) -> None:
        """Forget the pieces; remember how the upload ended, in case that is sent again."""
        self.forget(path)
        self._note(path, [], datetime.now(UTC), last=_digest(last))

    def is_finished(self, path: str, last: bytes) -> bool:
        """Say whether an upload has just ended with this piece: it was sent twice then."""
        upload = self._going.find(self._key(path))
        return upload is not None and upload["last"] == _digest(last)

    def forget(self, path: str) -> None:
        """Drop an upload."""
        self._forget(self._key(path), self._here(path))

    def _forget_abandoned(self, now: datetime) -> None:
        self._going.index("at")
        for upload in self._going.query({"at": {"$lt": now - _ABANDONED}}):
            self._forget(upload["id"], upload.get("pieces", []))

    def _forget(self, key: str, pieces: list[int]) -> None:
        for part in _all_ids(key, pieces):
            self._parts.delete(part)
        self._going.delete(key)

    def _here(self, path: str) -> list[int]:
        """Return of how many parts each piece is that is here, in order."""
        upload = self._going.find(self._key(path)) or {}
        return list(upload.get("pieces", []))

    def _note(self, path: str, pieces: list[int], now: datetime, *, last: str | None) -> None:
        values = {"path": path, "pieces": pieces, "last": last, "at": now}
        self._going.upsert(self._key(path), values)

    def _key(self, path: str) -> str:
        return f"{self._bucket}/{path}"

    @property
    def _going(self) -> Records:
        return self._storage().records("uploads")

    @property
    def _parts(self) -> Records:
        return self._storage().records("upload_pieces")


def _ids(key: str, number: int, parts: int) -> list[str]:
    return [f"{key}#{number}.{part}" for part in range(parts)]


def _all_ids(key: str, pieces: list[int]) -> list[str]:
    counted = enumerate(pieces, start=1)
    return [part for number, parts in counted for part in _ids(key, number, parts)]


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
