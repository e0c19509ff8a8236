"""Who can write to the database, and does: changes payloads below everything that checks."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pymongo

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


def flip_a_byte(omega: Omega, name: str) -> None:
    """Change one byte of an object's payload."""
    with pymongo.MongoClient(omega.url) as client:
        database = client.get_default_database()
        blob = database["objects"].find_one({"name": name})["payload"]["blob"]
        if blob["inline"] is not None:
            change = {"payload.blob.inline": flipped(blob["inline"])}
            database["objects"].update_one({"name": name}, {"$set": change})
        else:
            piece = database["pieces"].find_one({"_id": blob["manifest"][:32]})
            database["pieces"].update_one(
                {"_id": piece["_id"]}, {"$set": {"d": flipped(piece["d"])}}
            )


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def plant(omega: Omega, name: str, kind: str, data: bytes, meta: dict[str, Any]) -> None:
    """Store small `data` as a model of a kind, with all hashes right."""
    omega.models.put(b"", name, kind="file")
    blob = {"size": len(data), "hash": hashlib.sha256(data).hexdigest(), "inline": data}
    change = {"kind": kind, "payload": {"meta": meta, "blob": {**blob, "manifest": b""}}}
    with pymongo.MongoClient(omega.url) as client:
        heads = client.get_default_database()["objects"]
        heads.update_one({"name": name}, {"$set": change})


def head(omega: Omega, name: str) -> Any:
    """Return the head of an object as it is in the database."""
    with pymongo.MongoClient(omega.url) as client:
        return client.get_default_database()["objects"].find_one({"name": name})


def replace_payload(omega: Omega, name: str, payload: Any) -> None:
    """Give an object another payload."""
    with pymongo.MongoClient(omega.url) as client:
        heads = client.get_default_database()["objects"]
        heads.update_one({"name": name}, {"$set": {"payload": payload}})
