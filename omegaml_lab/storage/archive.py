"""The archive: taking earlier states and dropped objects out of the repository for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaml_lab.storage.heads import Head
from omegaml_lab.storage.revisions import all_of, is_remains, remains_of
from omegaml_lab.storage.trash import TRASH

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from omegaml_lab.storage.connection import Connection

__all__ = ["PURGED", "Archive", "State"]

PURGED = "purged"
"""Where an object is on its way out of the trash; it can no longer be restored."""
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class State:
    """An archived state of an object: the number of its revision, and when it was put."""

    revision: int
    modified: datetime


class Archive:
    """All earlier states and dropped objects of a repository.

    What it removes is removed by conditions that hold while it happens, so that any number of
    processes may do the same at once, and any may die.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def heads(self, stores: Collection[str]) -> Iterator[Head]:
        """Yield the heads of objects that were put more than once, without payloads."""
        where = {"store": {"$in": list(stores)}, "rank": 1, "revision": {"$gt": 1}}
        with self._connection.errors():
            for document in self._objects.find(where, {"payload": False}):
                yield Head(document)

    def states(self, head: Head) -> list[State]:
        """Return the states of an object but the newest, in any order."""
        where = {**all_of(head.id)}
        with self._connection.errors():
            found = self._revisions.find(where, {"modified": True})
            states = [State(d["_id"]["r"], d["modified"]) for d in found]
        return [state for state in states if state.revision < head.metadata.revision]

    def read(self, head: Head, numbers: Collection[int]) -> set[int]:
        """Return those of some states that runs have noted that they read, or ran."""
        where = {"object": head.id, "revision": {"$in": list(numbers)}}
        with self._connection.errors():
            return set(self._connection.collection("reads").distinct("revision", where))

    def remove(self, head: Head, numbers: Collection[int], *, before: datetime) -> int:
        """Remove states, unless somebody has relied on them since; return how many."""
        keys = [{"o": head.id, "r": number} for number in numbers]
        where = {"_id": {"$in": keys}, **_not_relied_on(before)}
        with self._connection.errors():
            return int(self._revisions.delete_many(where).deleted_count)

    def told(self, store: str, detail: str) -> Iterator[tuple[str, Any]]:
        """Yield the bucket and the value of a detail, of all states of all that have it.

        What is in the trash counts: it may come back.
        """
        stores = {"$in": [store, TRASH + store]}
        where = {"store": stores, f"details.{detail}": {"$exists": True}}
        shown = {"bucket": True, f"details.{detail}": True}
        with self._connection.errors():
            for collection in (self._objects, self._revisions):
                for document in collection.find(where, shown):
                    yield document["bucket"], document["details"][detail]

    def expired(self, *, dropped_before: datetime) -> dict[str, datetime | None]:
        """Return the ids of what was dropped earlier, and of what a purge has left over.

        With each comes when it was dropped, None where that is not known.
        """
        where = {"$or": [{"dropped.at": {"$lt": dropped_before}}, {"store": PURGED}]}
        with self._connection.errors():
            found = self._objects.find(where, {"dropped.at": True, "gone": True})
            return {d["_id"]: d.get("dropped", {}).get("at", d.get("gone")) for d in found}

    def purge(self, id: str, *, dropped_before: datetime, before: datetime) -> bool:  # noqa: A002
        """Remove a dropped object with all its states, unless it was restored meanwhile.

        Of what was not dropped `before`, the payloads stay until the grace period is over.
        """
        leaving = {"store": PURGED, "gone": "$dropped.at", "serial": {"$add": ["$serial", 1]}}
        change = [{"$set": leaving}, {"$unset": "dropped"}]
        with self._connection.errors():
            self._objects.update_one({"_id": id, "dropped.at": {"$lt": dropped_before}}, change)
            found = self._objects.find_one({"_id": id, "store": PURGED}, {"gone": True})
            if found is None:
                return False
            gone = found.get("gone")
            if gone is not None and gone >= before:
                self._leave(id, gone)
            # The states go first: who comes after a crash finds the object, and goes on with it.
            self._revisions.delete_many(all_of(id))
            return bool(self._objects.delete_one({"_id": id, "store": PURGED}).deleted_count)

    def orphans(self) -> list[str]:
        """Return the ids of objects that are gone, but of which there are states."""
        with self._connection.errors():
            keys = self._revisions.find({}, {"_id": True}).hint([("_id", 1)])
            ids = list(dict.fromkeys(document["_id"]["o"] for document in keys))
            # In this order: no state is archived of an object that is not there (any more).
            orphans = []
            for start in range(0, len(ids), _BATCH):
                some = ids[start : start + _BATCH]
                found = self._objects.find({"_id": {"$in": some}}, {"_id": True})
                there = {document["_id"] for document in found}
                orphans += [id for id in some if id not in there]  # noqa: A001
            return orphans

    def remove_orphan(self, id: str, *, before: datetime) -> int:  # noqa: A002
        """Remove the states of an object that is gone; return how many revisions that were."""
        where = {**all_of(id), **_not_relied_on(before)}
        with self._connection.errors():
            removed = int(self._revisions.delete_many(where).deleted_count)
        return 0 if is_remains(id) else removed

    def old_states(self, id: str, *, before: datetime) -> list[int]:  # noqa: A002
        """Return the numbers of the states that `remove_orphan` would remove."""
        where = {**all_of(id), **_not_relied_on(before)}
        with self._connection.errors():
            return [d["_id"]["r"] for d in self._revisions.find(where, {"_id": True})]

    def _leave(self, id: str, gone: datetime) -> None:  # noqa: A002
        """Keep the payloads of an object that went: see `remains_of`."""
        states = (self._revisions, all_of(id), "$_id.r"), (self._objects, {"_id": id}, "$revision")
        for collection, where, number in states:
            key = {"o": {"$literal": remains_of(id)}, "r": number}
            kept = {"_id": key, "payload": True, "t": {"$literal": gone}}
            into = {"into": "revisions", "whenMatched": "replace"}
            collection.aggregate([{"$match": where}, {"$project": kept}, {"$merge": into}])

    @property
    def _objects(self) -> Any:
        return self._connection.collection("objects")

    @property
    def _revisions(self) -> Any:
        return self._connection.collection("revisions")


def _not_relied_on(before: datetime) -> Mapping[str, Any]:
    return {"$or": [{"t": {"$exists": False}}, {"t": {"$lt": before}}]}
