"""Signatures of the notebooks that somebody trusts: one's own, on every server of a repository."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import traitlets
from nbformat.sign import (
    MemorySignatureStore,
    NotebookNotary,
    SignatureStore,
    SQLiteSignatureStore,
)

from omegaml_lab.core.errors import ConfigError, OmegaError
from omegaml_lab.omega import Omega

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.storage.records import Records
    from omegaml_lab.storage.storage import Storage

__all__ = ["RepositoryNotary", "RepositorySignatures", "share_between_threads"]

_log = logging.getLogger(__name__)

_FORGOTTEN = timedelta(days=180)
_FRESH = timedelta(days=1)


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

    @traitlets.default("store_factory")
    def _store_factory_default(self) -> Callable[[], SignatureStore]:
        return lambda: RepositorySignatures(lambda: self.omega.storage)


class RepositorySignatures(SignatureStore):
    """Signatures in the repository; those that this process has seen are not asked for again.

    One that nobody has needed for half a year is forgotten. While the repository is away none
    is known, which no one is stopped by. Not for several threads at once.
    """

    def __init__(self, storage: Callable[[], Storage]) -> None:
        self._storage = storage
        self._seen = MemorySignatureStore()

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
            known = self._records.find(_id(digest, algorithm))
        except OmegaError as error:
            _log.warning("Whether a notebook is trusted cannot be looked up: %s", error)
            return False
        if known is None:
            return False
        if known["seen"] < datetime.now(UTC) - _FRESH:
            self.store_signature(digest, algorithm)
        self._seen.store_signature(digest, algorithm)
        return True

    def remove_signature(self, digest: str, algorithm: str) -> None:
        """Forget a signature; servers that have seen it trust it until they end."""
        self._seen.remove_signature(digest, algorithm)
        self._records.delete(_id(digest, algorithm))

    def _remember(self, digest: str, algorithm: str) -> None:
        self._records.expire("seen", _FORGOTTEN)
        # One that a crash of the server forgets is to be trusted again: it is not waited for.
        seen = {"seen": datetime.now(UTC)}
        self._records.upsert(_id(digest, algorithm), seen, safely=False)

    @property
    def _records(self) -> Records:
        return self._storage().records("signatures")


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
