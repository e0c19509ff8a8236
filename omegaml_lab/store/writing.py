"""Writing: making the state that is to follow a head."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from omegaml_lab.core.errors import InvalidOptionError
from omegaml_lab.storage.heads import Head
from omegaml_lab.store.backend import Backend, FrameBackend, LazyBackend, StreamBackend, Written

__all__ = ["Writing", "able", "after", "once"]

Writing = Callable[[Head | None], Written]
"""Returns the state to follow a head, or the first one; called for each head that is tried."""

B = TypeVar("B", bound=Backend)

_TELL: dict[type[Backend], str] = {
    FrameBackend: "frames",
    LazyBackend: "frames and arrays",
    StreamBackend: "what comes in parts",
}


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
        return add(_state(head))

    return write


def able(backend: Backend, port: type[B], store: str, path: str, wanted: str) -> B:
    """Return a backend as one that can do what a `port` asks.

    Raises
    ------
    InvalidOptionError
        If it cannot, which is what is `wanted`.
    """
    if not isinstance(backend, port):
        reason = f"{wanted} is for {_TELL[port]}, which it is not"
        raise InvalidOptionError(store, path, backend.kind, reason)
    return backend


def _state(head: Head) -> Written:
    details: dict[str, Any] = dict(head.document["details"])
    there = head.metadata
    return Written(payload=head.payload, size=there.size, hash=there.hash, details=details)
