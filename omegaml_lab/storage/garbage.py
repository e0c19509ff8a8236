"""Garbage: pieces and chunks that no head and no earlier state refers to.

What may be removed is decided in one snapshot of the repository: of the holds of writers, of
the heads and of the earlier states. Whatever a writer relies on afterwards it has written or
touched after the snapshot, and each removal is a compare-and-delete on that time; or it has
named it in its hold while no collector was on record, which the snapshot then shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

from pymongo.errors import ConfigurationError, OperationFailure

from omegaml_lab.storage.payloads import Blob
from omegaml_lab.storage.sweeps import Sweeps
from omegaml_lab.storage.times import now

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime, timedelta

    from pymongo.client_session import ClientSession

    from omegaml_lab.storage.connection import Connection
    from omegaml_lab.storage.holds import Holds

__all__ = ["Garbage", "Leaving", "References"]

_PAYLOAD = {"payload.blob.manifest": True, "payload.segments.id": True}
# No replica set, or one whose history does not reach back to where the reading began.
_NO_SNAPSHOT = frozenset({20, 72, 123, 239, 246})
_BY_ID = [("_id", 1)]


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a dry run counts as removed: ids of objects, and ids with numbers of states."""

    objects: set[str] = field(default_factory=set)
    states: set[tuple[str, int]] = field(default_factory=set)

    def __contains__(self, key: object) -> bool:
        if isinstance(key, dict):  # of an earlier state
            return key["o"] in self.objects or (key["o"], key["r"]) in self.states
        return key in self.objects


@dataclass(frozen=True, slots=True)
class References:
    """What is referred to; who wrote something after `before` may be about to refer to it."""

    before: datetime
    pieces: set[bytes] = field(default_factory=set)
    segments: set[str] = field(default_factory=set)


class Garbage:
    """Finds and removes what payloads were made of."""

    def __init__(self, connection: Connection, holds: Holds) -> None:
        self._connection = connection
        self._holds = holds
        self.sweeps = Sweeps(connection)

    def before(self, grace: timedelta) -> datetime:
        """Return the time up to which what nobody needs may be removed.

        That is `grace` ago, or when the oldest of the writers began that are at work.
        """
        with self._connection.errors():
            told: datetime = self._connection.client.admin.command("hello")["localTime"]
        told = told.replace(tzinfo=UTC)  # what a command answers is not aware
        # Of two clocks the one that is behind is the careful one.
        moment = min(now(), told)
        self._holds.bury(moment)
        with self._connection.errors():
            return min(moment - grace, self._holds.oldest() or moment)

    def references(self, before: datetime, leaving: Leaving) -> References:
        """Return what is referred to; `before` comes back no later than it was given."""
        with self._connection.errors():
            try:
                with self._connection.client.start_session(snapshot=True) as session:
                    return self._references(before, leaving, session)
            except ConfigurationError:  # an old server
                pass
            except OperationFailure as error:
                if error.code not in _NO_SNAPSHOT:
                    raise
            return self._references(before, leaving, None)

    def pieces(self, references: References) -> Iterator[bytes]:
        """Yield the pieces that are not referred to, young or not."""
        with self._connection.errors():
            for document in self._pieces.find({}, {"_id": True}).hint(_BY_ID):
                if bytes(document["_id"]) not in references.pieces:
                    yield bytes(document["_id"])

    def segments(self, references: References) -> Iterator[str]:
        """Yield the segments that are not referred to, young or not."""
        last = None
        with self._connection.errors():
            for document in self._chunks.find({}, {"_id": True}).hint(_BY_ID):
                segment = document["_id"]["s"]
                if segment != last and segment not in references.segments:
                    yield segment
                last = segment

    def remove_pieces(
        self, digests: Collection[bytes], *, before: datetime, dry_run: bool
    ) -> tuple[int, int]:
        """Remove those that nobody has relied on since; return how many, and their bytes."""
        where = {"_id": {"$in": list(digests)}, "t": {"$lt": before}}
        return self._remove(self._pieces, where, {"$binarySize": "$d"}, dry_run=dry_run)

    def remove_segment(self, segment: str, *, before: datetime, dry_run: bool) -> tuple[int, int]:
        """Remove the chunks of a segment like `remove_pieces`."""
        within = {"$gte": {"s": segment}, "$lt": {"s": segment + "\x00"}}
        where = {"_id": within, "t": {"$lt": before}}
        return self._remove(self._chunks, where, {"$bsonSize": "$$ROOT"}, dry_run=dry_run)

    def _remove(
        self, collection: Any, where: Mapping[str, Any], size: Any, *, dry_run: bool
    ) -> tuple[int, int]:
        with self._connection.errors():
            found = collection.aggregate([{"$match": where}, {"$project": {"size": size}}])
            sizes = [document["size"] for document in found]
            if dry_run or not sizes:
                return len(sizes), sum(sizes)
            removed = int(collection.delete_many(where).deleted_count)
        # Where somebody relied on one, or removed it too, the bytes are as good as an average.
        return removed, sum(sizes) * removed // len(sizes)

    def _references(
        self, before: datetime, leaving: Leaving, session: ClientSession | None
    ) -> References:
        oldest = self._holds.oldest(session=session)
        found = References(min(before, oldest or before))
        found.pieces.update(self._holds.named(session=session))
        # Without a snapshot: what is dropped or replaced meanwhile goes from the heads to the
        # states, and what is restored comes back.
        once = ["objects", "revisions"]
        for name in once if session is not None else [*once, "objects"]:
            for document in self._connection.collection(name).find({}, _PAYLOAD, session=session):
                if document["_id"] not in leaving:
                    _add(found, document.get("payload") or {})
        return found

    @property
    def _pieces(self) -> Any:
        return self._connection.collection("pieces")

    @property
    def _chunks(self) -> Any:
        return self._connection.collection("chunks")


def _add(found: References, payload: Mapping[str, Any]) -> None:
    manifest = (payload.get("blob") or {}).get("manifest") or b""
    found.pieces.update(digest for digest, _ in Blob(size=0, hash="", manifest=manifest).pieces())
    found.segments.update(segment["id"] for segment in payload.get("segments") or ())
