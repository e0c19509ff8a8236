"""Signatures of the notebooks that somebody trusts: one's own, on every server of a repository."""

from __future__ import annotations

import hmac
import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import traitlets
from nbformat.sign import (
    MemorySignatureStore,
    NotebookNotary,
    SignatureStore,
    SQLiteSignatureStore,
    signature_removed,
)

from omegaml_lab.core.errors import ConfigError, OmegaError
from omegaml_lab.omega import Omega
from omegaml_lab.storage.indexes import Index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbformat import NotebookNode

    from omegaml_lab.storage.records import Records
    from omegaml_lab.storage.storage import Storage

__all__ = ["RepositoryNotary", "RepositorySignatures", "share_between_threads", "signatures_of"]

_log = logging.getLogger(__name__)

_FORGOTTEN = timedelta(days=180)
_INDEXES = (Index.expiring("seen", _FORGOTTEN), Index.on("user", "-seen"))
_FRESH = timedelta(days=1)
_LOOK = 600.0  # seconds between two looks for what a feed has missed
_MOST = 100_000
"""More of one's own are not kept in memory."""


class RepositoryNotary(NotebookNotary):
    """Vouches for notebooks of a repository, for one person on any server with the same keys.

    What it signs with comes from the signing key of the deployment and the name of the user: who
    may write to the database can forge no signature, and what others trust is not trusted here.
    Without a key it signs with the secret of Jupyter's own notary, which is this machine's.
    """

    omega = traitlets.Instance(Omega, help="The repository.")

    @traitlets.default("secret")
    def _secret_default(self) -> bytes:
        try:
            return self.omega.storage.signer.secret(f"notary of {self.omega.config.user}")
        except ConfigError as error:
            _log.warning("What is trusted here, other servers do not trust: %s", error)
            secret: bytes = super()._secret_default()
            return secret

    def compute_signature(self, nb: NotebookNode) -> str:
        """Return the signature that nbformat computes, from all parts at once."""
        parts: list[bytes] = []
        with signature_removed(nb):
            _gather(nb, parts.append)
        return hmac.digest(self.secret, b"".join(parts), self.digestmod).hex()

    @traitlets.default("store_factory")
    def _store_factory_default(self) -> Callable[[], SignatureStore]:
        return lambda: RepositorySignatures(lambda: self.omega.storage, self.omega.config.user)


class RepositorySignatures(SignatureStore):
    """Signatures in the repository; those that this process has seen are not asked for again.

    While somebody follows the `changes`, all of the user's own are in memory, so that nobody
    waits for MongoDB to hear that a notebook is not trusted. One that nobody has needed for
    half a year is forgotten. While the repository is away none is known, which no one is
    stopped by. To be asked by one thread at a time, beside the one that follows.
    """

    def __init__(self, storage: Callable[[], Storage], user: str) -> None:
        self._storage = storage
        self._user = user
        self._seen = MemorySignatureStore()
        self._own: dict[str, datetime] = {}
        self._all_own = False

    def store_signature(self, digest: str, algorithm: str) -> None:
        """Remember a signature."""
        if self._seen.check_signature(digest, algorithm):
            return
        try:
            self._remember(digest, algorithm)
        except OmegaError as error:
            _log.warning("A trusted notebook is not trusted by other servers: %s", error)
            return
        self._seen.store_signature(digest, algorithm)

    def check_signature(self, digest: str, algorithm: str) -> bool:
        """Say whether a signature is known."""
        if self._seen.check_signature(digest, algorithm):
            return True
        try:
            seen = self._last_seen(_id(digest, algorithm))
        except OmegaError as error:
            _log.warning("Whether a notebook is trusted cannot be looked up: %s", error)
            return False
        if seen is None:
            return False
        if seen < datetime.now(UTC) - _FRESH:
            self.store_signature(digest, algorithm)
        self._seen.store_signature(digest, algorithm)
        return True

    def _last_seen(self, id: str) -> datetime | None:  # noqa: A002 - the field is named so
        if self._all_own:
            return self._own.get(id)
        known = self._records.find(id)
        return None if known is None else known["seen"]

    def remove_signature(self, digest: str, algorithm: str) -> None:
        """Forget a signature; servers that have seen it trust it until they end."""
        self._seen.remove_signature(digest, algorithm)
        self._own.pop(_id(digest, algorithm), None)
        self._records.delete(_id(digest, algorithm))

    def changes(self, stop: threading.Event) -> Iterator[None]:
        """Know what the user signs on other servers within a moment, until `stop` is set.

        Yields now and then, to no end but that the one who follows can go.
        """
        due = 0.0
        try:
            for change in self._records.changes(stop, to={"user": [self._user]}):
                if change is not None:
                    self._own[change["id"]] = change["seen"]
                elif time.monotonic() >= due:
                    # The feed stands: what comes from now on is told, but for what is missed
                    # when it was away for longer than MongoDB remembers.
                    self._load()
                    due = time.monotonic() + _LOOK
                yield
        finally:
            self._all_own = False

    def _load(self) -> None:
        own = self._records.query({"user": self._user}, sort=[("seen", -1)], limit=_MOST + 1)
        self._own.update((each["id"], each["seen"]) for each in own)
        # Those of before the users were noted may be anybody's.
        whole = len(own) <= _MOST and not self._records.count({"user": None}, limit=1)
        self._all_own = whole

    def _remember(self, digest: str, algorithm: str) -> None:
        self._records.index(*_INDEXES)
        # One that a crash of the server forgets is to be trusted again: it is not waited for.
        signed = {"seen": datetime.now(UTC), "user": self._user}
        self._records.upsert(_id(digest, algorithm), signed, safely=False)

    @property
    def _records(self) -> Records:
        return self._storage().records("signatures")


