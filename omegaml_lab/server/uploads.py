"""Uploads that come in pieces: kept in the repository until the last one is here.

So they outlive a restart of the server, and may end on another one than they began on.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError

from omegaml_lab.server.models import base_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omegaml_lab.server.mounts import Model
    from omegaml_lab.storage.records import Records

__all__ = ["Uploads"]

_ABANDONED = timedelta(days=1)


class Uploads:
    """Pieces of the files that are being uploaded, as records; all methods block.

    `existing` returns the bytes that are at a path now, for a last piece without any before.
    """

    def __init__(self, records: Callable[[], Records], bucket: str) -> None:
        self._open = records
        self._bucket = bucket

    def add(self, path: str, number: int, data: bytes) -> Model:
        """Keep piece `number`, counted from 1; the first one begins the upload anew.

        Returns
        -------
        The model of the file as far as it has come; the file itself is not there yet.
        """
        if not isinstance(number, int) or number < 1:
            raise HTTPError(400, f"A piece of an upload has a number from 1, or -1: not {number}")
        now = datetime.now(UTC)
        if number == 1:
            self._forget({"upload": self._key(path)})
            self._forget({"at": {"$lt": now - _ABANDONED}})
        values = {"upload": self._key(path), "number": number, "data": data, "at": now}
        self._open().upsert(f"{self._key(path)}#{number}", values)
        return {**base_model(path, created=now, modified=now), "type": "file"}

    @contextmanager
    def finish(self, path: str, last: bytes) -> Iterator[io.BufferedReader]:
        """Hand out the whole upload as a stream, then forget its pieces.

        Raises
        ------
        HTTPError
            400 if a piece is missing.
        """
        ids = [
            (piece["number"], piece["id"])
            for piece in self._open().query({"upload": self._key(path)}, sort=[("number", 1)])
        ]
        for expected, (number, _) in enumerate(ids, start=1):
            if number != expected:
                raise HTTPError(400, f"Piece {expected} of the upload of {path} never came")
        yield io.BufferedReader(_Pieces(self._open(), [key for _, key in ids], last))
        self._forget({"upload": self._key(path)})

    def _key(self, path: str) -> str:
        return f"{self._bucket}/{path}"

    def _forget(self, where: dict[str, Any]) -> None:
        records = self._open()
        for piece in records.query(where):
            records.delete(piece["id"])


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
                record = self._records.find(self._ids.pop(0))
                self._piece = memoryview(bytes(record["data"]) if record else b"")
            elif self._last is not None:
                self._piece, self._last = memoryview(self._last), None
            else:
                return 0
        size = min(len(buffer), len(self._piece))
        buffer[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        return size
