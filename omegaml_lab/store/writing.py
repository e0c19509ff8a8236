"""Writing: making the state that is to follow a head."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from omegaml_lab.core.errors import InvalidOptionError, OmegaError, UnsupportedObjectError
from omegaml_lab.storage.heads import Head
from omegaml_lab.store.backend import Backend, FrameBackend, LazyBackend, StreamBackend, Written
from omegaml_lab.store.registry import told

__all__ = ["Writing", "after", "fitting", "lazy_of", "once", "rows_of", "state_of", "stream_of"]

Writing = Callable[[Head | None], Written]
"""Returns the state to follow a head, or the first one; called for each head that is tried."""


def fitting(
    write: Callable[[], Written], obj: object, backend: Backend, path: str
) -> Callable[[], Written]:
    """Return what writes, and says so where an object is not of the kind that it is put as.

    A kind may take more than it would choose by itself: only what fails tells.
    """

    def written() -> Written:
        try:
            return write()
        except OmegaError:
            raise
        except (TypeError, ValueError, AttributeError, LookupError) as error:
            if inspect.isgenerator(obj) and inspect.getgeneratorstate(obj) == inspect.GEN_CLOSED:
                raise  # it is the code which makes the frames that failed
            if type(obj).__module__ == "_io" or not backend.accepts(obj, path):
                instead = f"what is of the kind {backend.kind}, or leave out kind="
                if hasattr(obj, "readline"):
                    instead = "what is open in binary mode, open(path, 'rb')"
                raise UnsupportedObjectError(backend.kind, told(obj), instead=instead) from error
            raise

    return written


def once(write: Callable[[], Written]) -> Writing:
    """Return what writes when first called, and has the same to say of any head."""
    written = cache(write)
    return lambda _head: written()


def after(add: Callable[[Written], Written], first: Writing, backend: Backend) -> Writing:
    """Return what adds to the state of a head, and writes the `first` where there is none.

    What it returns raises `InvalidOptionError` if the head is of another kind.
    """

    def write(head: Head | None) -> Written:
        if head is None:
            return first(head)
        there = head.metadata
        if there.kind != backend.kind:
            reason = f"nothing of kind {backend.kind} can be added to it"
            raise InvalidOptionError(there.store, there.name, there.kind, reason)
        return add(state_of(head))

    return write


def rows_of(backend: Backend, store: str, path: str, wanted: str) -> FrameBackend:
    """Return a backend as one of frames.

    Raises
    ------
    InvalidOptionError
        If what it keeps is none, which is what is `wanted`.
    """
    if isinstance(backend, FrameBackend):
        return backend
    raise _unable(backend, store, path, f"{wanted} is for frames, and it has no rows")


def lazy_of(backend: Backend, store: str, path: str, wanted: str) -> LazyBackend:
    """Return a backend as one of what can be had unread; errors like `rows_of`."""
    if isinstance(backend, LazyBackend):
        return backend
    raise _unable(backend, store, path, f"{wanted} is for frames and arrays, it has no rows here")


def stream_of(backend: Backend, store: str, path: str, wanted: str) -> StreamBackend:
    """Return a backend as one of what comes in parts; errors like `rows_of`."""
    if isinstance(backend, StreamBackend):
        return backend
    raise _unable(backend, store, path, f"{wanted} is for frames and the like, it has no rows")


def _unable(backend: Backend, store: str, path: str, reason: str) -> InvalidOptionError:
    return InvalidOptionError(store, path, backend.kind, reason)


def state_of(head: Head) -> Written:
    """Return the state that a head says."""
    details: dict[str, Any] = dict(head.document["details"])
    there = head.metadata
    return Written(payload=head.payload, size=there.size, hash=there.hash, details=details)
