"""The trash: dropped objects, which are out of their store and can come back.

A dropped object stays the document that it was, with its identity, tags and revisions. It is
only called by its id, in a store that nobody opens, and remembers where it was. So dropping
and restoring are one atomic change each, and of a folder one transaction.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pymongo.errors import DuplicateKeyError

from omegaml_lab.core.errors import InvalidNameError, ObjectExistsError
from omegaml_lab.core.metadata import FOLDER
from omegaml_lab.core.names import MAX_LENGTH, parent_of
from omegaml_lab.core.pages import Page, check_page
from omegaml_lab.core.trash import Dropped
from omegaml_lab.storage.listing import below, can_occur
from omegaml_lab.storage.times import now
from omegaml_lab.storage.transactions import together
from omegaml_lab.storage.trees import moved

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pymongo.client_session import ClientSession

    from omegaml_lab.storage.connection import Connection
    from omegaml_lab.storage.heads import Head

__all__ = ["SORTS", "TRASH", "Trash"]

SORTS = {"dropped": "dropped.at", "name": "dropped.name", "size": "size", "kind": "kind"}
"""What the trash can be sorted by, and the field that does it."""

TRASH = "trash/"
"""What precedes the name of a store where its dropped objects are; no store is called so."""


class Trash:
    """What was dropped from one store of one bucket."""

    def __init__(self, connection: Connection, bucket: str, store: str) -> None:
        self._connection = connection
        self._store = store
        self._place = {"bucket": bucket, "store": store}
        self._scope = {"bucket": bucket, "store": TRASH + store}

    def drop(self, head: Head, *, by: str, recursive: bool) -> bool:
        """Move an object, or with `recursive` a folder with all below it, to the trash.

        False, and nothing is done, when somebody changed it since it was read.
        """
        here = {"_id": head.id, "serial": head.document["serial"]}
        change = [{"$set": self._dropping(head, by)}]
        whole = recursive and head.metadata.is_folder

        def act(session: ClientSession | None) -> bool:
            # The folder goes first: a put that slips something in below sees that, and makes
            # the folder again.
            done = self._objects.update_one(here, change, session=session).matched_count
            if done and whole:
                tree = {**self._place, "name": below(head.metadata.name)}
                self._objects.update_many(tree, change, session=session)
            return bool(done)

        with self._connection.errors():
            return together(self._connection, act) if whole else act(None)

    def check(self, entry: Dropped, path: str) -> None:
        """Raise `InvalidNameError` if what was dropped with a folder has no room below `path`."""
        growth = len(path.encode()) - len(entry.name.encode())
        if entry.kind != FOLDER or growth <= 0:
            return
        too_long = {
            "$gt": [{"$strLenBytes": {"$ifNull": ["$dropped.name", ""]}}, MAX_LENGTH - growth]
        }
        tree = {**self._scope, "dropped.batch": entry.id, "_id": {"$ne": entry.id}}
        with self._connection.errors():
            found = self._objects.find_one({**tree, "$expr": too_long})
        if found:
            name, reason = found["dropped"]["name"], f"there it is longer than {MAX_LENGTH} bytes"
            raise InvalidNameError(name, reason)

    def restore(self, entry: Dropped, path: str) -> bool:
        """Bring something back as `path`, with all that was dropped with it, as one.

        False when it is no longer in the trash.

        Raises
        ------
        ObjectExistsError
            If `path`, or for a folder a name below it, is taken.
        """
        here = {**self._scope, "_id": entry.id}
        with_it = {**self._scope, "dropped.batch": entry.id, "_id": {"$ne": entry.id}}
        root = {"name": {"$literal": path}, "parent": {"$literal": parent_of(path)}}
        member = {
            "name": moved("$dropped.name", entry.name, path),
            "parent": moved("$dropped.parent", entry.name, path),
        }

        def act(session: ClientSession | None) -> bool:
            # Without transactions the folder comes last, so that it can be tried again.
            if entry.kind == FOLDER:
                self._objects.update_many(with_it, self._restoring(member), session=session)
            done = self._objects.update_one(here, self._restoring(root), session=session)
            return bool(done.matched_count)

        with self._connection.errors():
            try:
                return together(self._connection, act) if entry.kind == FOLDER else act(None)
            except DuplicateKeyError as error:
                raise ObjectExistsError(self._store, path, option="new") from error

    def find(self, id: str) -> Dropped | None:  # noqa: A002 - the field is named so
        """Return what has this id, None when it is not here."""
        found = self._dropped({"_id": {"$eq": id}}, [], 0, 1)
        return found[0] if found else None

    def newest(self, names: Iterable[str]) -> Dropped | None:
        """Return what was dropped last of these names, None when there is nothing."""
        where = {"dropped.name": {"$in": list(names)}}
        found = self._dropped(where, [("dropped.at", -1)], 0, 1)
        return found[0] if found else None

    def page(
        self, *, search: str | None, sort: str, descending: bool, offset: int, limit: int | None
    ) -> Page[Dropped]:
        """Return a part of what is in the trash.

        What was dropped with its folder is not listed, unless its name is searched for.
        """
        check_page(sort, SORTS, offset=offset, limit=limit)
        where: dict[str, Any] = {"$expr": {"$eq": ["$_id", "$dropped.batch"]}}
        if search:
            matches = {"$regex": re.escape(search), "$options": "is"}
            where = {"dropped.name": matches if can_occur(search) else {"$in": []}}
        order = -1 if descending else 1
        keys = [(SORTS[sort], order), ("dropped.name", 1), ("_id", 1)]
        if sort == "name":
            del keys[1]
        items = [] if limit == 0 else self._dropped(where, keys, offset, limit or 0)
        with self._connection.errors():
            return Page(items, self._objects.count_documents({**self._scope, **where}))

    def _dropped(
        self, where: Mapping[str, Any], keys: list[tuple[str, int]], offset: int, limit: int
    ) -> list[Dropped]:
        with self._connection.errors():
            cursor = self._objects.find({**self._scope, **where}, {"payload": False}, skip=offset)
            documents = list((cursor.sort(keys) if keys else cursor).limit(limit))
            folders = [d["_id"] for d in documents if d["kind"] == FOLDER]
            sizes = self._sizes(folders) if folders else {}
        return [_entry(d, self._store, sizes.get(d["_id"], d["size"])) for d in documents]

    def _sizes(self, folders: list[str]) -> dict[str, int]:
        """Return how many bytes there are of what was dropped with each folder."""
        where = {**self._scope, "dropped.batch": {"$in": folders}}
        total = {"_id": "$dropped.batch", "size": {"$sum": "$size"}}
        found = self._objects.aggregate([{"$match": where}, {"$group": total}])
        return {document["_id"]: document["size"] for document in found}

    def _dropping(self, head: Head, by: str) -> dict[str, Any]:
        was = {"bucket": "$bucket", "store": "$store", "name": "$name", "parent": "$parent"}
        how = {"at": now(), "by": {"$literal": by}, "batch": head.id}
        return {
            "dropped": {**was, **how},
            "store": self._scope["store"],
            "name": "$_id",
            "parent": "",
            "serial": {"$add": ["$serial", 1]},
        }

    def _restoring(self, where: Mapping[str, Any]) -> list[dict[str, Any]]:
        back = {**where, "store": self._store, "serial": {"$add": ["$serial", 1]}}
        return [{"$set": back}, {"$unset": "dropped"}]

    @property
    def _objects(self) -> Any:
        return self._connection.collection("objects")


def _entry(document: Mapping[str, Any], store: str, size: int) -> Dropped:
    dropped = document["dropped"]
    return Dropped(
        id=document["_id"],
        store=store,
        name=dropped["name"],
        kind=document["kind"],
        size=size,
        revision=document["revision"],
        dropped=dropped["at"],
        dropped_by=dropped["by"],
        bucket=document["bucket"],
    )
