"""Locks between processes, on files that may be removed while somebody waits for them."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FileLock"]


class FileLock:
    """A lock on a file: of one, or shared by many. The system drops it when its process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    @property
    def descriptor(self) -> int | None:
        """The descriptor, None unless the lock was taken; whoever inherits it holds it too."""
        return self._descriptor

    def take(self, *, shared: bool) -> bool:
        """Take the lock if it is free, and say whether it was."""
        how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        # Twice: who held it before may have removed the file, and another one is the lock now.
        return self._take(how) or self._take(how)

    def release(self) -> None:
        """Let go of the lock, if it was taken."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, how: int) -> bool:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(self._path.stat(), os.fstat(self._descriptor)):
                return True
        self.release()
        return False
