"""One lazy connection per process, and the translation of MongoDB's errors into ours."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import threading
from datetime import UTC
from typing import TYPE_CHECKING, Any

import bson.errors
from pymongo import MongoClient, errors
from pymongo.uri_parser import parse_uri
from pymongo.write_concern import WriteConcern

from omegaml_lab.core.errors import (
    ConfigError,
    IntegrityError,
    OmegaError,
    OutOfMemoryError,
    ServiceError,
    StorageFullError,
    StorageUnavailableError,
    UnsupportedObjectError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pymongo.collection import Collection
    from pymongo.database import Database

    from omegaml_lab.storage.indexes import Index

__all__ = ["Connection"]

_DEFAULT_DATABASE = "omega"
# On disk on most nodes; without a limit a set that lost most of its nodes would wait for ever.
_ACKNOWLEDGED = WriteConcern(w="majority", j=True, wtimeout=60_000)
_OUT_OF_DISK = frozenset({14031})
_FULL_DISK = 32 * 2**20
_NAMESPACE_EXISTS = 48
_UNAUTHORIZED = frozenset({13, 18})
# A server that has just been started: it has not read the keys of its cluster times yet.
_NOT_READY = frozenset({211})


class Connection:
    """A database of a MongoDB server. No server is contacted before the first use.

    It may be shared by threads, and a process forked from one that used it connects anew.
    `folder` is where the server keeps its data, if that is on this machine and known. `url`
    may hold a password.
    """

    def __init__(self, url: str, *, folder: Path | None = None) -> None:
        try:
            parsed = parse_uri(url, validate=True, warn=False)
        except (errors.PyMongoError, ValueError) as error:
            # The URL itself may hold a password: it is not repeated.
            raise ConfigError("mongo_url", "…", str(error)) from None
        self.url = url
        self.folder = folder
        self.name: str = parsed["database"] or _DEFAULT_DATABASE
        self.default_timeout = "serverselectiontimeoutms" not in {
            key.lower() for key in parsed["options"]
        }
        hosts = ",".join(f"{host}:{port}" if port else host for host, port in parsed["nodelist"])
        self.address = f"{hosts}/{self.name}"
        self._client: MongoClient[dict[str, Any]] | None = None
        self._pid = 0
        self._lock = threading.Lock()
        self._inherited: list[object] = []
        self._ensured: set[object] = set()
        self._made: tuple[object, dict[str, Collection[dict[str, Any]]]] = (None, {})

    @property
    def client(self) -> MongoClient[dict[str, Any]]:
        """The client of this process."""
        client = self._client
        if client is None or self._pid != os.getpid():
            return self._connect()
        return client

    @property
    def database(self) -> Database[dict[str, Any]]:
        """The database that the URL names."""
        return self._database(self.client)

    def _database(self, client: MongoClient[dict[str, Any]]) -> Database[dict[str, Any]]:
        return client.get_database(self.name, write_concern=_ACKNOWLEDGED)

    def collection(self, name: str) -> Collection[dict[str, Any]]:
        """Return the collection `name` of the database."""
        client = self.client
        made_by, made = self._made
        if made_by is not client:  # the first one, or after a fork or a close
            made = {}
            self._made = (client, made)
        if (collection := made.get(name)) is None:
            collection = made[name] = self._database(client)[name]
        return collection

    def forget(self) -> None:
        """Forget which indexes and collections are known to be there."""
        self._ensured = set()

    def close(self) -> None:
        """Disconnect; the next use connects again."""
        with self._lock:
            if self._client is not None and self._pid == os.getpid():
                self._client.close()
            self._client = None
            self._ensured = set()

    def _connect(self) -> MongoClient[dict[str, Any]]:
        if self._pid not in {0, os.getpid()}:
            # Born by fork: the lock may be held by a thread that does not exist here, and the
            # parent's client must be neither used nor closed, so it is kept out of the way.
            self._lock = threading.Lock()
            self._inherited.append(self._client)
            self._client = None
        with self._lock:
            if self._client is not None and self._pid == os.getpid():
                return self._client
            options: dict[str, Any] = {
                "tz_aware": True,
                "tzinfo": UTC,
                "connect": False,
                "appname": "omega",
            }
            if self.default_timeout:
                options["serverSelectionTimeoutMS"] = 5000
            client: MongoClient[dict[str, Any]] = MongoClient(self.url, **options)
            self._client, self._pid = client, os.getpid()
            return client

    def ensure_indexes(self, collection: str, *indexes: Index) -> None:
        """Make sure that indexes are there; the server is asked once, for all of them at once."""
        marks = {(collection, index) for index in indexes} - self._ensured
        if marks:
            with self.errors(), _allowed():
                # In their own order, for they are made in it.
                missing = [each.to_model() for each in indexes if (collection, each) in marks]
                self.collection(collection).create_indexes(missing)
            self._ensured |= marks

    def ensure_collection(self, name: str, options: Mapping[str, Any]) -> None:
        """Make sure a collection is there; `options` hold only when it is made now."""
        if name in self._ensured:
            return
        with self.errors(), _allowed():
            try:
                self.database.create_collection(name, check_exists=False, **options)
            except errors.OperationFailure as error:
                if error.code != _NAMESPACE_EXISTS:
                    raise
        self._ensured.add(name)

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn pymongo's errors into those of `core.errors`."""
        try:
            yield
        except (errors.ConnectionFailure, errors.WTimeoutError) as error:
            # mongod stops when its disk is full: that is what its user has to know then.
            if self.folder is not None and _free(self.folder) < _FULL_DISK:
                reason = f"the one of {self.folder}, where MongoDB has stopped"
                raise StorageFullError(reason) from error
            raise StorageUnavailableError(self.address, _reason(error)) from error
        except errors.InvalidOperation as error:
            if "close" not in str(error):
                raise
            raise StorageUnavailableError(self.address, "the connection is closed") from error
        except errors.OperationFailure as error:
            if is_disk_full(error):
                raise StorageFullError(_reason(error)) from error
            if error.code in _UNAUTHORIZED | _NOT_READY:
                raise StorageUnavailableError(self.address, _reason(error)) from error
            raise ServiceError("MongoDB", _reason(error)) from error
        except (bson.errors.BSONError, OverflowError) as error:
            raise _about_document(error) from error
        except errors.ConfigurationError as error:
            raise ConfigError("mongo_url", "…", _reason(error)) from error


