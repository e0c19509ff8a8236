"""Listings of heads: names and pages of metadata, by index and without payloads."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.metadata import FOLDER, Child
from omegaml_lab.core.pages import Page, check_page
from omegaml_lab.storage.heads import to_metadata

if TYPE_CHECKING:
    from collections.abc import Collection

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.storage.connection import Connection

__all__ = ["SORTS", "Listing", "below", "can_occur"]

SORTS = {"name": "name", "modified": "modified", "size": "size", "kind": "kind"}
"""What a listing can be sorted by, and the field that does it."""

_AFTER_SLASH = "0"  # the character that follows "/"

_OF_CHILD = {**{setting.name: True for setting in fields(Child)}, "_id": False}
_ALL = 1_000_000  # as many at once as fit into one message


class Listing:
    """The listings of one store in one bucket."""

    def __init__(self, connection: Connection, bucket: str, store: str) -> None:
        self._connection = connection
        self._scope = {"bucket": bucket, "store": store}

    def names(
        self, folder: str, *, recursive: bool, search: str | None, limit: int = 0
    ) -> list[str]:
        """Return the names of the objects in or below `folder`, sorted, without folders."""
        where = self._where(folder, recursive=recursive, search=search)
        where["kind"] = {"$ne": FOLDER}
        with self._connection.errors():
            found = self._objects.find(where, {"name": True, "_id": False}, limit=limit)
            return sorted(document["name"] for document in found)

    def page(
        self,
        folder: str,
        *,
        recursive: bool,
        search: str | None,
        sort: str,
        descending: bool,
        offset: int,
        limit: int | None,
    ) -> Page[Metadata]:
        """Return a part of what is in or below `folder`: folders first, then by `sort`."""
        check_page(sort, SORTS, offset=offset, limit=limit)
        where = self._where(folder, recursive=recursive, search=search)
        order = -1 if descending else 1
        keys = [("rank", 1), (SORTS[sort], order)]
        if sort != "name":
            keys.append(("name", 1))
        with self._connection.errors():
            documents: list[dict[str, Any]] = []
            if limit != 0:
                cursor = self._objects.find(where, {"payload": False}, skip=offset)
                # A page of a very long listing may be sorted on disk.
                cursor = cursor.sort(keys).limit(limit or 0).allow_disk_use(allow_disk_use=True)
                documents = list(cursor)
            whole = offset == 0 and (limit is None or len(documents) < limit)
            total = len(documents) if whole else self._objects.count_documents(where)
        return Page([to_metadata(document) for document in documents], total)

    def children(self, folder: str) -> list[Child]:
        """Return all that is in `folder`, folders first, each sorted by name, and little of it."""
        where = self._where(folder, recursive=False, search=None)
        with self._connection.errors():
            found = self._objects.find(where, _OF_CHILD, batch_size=_ALL)
            return [Child(**document) for document in found.sort([("rank", 1), ("name", 1)])]

    def inside(self, folders: Collection[str], *, without: str, limit: int) -> list[Metadata]:
        """Return what is in any of `folders` and not of the kind `without`, sorted by name.

        Of more than `limit` only so many.
        """
        where = {**self._scope, "parent": {"$in": list(folders)}, "kind": {"$ne": without}}
        with self._connection.errors():
            found = self._objects.find(where, {"payload": False}, limit=limit)
            return [to_metadata(document) for document in found.sort("name", 1)]

    def holding(self, folders: Collection[str], kind: str) -> set[str]:
        """Return those of `folders` that have something of a kind in them."""
        if not folders:
            return set()
        where = {**self._scope, "parent": {"$in": list(folders)}, "kind": kind}
        with self._connection.errors():
            return set(self._objects.distinct("parent", where))

    def _where(self, folder: str, *, recursive: bool, search: str | None) -> dict[str, Any]:
        where: dict[str, Any] = dict(self._scope)
        if not recursive:
            where["parent"] = folder
        elif folder:
            where["name"] = below(folder)
        if search and not can_occur(search):
            where["name"] = {"$in": []}
        elif search:
            # Only what follows the folder is searched.
            skip = re.escape(folder) + "/.*" if folder else ".*"
            pattern = {"$regex": f"^{skip}{re.escape(search)}", "$options": "is"}
            where = {"$and": [where, {"name": pattern}]}
        return where

    @property
    def _objects(self) -> Any:
        return self._connection.collection("objects")


def can_occur(search: str) -> bool:
    """Say whether names may hold `search`; MongoDB takes no pattern with what they may not."""
    return not any(unicodedata.category(c) in {"Cc", "Cs"} for c in search)


def below(folder: str) -> dict[str, str]:
    """Return the condition on names that holds for all names below `folder`, and no other."""
    return {"$gte": folder + "/", "$lt": folder + _AFTER_SLASH}
