"""Uploads that come in pieces: kept in the repository until the last one is here.

So they outlive a restart of the server, and may end on another one than they began on.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError

from omegaml_lab.core.errors import DuplicateRecordError
from omegaml_lab.server.contents.models import base_model
from omegaml_lab.storage.indexes import Index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omegaml_lab.server.contents.mounts import Model
    from omegaml_lab.storage.records import Records
    from omegaml_lab.storage.storage import Storage

__all__ = ["Upload", "Uploads"]

_ABANDONED = timedelta(days=1)
_BY_AGE = Index.on("at")
_PART = 2 << 20
"""Bytes that one record holds: a document of MongoDB has 16 MiB at most, and a small server
takes less at once."""
_ATTEMPTS = 20
_LONGEST_MARK = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One upload: where to, and which, where who sends it says so.

    Two with another `mark` to one path do not get into each other's way. Without one a person has
    one upload to a path at a time, the one that begins last, and what is seen to be of two ends.
    """

    path: str
    mark: str = ""

    @classmethod
    def of(cls, model: Model, path: str) -> Upload:
        """Return which one a piece belongs to.

        Raises
        ------
        HTTPError
            400 if what marks it is no short text.
        """
        mark = model.get("upload") or ""
        if not isinstance(mark, str) or len(mark) > _LONGEST_MARK:
            reason = f"'upload' says which upload to {path} a piece is of, in a short text"
            raise HTTPError(400, f"{reason}, not by {str(mark)[:_LONGEST_MARK]!r}")
        return cls(path=path, mark=mark)


