"""Storage: one MongoDB database as the layers above see it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from omegaml_lab.core.errors import StorageUnavailableError
from omegaml_lab.core.progress import silent
from omegaml_lab.storage import passing
from omegaml_lab.storage.archive import PURGED, Archive
from omegaml_lab.storage.blobs import Blobs
from omegaml_lab.storage.cache import CACHE_BYTES, ColumnCache
from omegaml_lab.storage.chunks import Chunks
from omegaml_lab.storage.collections import Collections
from omegaml_lab.storage.connection import Connection
from omegaml_lab.storage.feed import watch
from omegaml_lab.storage.garbage import Garbage
from omegaml_lab.storage.heads import ENTERED, Heads
from omegaml_lab.storage.histories import Histories
from omegaml_lab.storage.holds import Holds
from omegaml_lab.storage.lineage import LineageRecords
from omegaml_lab.storage.listing import Listing
from omegaml_lab.storage.named import NamedConnection
from omegaml_lab.storage.places import Place, called, places
from omegaml_lab.storage.records import Records
from omegaml_lab.storage.segments import Segments
from omegaml_lab.storage.signing import Signer
from omegaml_lab.storage.trash import Trash
from omegaml_lab.storage.trees import Trees
from omegaml_lab.storage.values import ValueRecords

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from omegaml_lab.core.progress import Progress

__all__ = ["ObjectChange", "Objects", "Storage", "opened_by_name"]


class Storage:
    """A repository's database. Opening it contacts no server; the first use does.

    It is safe to share between threads, and to use after a fork. `progress` is what long
    puts and gets tell how far they are.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        signer: Signer | None = None,
        progress: Progress = silent,
        cache: int = CACHE_BYTES,
    ) -> None:
        self._connection = connection
        self.progress = progress
        self.signer = signer or Signer()
        self.holds = Holds(connection)
        self.blobs = Blobs(connection, self.holds)
        self.chunks = Chunks(connection, self.holds, ColumnCache(cache))
        self.garbage = Garbage(connection, self.holds)
        self.segments = Segments(connection, self.chunks, self.holds)
        self.objects = Objects(connection)
        self.lineage = LineageRecords(connection)
        self.values = ValueRecords(connection)

    def __reduce__(self) -> tuple[Any, ...]:
        if passing.by_name() or isinstance(self._connection, NamedConnection):
            return opened_by_name, (passing.remember(self),)
        # With the password, for the processes that compute lazy frames: such pickles are made
        # for their connections, and kept nowhere.
        connection, cache = self._connection, self.chunks.cache.limit
        return _opened_once, (connection.url, connection.folder, cache)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        folder: Path | None = None,
        signer: Signer | None = None,
        progress: Progress = silent,
        cache: int = CACHE_BYTES,
    ) -> Storage:
        """Open the database that a ``mongodb://`` URL names in its path (default: omega).

        `folder` is where the server keeps its data, if that is on this machine and known.
        Without a `signer` nothing can be loaded that must be signed. `cache` is how many bytes
        of frames that were read are kept in memory.

        Raises
        ------
        ConfigError
            If the URL is not one.
        """
        return cls(Connection(url, folder=folder), signer=signer, progress=progress, cache=cache)

    def quiet(self) -> Storage:
        """Return this storage for work that is a small part of other work, and tells nothing."""
        quiet = object.__new__(type(self))
        vars(quiet).update(vars(self))  # with the same holds: it writes for the same put
        quiet.progress = silent
        return quiet

    @property
    def address(self) -> str:
        """``host:port/database``, never with a password."""
        return self._connection.address

    @property
    def database(self) -> str:
        """The name of the database."""
        return self._connection.name

    @property
    def url(self) -> str:
        """The URL, with its password: not to be shown."""
        return self._connection.url

    def identity(self) -> str | None:
        """Return what tells this repository from all others, None while nothing is in it.

        It is the same by whatever host it is reached, and whoever reads it.
        """
        with self._connection.errors():
            found = self._connection.database.list_collections(filter={"name": "objects"})
            return next((str(one["info"]["uuid"]) for one in found), None)

    def ping(self) -> None:
        """Ask the server for a sign of life.

        Raises
        ------
        StorageUnavailableError
            If there is none.
        """
        with self._connection.errors():
            self._connection.database.command("ping")

    def records(self, collection: str) -> Records:
        """Return the records kept in `collection`."""
        return Records(self._connection, collection)

    def collections(self) -> Collections:
        """Return what reads the collections that others fill."""
        return Collections(self._connection)

    def erase(self) -> None:
        """Remove the whole database with all that is in it. There is no way back."""
        with self._connection.errors():
            self._connection.client.drop_database(self._connection.name)
        self._connection.forget()

    def close(self) -> None:
        """Disconnect; a later use connects again."""
        self._connection.close()


