"""Histories: all states of an object as documents, for who carries it to another place."""

from __future__ import annotations

import itertools
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

import bson
from bson import MaxKey, MinKey
from pymongo.errors import DuplicateKeyError

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.core.names import parent_of
from omegaml_lab.storage.connection import unreadable
from omegaml_lab.storage.heads import Head
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.storage.times import now
from omegaml_lab.storage.transactions import together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pymongo.client_session import ClientSession

    from omegaml_lab.storage.connection import Connection

__all__ = ["Histories", "from_bytes", "to_bytes"]

_PLACE = ("_id", "bucket", "store", "name", "parent", "serial", "renamed_from", "t", "dropped")
"""What a document says of where an object is and was, and not of what it is."""

_FIELDS: dict[str, type | tuple[type, ...]] = {
    "kind": str,
    "revision": int,
    "payload": dict,
    "size": int,
    "hash": (str, type(None)),
    "owner": str,
    "attributes": dict,
    "details": dict,
    "created": datetime,
    "modified": datetime,
}

_NEWEST = 2**53
"""No revision has a higher number: puts that follow must have one, and JSON knows no higher."""


class Histories:
    """The histories of one store in one bucket."""

    def __init__(self, connection: Connection, bucket: str, store: str) -> None:
        self._connection = connection
        self._scope = {"bucket": bucket, "store": store}

    def of(self, head: Head) -> list[dict[str, Any]]:
        """Return all states of an object, the oldest first, without their places."""
        where = {
            "_id": {"$gt": {"o": head.id, "r": MinKey()}, "$lt": {"o": head.id, "r": MaxKey()}}
        }
        with self._connection.errors():
            found = list(self._revisions.find(where).sort("_id", 1))
        current = head.document["revision"]
        older = [document for document in found if document["revision"] < current]
        return [_travelling(document) for document in (*older, head.document)]

    def insert(self, name: str, states: Sequence[Mapping[str, Any]]) -> Head | None:
        """Add an object with all its states at once; None when the name is taken meanwhile.

        The states are the oldest first; their payloads are in this repository.
        """
        id = uuid.uuid4().hex  # noqa: A001
        place = {**self._scope, "name": name, "parent": parent_of(name)}
        rank = {"rank": 0 if states[-1]["kind"] == "folder" else 1}
        numbered = [
            {**state, **rank, **place, "serial": serial} for serial, state in enumerate(states, 1)
        ]
        there = {state["revision"] for state in states}
        tags = [tag for tag in states[-1].get("tags", ()) if tag["r"] in there]
        head = {"_id": id, **numbered[-1], "tags": tags}
        # Young, so that no collector takes them before the head is there.
        young = {"t": now()}
        older = [{"_id": {"o": id, "r": d["revision"]}, **d, **young} for d in numbered[:-1]]

        def add(session: ClientSession | None) -> None:
            if older:
                self._revisions.insert_many(older, session=session)
            self._objects.insert_one(head, session=session)

        with self._connection.errors():
            try:
                # Without transactions the head comes last: a crash in between leaves states
                # that nothing refers to.
                together(self._connection, add)
            except DuplicateKeyError:
                return None
        return Head(head)

    @property
    def _objects(self) -> Any:
        return self._connection.collection("objects")

    @property
    def _revisions(self) -> Any:
        return self._connection.collection("revisions")


def to_bytes(states: Iterable[Mapping[str, Any]]) -> bytes:
    """Return states in BSON, one after the other; all their values come back exactly."""
    return b"".join(bson.encode(state) for state in states)


def from_bytes(data: bytes) -> list[dict[str, Any]]:
    """Return the states that `to_bytes` was given, checked: they may come from anywhere.

    Raises
    ------
    IntegrityError
        If they are none.
    """
    options: Any = bson.CodecOptions(tz_aware=True)
    try:
        states = bson.decode_all(data, options)
    except bson.errors.BSONError as error:
        raise unreadable(error, "list of states") from error
    if not states:
        raise IntegrityError("list of states", "it is empty")
    for state in states:
        _check(state)
    numbers = [state["revision"] for state in states]
    if any(a >= b for a, b in itertools.pairwise(numbers)):
        raise IntegrityError("list of states", f"their numbers are {numbers[:10]}")
    return [_travelling(state) for state in states]


def _check(state: Mapping[str, Any]) -> None:
    for field, kind in _FIELDS.items():
        if not isinstance(state.get(field), kind):
            raise IntegrityError("state", f"its {field} is {state.get(field)!r:.80}")
    if not 1 <= state["revision"] <= _NEWEST:
        raise IntegrityError("state", f"its revision is {state['revision']}")
    Payload.checked(state["payload"])
    lineage, tags = state.get("lineage", {}), state.get("tags", [])
    if not isinstance(lineage, dict) or not isinstance(lineage.get("run"), str | None):
        raise IntegrityError("state", f"its lineage is {lineage!r:.80}")
    if not isinstance(tags, list):
        raise IntegrityError("state", f"its tags are {tags!r:.80}")
    for tag in tags:
        if not _is_tag(tag):
            raise IntegrityError("state", f"one of its tags is {tag!r:.80}")


def _is_tag(tag: Any) -> bool:
    return (
        isinstance(tag, dict) and isinstance(tag.get("t"), str) and isinstance(tag.get("r"), int)
    )


def _travelling(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in _PLACE}