def signatures_of(contents: Any) -> RepositorySignatures | None:
    """Return the signatures of a contents manager, None where they are not in a repository."""
    store = getattr(getattr(contents, "notary", None), "store", None)
    return store if isinstance(store, RepositorySignatures) else None


def _gather(part: Any, add: Callable[[bytes], None]) -> None:
    """Add all that is in a part of a notebook, in the order of nbformat's signatures."""
    if isinstance(part, str):
        add(part.encode())
    elif isinstance(part, dict):
        for key in sorted(part):
            add(key.encode())
            _gather(part[key], add)
    elif isinstance(part, (list, tuple)):
        for each in part:
            _gather(each, add)
    else:
        add(str(part).encode())


def _id(digest: str, algorithm: str) -> str:
    return f"{algorithm}:{digest}"


def share_between_threads(notary: NotebookNotary) -> None:
    """Let any thread ask `notary`; what it keeps in a file stays there."""
    if not isinstance(notary.store, SQLiteSignatureStore):
        return
    if notary.db_file == ":memory:":  # there each connection would have a memory of its own
        notary.store_factory = MemorySignatureStore
    else:
        notary.store_factory = partial(ThreadedSignatures, notary.store_factory)
    notary.store = notary.store_factory()


class ThreadedSignatures(SignatureStore):
    """A store of its own for each thread, all on one file: SQLite wants it so.

    Parameters
    ----------
    open_store
        Opens the store that a thread uses.
    """

    def __init__(self, open_store: Callable[[], SignatureStore]) -> None:
        self._open_store = open_store
        self._local = threading.local()

    def store_signature(self, digest: str, algorithm: str) -> None:
        """Remember a signature."""
        self._store.store_signature(digest, algorithm)

    def check_signature(self, digest: str, algorithm: str) -> bool:
        """Say whether a signature is known."""
        return bool(self._store.check_signature(digest, algorithm))

    def remove_signature(self, digest: str, algorithm: str) -> None:
        """Forget a signature."""
        self._store.remove_signature(digest, algorithm)

    def close(self) -> None:
        """Close this thread's store; those of other threads end with them."""
        if store := getattr(self._local, "store", None):
            store.close()
            del self._local.store

    @property
    def _store(self) -> SignatureStore:
        if not hasattr(self._local, "store"):
            self._local.store = self._open_store()
        store: SignatureStore = self._local.store
        return store
