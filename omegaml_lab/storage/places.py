"""Places: where objects are now, by the identity that they keep when they are renamed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.metadata import FOLDER, STORES
from omegaml_lab.storage.archive import PURGED
from omegaml_lab.storage.trash import TRASH

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from omegaml_lab.storage.connection import Connection

__all__ = ["Place", "called", "places"]

_MOST = 20
_FIELDS = ("bucket", "store", "name", "dropped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an object is; of one in the trash, where it was before it went there."""

    id: str
    bucket: str
    store: str
    name: str
    in_trash: bool = False


def places(connection: Connection, ids: Collection[str]) -> dict[str, Place]:
    """Return where these objects are, by their ids; those that are gone for good are left out."""
    if not ids:
        return {}
    with connection.errors():
        objects: Any = connection.collection("objects")
        found = list(objects.find({"_id": {"$in": list(ids)}}, dict.fromkeys(_FIELDS, 1)))
    # What is on its way out of the trash cannot be restored any more.
    return {one["_id"]: _place(one) for one in found if one["store"] != PURGED}


def called(
    connection: Connection, bucket: str, store: str, names: Collection[str]
) -> list[tuple[str, str]]:
    """Return the buckets and stores in which there are objects of these names, sorted.

    Of `store` in `bucket` only its trash counts.
    """
    here, among = (bucket, store), {"$in": list(names)}
    trash = {"bucket": bucket, "store": TRASH + store, "dropped.name": among}
    with connection.errors():
        objects: Any = connection.collection("objects")
        where = {"bucket": {"$in": objects.distinct("bucket")}, "store": {"$in": [*STORES]}}
        where |= {"name": among, "kind": {"$ne": FOLDER}}
        found = objects.find(where, {"bucket": True, "store": True}, limit=_MOST)
        elsewhere = {(one["bucket"], one["store"]) for one in found} - {here}
        dropped = objects.find_one(trash, {"_id": True})
    return sorted({*elsewhere, here} if dropped else elsewhere)


def _place(document: Mapping[str, Any]) -> Place:
    in_trash = document["store"].startswith(TRASH)
    was = document["dropped"] if in_trash else document
    return Place(
        id=document["_id"],
        bucket=was["bucket"],
        store=was["store"],
        name=was["name"],
        in_trash=in_trash,
    )
