"""Heads: one small document per object that says which state of it is current.

A put writes its payload, archives the current head, and flips the head by compare-and-set on
its serial, which every change of a head raises. So a reader sees the old state or the new one,
and a crash between any two steps leaves the old one. What is archived is committed truth
already: archiving it twice, or before a flip that then fails, does no harm.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pymongo import ReturnDocument
from pymongo.errors import BulkWriteError, DuplicateKeyError

from omegaml_lab.core.errors import ObjectNotFoundError
from omegaml_lab.core.lineage import Reference
from omegaml_lab.core.metadata import FOLDER, Metadata
from omegaml_lab.core.names import parent_of
from omegaml_lab.storage.connection import is_duplicate
from omegaml_lab.storage.indexes import Index
from omegaml_lab.storage.order import in_order
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.storage.revisions import all_of, archive, leave
from omegaml_lab.storage.times import now
from omegaml_lab.storage.transactions import together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pymongo.client_session import ClientSession

    from omegaml_lab.storage.connection import Connection

__all__ = [
    "ENTERED",
    "Head",
    "Heads",
    "State",
    "reference_to",
    "to_metadata",
]

ENTERED = "entered"
"""What was put into a folder last by who relied on it; that alone is no news of the folder."""

_NO_PAYLOAD = {"payload": False}
_OF_HEADS = (
    Index.on("bucket", "store", "name", unique=True),
    Index.on("bucket", "store", "parent", "rank", "name"),  # lists
)
_OF_LINEAGE = tuple(
    Index.on(field, sparse=True)
    for field in (
        "lineage.run",
        "lineage.origin.id",
        "details.trained_on.name",
        "details.trained_on.id",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a put writes: everything of a revision but its name, number and times.

    `attributes` are the user's, `details` what the backend found out about the payload.
    `lineage` tells the run that writes it, and what it is a copy of (see `to_metadata`).
    """

    kind: str
    payload: Payload
    size: int = 0
    hash: str | None = None
    owner: str = ""
    attributes: Mapping[str, Any]
    details: Mapping[str, Any]
    lineage: Mapping[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """Return the part of a head document that a put replaces."""
        return {
            "kind": self.kind,
            "rank": 0 if self.kind == FOLDER else 1,
            "payload": self.payload.to_document(),
            "size": self.size,
            "hash": self.hash,
            "owner": self.owner,
            "attributes": dict(self.attributes),
            "details": dict(self.details),
            "lineage": dict(self.lineage),
        }


@dataclass(frozen=True, slots=True)
class Head:
    """A head as it was read: its document and the views that other layers use."""

    document: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The identity of the object; it survives renames."""
        return str(self.document["_id"])

    @property
    def metadata(self) -> Metadata:
        """What users see of it."""
        return to_metadata(self.document)

    @property
    def payload(self) -> Payload:
        """Where its payload is."""
        return Payload.from_document(self.document["payload"])

    @property
    def reference(self) -> Reference:
        """Which revision of which object it is."""
        return reference_to(self.id, self.document)

    @property
    def state(self) -> State:
        """What a put has written of it."""
        document = self.document
        return State(
            kind=document["kind"],
            payload=self.payload,
            size=document["size"],
            hash=document["hash"],
            owner=document["owner"],
            attributes=document["attributes"],
            details=document["details"],
            lineage=document.get("lineage", {}),
        )

    def without_payload(self) -> Head:
        """Return it without what may be large, for who keeps many."""
        return Head({k: v for k, v in self.document.items() if k != "payload"})

    @property
    def tags(self) -> dict[str, int]:
        """All tags of the object, and the revision that each is on."""
        return {tag["t"]: tag["r"] for tag in self.document.get("tags", ())}

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes that users gave, without the backend's."""
        return dict(self.document["attributes"])


class Heads:
    """The heads of one store in one bucket."""

    def __init__(self, connection: Connection, bucket: str, store: str) -> None:
        self._connection = connection
        self.bucket = bucket
        self.store = store

    def find(self, names: Iterable[str], *, payload: bool = True) -> dict[str, Head]:
        """Return the heads that exist among `names`, in one round trip."""
        where = {**self.scope, "name": {"$in": list(names)}}
        with self._connection.errors():
            found = self._objects.find(where, None if payload else _NO_PAYLOAD)
            return {document["name"]: Head(document) for document in found}

    def by_id(self, id: str) -> Head | None:  # noqa: A002
        """Return what has this identity, whatever it is called by now; None: it is not here."""
        with self._connection.errors():
            document = self._objects.find_one({**self.scope, "_id": id})
        return None if document is None else Head(document)

    def revision(self, head: Head, number: int) -> Head | None:
        """Return a certain state of the object that `head` is about."""
        if number == head.metadata.revision:
            return head
        with self._connection.errors():
            document = self._revisions.find_one({"_id": {"o": head.id, "r": number}})
        return None if document is None else Head(_as_of_now(document, head))

    def history(self, head: Head) -> list[Metadata]:
        """Return the metadata of all states that are kept, newest first."""
        with self._connection.errors():
            found = self._revisions.find(all_of(head.id), _NO_PAYLOAD).sort("_id", -1)
            older = [to_metadata(_as_of_now(document, head)) for document in found]
        current = head.metadata
        # A state that was archived by a put that has not flipped yet is still the current one.
        return [current, *(m for m in older if m.revision < current.revision)]

    def insert(self, name: str, state: State) -> Head | None:
        """Add the first state of an object; None when the name is taken meanwhile."""
        self._prepare()
        document = self._new(name, state)
        with self._connection.errors():
            try:
                self._objects.insert_one(document)
            except DuplicateKeyError:
                return None
        return Head(document)

    def insert_inside(self, name: str, state: State) -> Head | None:
        """Do so in a folder that must be there, and neither moves nor goes meanwhile.

        Raises
        ------
        ObjectNotFoundError
            If it is not there.
        """
        if not (parent := parent_of(name)):
            return self.insert(name, state)
        self._prepare()
        document = self._new(name, state)
        folder = {**self.scope, "name": parent, "kind": FOLDER}

        def add(session: ClientSession | None) -> None:
            # To write it is to lock it: who renames or drops it is in conflict with this.
            entered = {"$set": {ENTERED: document["_id"]}}
            if not self._objects.update_one(folder, entered, session=session).matched_count:
                raise ObjectNotFoundError(self.store, parent)
            self._objects.insert_one(document, session=session)

        with self._connection.errors():
            try:
                together(self._connection, add)
            except DuplicateKeyError:
                return None
        return Head(document)

    def replace(self, head: Head, state: State, *, keep: bool) -> Head | None:
        """Make `state` current; None when somebody changed the head since it was read.

        With `keep`, or where it is tagged, the state that it replaces stays a revision. Else
        its payload stays for the grace period, for who is reading it.
        """
        keep = keep or head.document["revision"] in head.tags.values()
        change = {
            "$set": {**state.to_document(), "modified": now()},
            "$inc": {"revision": 1, "serial": 1},
        }
        with self._connection.errors():
            flipped = in_order(
                self._connection,
                "revisions",
                lambda revisions: archive(head, revisions) if keep else leave(head, revisions),
                lambda: self._objects.update_one(_unchanged(head), change).matched_count,
            )
        if not flipped:
            return None
        raised = {key: head.document[key] + 1 for key in ("revision", "serial")}
        return Head({**head.document, **change["$set"], **raised})

    def annotate(self, head: Head, attributes: Mapping[str, Any]) -> Head | None:
        """Replace the user's attributes; None when somebody changed the head meanwhile."""
        change = {"$set": {"attributes": dict(attributes)}, "$inc": {"serial": 1}}
        with self._connection.errors():
            document = self._objects.find_one_and_update(
                _unchanged(head), change, _NO_PAYLOAD, return_document=ReturnDocument.AFTER
            )
        return None if document is None else Head(document)

    def tag(self, head: Head, tags: Mapping[str, int]) -> Head | None:
        """Replace the tags; None when somebody changed the head meanwhile."""
        # Pairs: a tag is data, and may hold the dots that names of fields may not.
        pairs = [{"t": tag, "r": number} for tag, number in sorted(tags.items())]
        change = {"$set": {"tags": pairs}, "$inc": {"serial": 1}}
        with self._connection.errors():
            document = self._objects.find_one_and_update(
                _unchanged(head), change, _NO_PAYLOAD, return_document=ReturnDocument.AFTER
            )
        return None if document is None else Head(document)

    def rely_on(self, head: Head, number: int) -> bool:
        """Make sure that a state is there, and not collected by who looks at it from now on.

        Call it under a hold, and then change `head`, which stands for the newest state.
        """
        if number == head.document["revision"]:
            return True
        key = {"_id": {"o": head.id, "r": number}}
        with self._connection.errors():
            return bool(self._revisions.update_one(key, {"$max": {"t": now()}}).matched_count)

    def forget(self, head: Head) -> bool:
        """Take the object out of the store for good; False when it was changed meanwhile.

        Its last state is archived, so that the change feed learns what is gone, and collected
        with the others.
        """
        with self._connection.errors():
            archive(head, self._revisions)
            # Whoever archived it, and when: who reads one of the states has the grace period.
            self._revisions.update_many(all_of(head.id), {"$max": {"t": now()}})
            return bool(self._objects.delete_one(_unchanged(head)).deleted_count)

    def make_folders(self, names: Sequence[str], *, owner: str) -> None:
        """Add folders; those that exist (whatever they are) stay as they are."""
        if not names:
            return
        self._prepare()
        state = State(kind=FOLDER, payload=Payload(), owner=owner, attributes={}, details={})
        with self._connection.errors():
            try:
                self._objects.insert_many([self._new(n, state) for n in names], ordered=False)
            except BulkWriteError as error:
                if not is_duplicate(error):
                    raise

    @property
    def scope(self) -> dict[str, Any]:
        """The query that selects this store."""
        return {"bucket": self.bucket, "store": self.store}

    def _new(self, name: str, state: State) -> dict[str, Any]:
        moment = now()
        return {
            "_id": uuid.uuid4().hex,
            **self.scope,
            "name": name,
            "parent": parent_of(name),
            "revision": 1,
            "serial": 1,
            "created": moment,
            "modified": moment,
            **state.to_document(),
        }

    def _prepare(self) -> None:
        self._connection.ensure_indexes("objects", *_OF_HEADS, *_OF_LINEAGE)
        self._connection.ensure_indexes("revisions", *_OF_LINEAGE)

    @property
    def _objects(self) -> Any:
        return self._connection.collection("objects")

    @property
    def _revisions(self) -> Any:
        return self._connection.collection("revisions")


def to_metadata(document: Mapping[str, Any]) -> Metadata:
    """Return what users see of a head document."""
    lineage = document.get("lineage", {})
    origin = lineage.get("origin")
    return Metadata(
        store=document["store"],
        name=document["name"],
        kind=document["kind"],
        revision=document["revision"],
        created=document["created"],
        modified=document["modified"],
        bucket=document["bucket"],
        owner=document["owner"],
        size=document["size"],
        hash=document["hash"],
        attributes={**document["details"], **document["attributes"]},
        tags=tuple(
            tag["t"] for tag in document.get("tags", ()) if tag["r"] == document["revision"]
        ),
        run=lineage.get("run"),
        origin=Reference(**origin) if origin else None,
    )


def reference_to(id: str, document: Mapping[str, Any]) -> Reference:  # noqa: A002
    """Return a reference to the state that a document holds of the object `id`."""
    return Reference(
        store=document["store"],
        name=document["name"],
        revision=document["revision"],
        bucket=document["bucket"],
        id=id,
    )


def _as_of_now(document: Mapping[str, Any], head: Head) -> dict[str, Any]:
    """Return an archived state with what goes for all states, as the object has it now."""
    place = {key: head.document[key] for key in ("name", "parent", "bucket")}
    return {**document, **place, "_id": head.id, "tags": head.document.get("tags", [])}


def _unchanged(head: Head) -> dict[str, Any]:
    return {"_id": head.id, "serial": head.document["serial"]}
