"""Reach: sockets in folders of any path, though the system takes only short ones."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["within_reach"]

_LONGEST = 103  # bytes, on all systems


@contextlib.contextmanager
def within_reach(socket: Path) -> Iterator[str]:
    """Have a path by which a socket can be bound or connected to, for the time of a block."""
    if len(os.fsencode(socket)) <= _LONGEST:
        yield str(socket)
        return
    folder = os.open(socket.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{socket.name}"
    finally:
        os.close(folder)
