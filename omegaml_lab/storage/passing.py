"""How a storage goes to other processes: with its URL, or by its name where it must be no secret.

A lazy frame is pickled with the storage that it reads. Dask's own pools of processes on this
machine get the URL with the password. What goes to a Dask cluster passes through a scheduler,
and what cannot be unpickled is written into logs: there only the name goes, and the process
that gets it has a URL of its own.
"""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.storage.storage import Storage

__all__ = ["by_name", "known", "pass_by_name_while", "remember"]

_lock = threading.Lock()
_conditions: list[Callable[[], bool]] = []
_known: weakref.WeakValueDictionary[str, Storage] = weakref.WeakValueDictionary()


def pass_by_name_while(condition: Callable[[], bool]) -> None:
    """Let all storages of this process be pickled by name alone, as long as `condition` holds.

    It is for the whole process, because Dask pickles in threads of its own.
    """
    with _lock:
        _conditions.append(condition)


def by_name() -> bool:
    """Say whether a storage that is pickled now must not tell its URL."""
    with _lock:
        _conditions[:] = [condition for condition in _conditions if condition()]
        return bool(_conditions)


def remember(storage: Storage) -> str:
    """Return the name that a storage is pickled by; in this process it is found again by it."""
    with _lock:
        _known[storage.address] = storage
    return storage.address


def known(address: str) -> Storage | None:
    """Return the storage of this process that was pickled by this name, if any."""
    with _lock:
        return _known.get(address)