class Uploads:
    """The uploads of one person that go on in one bucket; all methods block.

    One record tells which pieces of an upload are here, each by its hash and of how many parts
    it is; one more holds each part.
    """

    def __init__(self, storage: Callable[[], Storage], bucket: str, *, owner: str) -> None:
        self._storage = storage
        self._bucket = bucket
        self._owner = owner

    def add(self, upload: Upload, number: int, data: bytes) -> Model:
        """Keep piece `number`, counted from 1; the first one begins the upload anew.

        Returns
        -------
        The model of the file as far as it has come; the file itself is not there yet.

        Raises
        ------
        HTTPError
            400 if the piece before it never came, 409 if another one of this number did, and
            others after it.
        """
        now, key = datetime.now(UTC), self._key(upload)
        if number == 1:
            self._forget_abandoned(now)
        piece = _piece(data)
        for _ in range(_ATTEMPTS):
            record = self._going.find(key)
            here = _here(record)
            pieces = self._joined(upload, number, piece, here)
            values = {"path": upload.path, "pieces": pieces, "at": now}
            noted = self._parts.insert_before(
                _records(key, number, piece, data, now), partial(self._note, key, record, values)
            )
            if noted:
                self._drop(key, here, but=pieces)
                return {**base_model(upload.path, created=now, modified=now), "type": "file"}
        raise _mixed(upload)

    def whole(self, upload: Upload, last: bytes) -> io.BufferedReader | None:
        """Return a stream of all pieces and the `last` one, None if none came before it.

        Raises
        ------
        HTTPError
            400 if none did, and it is known of which upload this one is.
        """
        key = self._key(upload)
        here = _here(self._going.find(key))
        if not here and upload.mark:
            raise _missing(upload, 1)
        return io.BufferedReader(_Pieces(self._parts, _ids(key, here), last)) if here else None

    def finish(self, upload: Upload, last: bytes) -> None:
        """Forget the pieces; remember how the upload ended, in case that is sent again."""
        self.forget(upload)
        values = {"path": upload.path, "pieces": [], "at": datetime.now(UTC)}
        self._note(self._key(upload), None, {**values, "last": _digest(last)})

    def is_finished(self, upload: Upload, last: bytes) -> bool:
        """Say whether an upload has just ended with this piece: it was sent twice then."""
        record = self._going.find(self._key(upload))
        return record is not None and record.get("last") == _digest(last)

    def forget(self, upload: Upload) -> None:
        """Drop an upload."""
        key = self._key(upload)
        self._forget(key, self._going.find(key))

    def _joined(self, upload: Upload, number: int, piece: str, here: list[str]) -> list[str]:
        """Return the pieces that are `here`, and this one after them."""
        if not isinstance(number, int) or not 1 <= number <= len(here) + 1:
            raise _missing(upload, len(here) + 1)
        if number >= len(here) or number == 1:  # the last one may be sent again
            return [*here[: number - 1], piece]
        if here[number - 1] != piece:
            self.forget(upload)  # nobody knows whose the others are
            raise _mixed(upload)
        return here

    def _note(self, key: str, before: dict[str, Any] | None, values: dict[str, Any]) -> bool:
        """Change what is known of an upload; False if somebody else has done so meanwhile."""
        if before is not None:
            changed = {"last": None, **values, "turn": before["turn"] + 1}
            where = {"turn": before["turn"]}
            return self._going.update(key, where=where, set=changed) is not None
        try:
            self._going.insert({"id": key, "turn": 0, "last": None, **values})
        except DuplicateRecordError:
            return False
        return True

    def _forget_abandoned(self, now: datetime) -> None:
        self._going.index(_BY_AGE)
        for record in self._going.query({"at": {"$lt": now - _ABANDONED}}):
            self._forget(record["id"], record)
        # A server that dies between a piece and the note of it leaves one that is of no upload.
        noted = {part for each in self._going.query() for part in _ids(each["id"], _here(each))}
        old = {"at": {"$lt": now - _ABANDONED}, "id": {"$nin": sorted(noted)}}
        self._parts.index(_BY_AGE)
        self._parts.delete_many(old)

    def _forget(self, key: str, record: dict[str, Any] | None) -> None:
        self._drop(key, _here(record), but=[])
        self._going.delete(key)

    def _drop(self, key: str, pieces: list[str], *, but: list[str]) -> None:
        if parts := set(_ids(key, pieces)) - set(_ids(key, but)):
            self._parts.delete_many({"id": {"$in": sorted(parts)}})

    def _key(self, upload: Upload) -> str:
        # No name has line breaks, so that nothing can look like something else.
        return "\n".join((f"{self._bucket}/{upload.path}", self._owner, upload.mark))

    @property
    def _going(self) -> Records:
        return self._storage().records("uploads")

    @property
    def _parts(self) -> Records:
        return self._storage().records("upload_pieces")


def _missing(upload: Upload, number: int) -> HTTPError:
    reason = f"Piece {number} of the upload of {upload.path} never came"
    return HTTPError(400, f"{reason}. It cannot go on: upload the file again.")


def _mixed(upload: Upload) -> HTTPError:
    return HTTPError(
        409,
        f"Several uploads to {upload.path} went on at once, and this one was given up."
        " Look at what is there, and upload the file again.",
    )


def _here(record: dict[str, Any] | None) -> list[str]:
    """Return the pieces that are here, in order; other versions have noted them in other ways."""
    pieces = (record or {}).get("pieces", [])
    return [piece for piece in pieces if isinstance(piece, str)]


def _piece(data: bytes) -> str:
    return f"{_digest(data)[:32]}.{-(-len(data) // _PART)}"


def _records(
    key: str, number: int, piece: str, data: bytes, now: datetime
) -> Iterator[dict[str, Any]]:
    """Yield the records that hold a piece. One that is there already is the same, by its id."""
    for at, part in enumerate(_parts(key, number, piece)):
        yield {"id": part, "data": data[at * _PART : (at + 1) * _PART], "at": now}


def _parts(key: str, number: int, piece: str) -> list[str]:
    return [f"{key}#{number}.{piece}.{part}" for part in range(int(piece.rpartition(".")[2]))]


def _ids(key: str, pieces: list[str]) -> list[str]:
    counted = enumerate(pieces, start=1)
    return [part for number, piece in counted for part in _parts(key, number, piece)]


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
