"""Whole folders: moving and dropping all that is below one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo.errors import DuplicateKeyError

from omegaml_lab.core.errors import InvalidNameError, ObjectExistsError
from omegaml_lab.core.names import MAX_LENGTH, parent_of
from omegaml_lab.storage.listing import below
from omegaml_lab.storage.revisions import all_of
from omegaml_lab.storage.times import now
from omegaml_lab.storage.transactions import together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.client_session import ClientSession

    from omegaml_lab.storage.connection import Connection
    from omegaml_lab.storage.heads import Head

__all__ = ["Trees", "moved"]

_BATCH = 500


class Trees:
    """Moves and drops names with all below, in one store of one bucket."""

    def __init__(self, connection: Connection, bucket: str, store: str) -> None:
        self._connection = connection
        self._store = store
        self._scope = {"bucket": bucket, "store": store}

    def rename(self, old: str, new: str, *, bucket: str | None = None) -> bool:
        """Move `old` and all below it, as one; False when there is no `old`.

        `bucket` is where to, by default where it is.

        Raises
        ------
        ObjectExistsError
            If `new`, or something below it, is there already.
        InvalidNameError
            If a name below would become too long.
        """
        target = {**self._scope, **({} if bucket is None else {"bucket": bucket})}

        def move(session: ClientSession | None) -> bool:
            return self._move(old, new, target, session)

        with self._connection.errors():
            try:
                # Without transactions names are moved one by one, the folder last: a crash in
                # between leaves every object reachable under its old or its new name.
                return together(self._connection, move)
            except DuplicateKeyError as error:
                raise ObjectExistsError(self._store, new) from error

    def check(self, old: str, new: str) -> None:
        """Raise `InvalidNameError` if something below `old` would have too long a name."""
        with self._connection.errors():
            self._check_lengths(old, new, None)

    def forget(self, head: Head) -> bool:
        """Drop a folder and all below it for good, as one; False when it was changed meanwhile.

        What is put below after this began stays.
        """
        here = {"_id": head.id, "serial": head.document["serial"]}
        with self._connection.errors():
            found = self._objects.find(
                {**self._scope, "name": below(head.metadata.name)}, {"serial": True}
            )
            read = [here, *found]
            batches = [read[at : at + _BATCH] for at in range(0, len(read), _BATCH)]
            for batch in batches:
                self._archive([document["_id"] for document in batch])

            def act(session: ClientSession | None) -> bool:
                # The folder goes first: a put that slips something in below sees that, and
                # makes the folder again.
                if not self._objects.delete_one(here, session=session).deleted_count:
                    return False
                for batch in batches:
                    self._objects.delete_many({"$or": batch}, session=session)
                return True

            return together(self._connection, act)

    def _archive(self, ids: Sequence[str]) -> None:
        """Archive heads as they are now, and make all states of their objects young."""
        newer = {"$cond": [{"$lt": ["$serial", "$$new.serial"]}, "$$new", "$$ROOT"]}
        self._objects.aggregate(
            [
                {"$match": {"_id": {"$in": list(ids)}}},
                {"$set": {"_id": {"o": "$_id", "r": "$revision"}}},
                {"$merge": {"into": "revisions", "whenMatched": [{"$replaceWith": newer}]}},
            ]
        )
        states = {"$or": [all_of(id) for id in ids]}  # noqa: A001
        self._connection.collection("revisions").update_many(states, {"$max": {"t": now()}})

    def is_empty(self, folder: str) -> bool:
        """Say whether nothing is below `folder`."""
        with self._connection.errors():
            return (
                self._objects.find_one({**self._scope, "name": below(folder)}, {"_id": True})
                is None
            )

    def _move(
        self, old: str, new: str, target: dict[str, Any], session: ClientSession | None
    ) -> bool:
        here = {**self._scope, "name": old}
        tree = {**self._scope, "name": below(old)}
        if self._objects.find_one(here, {"_id": True}, session=session) is None:
            return False
        if self._objects.find_one({**target, "name": below(new)}, session=session):
            raise ObjectExistsError(self._store, new)
        self._check_lengths(old, new, session)
        change = {
            "name": moved("$name", old, new),
            "parent": moved("$parent", old, new),
            "bucket": {"$literal": target["bucket"]},
            "renamed_from": "$name",
            "serial": {"$add": ["$serial", 1]},
        }
        root = {**change, "name": {"$literal": new}, "parent": {"$literal": parent_of(new)}}
        # As changes are told in this order, the folder comes first: who hears of a file that
        # moved looks for its folder. Where a crash may come in between it comes last.
        steps = [
            lambda: self._objects.update_one(here, [{"$set": root}], session=session),
            lambda: self._objects.update_many(tree, [{"$set": change}], session=session),
        ]
        for step in steps if session else reversed(steps):
            step()
        return True

    def _check_lengths(self, old: str, new: str, session: ClientSession | None) -> None:
        growth = len(new.encode()) - len(old.encode())
        if growth <= 0:
            return
        tree = {**self._scope, "name": below(old)}
        too_long = {"$expr": {"$gt": [{"$strLenBytes": "$name"}, MAX_LENGTH - growth]}}
        found = self._objects.find_one({"$and": [tree, too_long]}, session=session)
        if found:
            raise InvalidNameError(
                found["name"], f"moved there it would be longer than {MAX_LENGTH} bytes"
            )

    @property
    def _objects(self) -> Any:
        return self._connection.collection("objects")


def moved(field: str, old: str, new: str) -> dict[str, Any]:
    """Return the expression that puts `new` in the place of `old` at the start of a field."""
    start = len(old.encode())
    rest = {"$substrBytes": [field, start, {"$subtract": [{"$strLenBytes": field}, start]}]}
    return {"$concat": [{"$literal": new}, rest]}
