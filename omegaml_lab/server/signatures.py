"""Signatures of trusted notebooks, asked for by many threads."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from nbformat.sign import MemorySignatureStore, SignatureStore, SQLiteSignatureStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbformat.sign import NotebookNotary

__all__ = ["ThreadedSignatures", "share_between_threads"]


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