@functools.cache
def _opened_once(url: str, folder: Path | None, cache: int) -> Storage:
    """Return a storage that all have in common who come to this process from another."""
    return Storage.open(url, folder=folder, cache=cache)


def opened_by_name(address: str) -> Storage:
    """Return the storage of a repository for which this process has a URL of its own.

    That is looked for at its first use: the scheduler of a cluster only passes it on.
    """
    return passing.known(address) or _named_once(address)


@functools.cache
def _named_once(address: str) -> Storage:
    return Storage(NamedConnection(address))


_Change = Literal["put", "annotated", "renamed", "dropped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectChange:
    """What happened to an object; `previous` is its old name when it was renamed.

    `hash` is that of its content, None where that is not known or there is none.
    """

    bucket: str
    store: str
    name: str
    change: _Change
    previous: str | None = None
    hash: str | None = None


class Objects:
    """All objects of a repository."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def heads(self, bucket: str, store: str) -> Heads:
        """Return the heads of one store."""
        return Heads(self._connection, bucket, store)

    def listing(self, bucket: str, store: str) -> Listing:
        """Return the listings of one store."""
        return Listing(self._connection, bucket, store)

    def histories(self, bucket: str, store: str) -> Histories:
        """Return the histories of one store."""
        return Histories(self._connection, bucket, store)

    def trees(self, bucket: str, store: str) -> Trees:
        """Return the folders of one store."""
        return Trees(self._connection, bucket, store)

    def trash(self, bucket: str, store: str) -> Trash:
        """Return what was dropped from one store."""
        return Trash(self._connection, bucket, store)

    def places(self, ids: Collection[str]) -> dict[str, Place]:
        """Return where objects are, or were before they went to the trash, by their ids."""
        return places(self._connection, ids)

    def called(self, bucket: str, store: str, names: Collection[str]) -> list[tuple[str, str]]:
        """Return the buckets and stores that have objects of these names, see `places`."""
        return called(self._connection, bucket, store, names)

    def archive(self) -> Archive:
        """Return the earlier states and the dropped objects of all stores and buckets."""
        return Archive(self._connection)

    def changes(
        self, stop: threading.Event, *, poll: float = 0.5
    ) -> Iterator[ObjectChange | None]:
        """Yield what happens to objects, as it happens; None like `Records.changes`."""
        without_payload: Mapping[str, Any] = {
            "$unset": ["fullDocument.payload", "updateDescription.updatedFields.payload"]
        }
        for event in watch(self._connection, "objects", [without_payload], stop, poll=poll):
            if event is None:
                yield None
            elif (change := self._patient(event, stop)) is not None:
                yield change

    def _patient(self, event: Mapping[str, Any], stop: threading.Event) -> ObjectChange | None:
        """Return what an event says; when the server is away, wait for it."""
        while True:
            try:
                return self._change(event)
            except StorageUnavailableError:
                if stop.wait(0.5):
                    return None

    def _change(self, event: Mapping[str, Any]) -> ObjectChange | None:
        if event["operationType"] == "delete":
            document = self._last_state(event["documentKey"]["_id"])
            return _said("dropped", document) if document else None
        fields = event.get("updateDescription", {}).get("updatedFields", {})
        if "dropped" in fields:  # it may be gone for good by now
            return _said("dropped", fields)
        document = event.get("fullDocument")
        if not document:  # dropped before we could look; that will be told next
            archived = self._last_state(event["documentKey"]["_id"])
            if archived is None:
                return None
            document = {**archived, "name": fields.get("name", archived["name"])}
        return _told(fields, document, inserted=event["operationType"] == "insert")

    def _last_state(self, id: str) -> Any:  # noqa: A002
        where = {"_id": {"$gte": {"o": id}, "$lt": {"o": id + "\x00"}}}
        with self._connection.errors():
            return self._connection.collection("revisions").find_one(
                where, {"payload": False}, sort=[("_id", -1)]
            )


def _said(
    change: _Change, document: Mapping[str, Any], *, previous: str | None = None
) -> ObjectChange:
    place = document.get("dropped", document)  # in the trash it still goes by the old place
    return ObjectChange(
        bucket=place["bucket"],
        store=place["store"],
        name=place["name"],
        change=change,
        previous=previous,
        hash=document.get("hash"),
    )


def _told(
    fields: Mapping[str, Any], document: Mapping[str, Any], *, inserted: bool
) -> ObjectChange | None:
    """Return what an insertion or an update of `fields` means for who looks at the store."""
    if document["store"] == PURGED or fields.keys() == {ENTERED}:
        return None
    if "store" in fields:  # it comes back from the trash
        return _said("put", {**fields, "bucket": document["bucket"]})
    if inserted or "revision" in fields:
        return _said("put", document)
    if "name" in fields:
        return _said("renamed", document, previous=fields.get("renamed_from"))
    return _said("annotated", document)
