"""Revisions: the states of objects that others have replaced."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from bson import MaxKey, MinKey
from pymongo.errors import DuplicateKeyError

from omegaml_lab.storage.times import now

if TYPE_CHECKING:
    from pymongo.collection import Collection

    from omegaml_lab.storage.heads import Head

__all__ = ["all_of", "archive", "is_remains", "leave", "remains_of"]

_REMAINS = "~"


def archive(head: Head, revisions: Collection[dict[str, Any]]) -> None:
    """Keep a state as a revision."""
    document = {k: v for k, v in head.document.items() if k != "_id"}
    key = {"o": head.id, "r": head.document["revision"]}
    # A slow writer must not overwrite what one with later attributes archived.
    with contextlib.suppress(DuplicateKeyError):
        revisions.replace_one(
            {"_id": key, "serial": {"$lt": head.document["serial"]}},
            {"_id": key, **document},
            upsert=True,
        )


def leave(head: Head, revisions: Collection[dict[str, Any]]) -> None:
    """Keep the payload of a state that is no revision from now on: see `remains_of`."""
    if head.payload.whole:
        return
    key = {"o": remains_of(head.id), "r": head.document["revision"]}
    change = {"$set": {"payload": head.document["payload"]}, "$max": {"t": now()}}
    revisions.update_one({"_id": key}, change, upsert=True)


def all_of(id: str) -> dict[str, Any]:  # noqa: A002
    """Return the query for all archived states of an object."""
    return {"_id": {"$gt": {"o": id, "r": MinKey()}, "$lt": {"o": id, "r": MaxKey()}}}


def remains_of(id: str) -> str:  # noqa: A002
    """Return under which id payloads are kept that an object refers to no more.

    No object has it: to the collector they are states of one that is gone, which it leaves
    alone for the grace period.
    """
    return f"{id}{_REMAINS}"


def is_remains(id: str) -> bool:  # noqa: A002
    """Say whether `remains_of` made this id."""
    return id.endswith(_REMAINS)