def _about_document(error: Exception) -> OmegaError:
    if isinstance(error, bson.errors.InvalidBSON):  # one that was read, and none to be kept
        return unreadable(error, "document")
    return UnsupportedObjectError("MongoDB", f"document: {_reason(error)}")


def unreadable(error: bson.errors.BSONError, what: str) -> OutOfMemoryError | IntegrityError:
    """Return what is to be told when BSON could not be decoded.

    The driver makes an InvalidBSON of all that goes wrong then, with the message that it had:
    a MemoryError has none.
    """
    if isinstance(error, bson.errors.InvalidBSON) and not str(error):
        return OutOfMemoryError(f"a {what}")
    return IntegrityError(what, f"it is no BSON that can be read ({_reason(error)})")


@contextlib.contextmanager
def _allowed() -> Iterator[None]:
    """Let a user who may only read go on without new indexes and collections."""
    try:
        yield
    except errors.OperationFailure as error:
        if error.code not in _UNAUTHORIZED:
            raise


def is_disk_full(error: errors.OperationFailure) -> bool:
    """Say whether the server failed for want of disk space."""
    text = str(error).lower()
    return (
        error.code in _OUT_OF_DISK
        or "no space left" in text
        or "enospc" in text
        or "out of disk" in text
    )


def is_duplicate(error: errors.BulkWriteError) -> bool:
    """Say whether a bulk insert failed for nothing but keys that are there already."""
    details = error.details or {}
    failures = details.get("writeErrors", [])
    return (
        bool(failures)
        and all(f.get("code") == 11000 for f in failures)
        and not details.get("writeConcernErrors")
    )


def _free(folder: Path) -> float:
    """Return the bytes that are free on the disk of a folder."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return math.inf


def _reason(error: Exception) -> str:
    """Return the first sentence of MongoDB's message; the rest dumps its topology."""
    return str(error).split(", Timeout:")[0].split(", full error:")[0][:300]
