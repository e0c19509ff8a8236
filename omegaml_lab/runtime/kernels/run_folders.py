"""Folders for what processes of a run leave on the disk: gone with it, or soon after its worker.

Who makes one holds a lock in it, which the system drops when that process ends, in whatever
way. So a worker finds what one before it has left, and what is in use is left alone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from omegaml_lab.runtime.environments.locks import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RunFolder", "collect"]

_PREFIX = "omega-"
_LOCK = "omega-worker.lock"  # no name that a folder of somebody else has
_LONGEST_TEMPORARY = 70  # the path of a socket, as multiprocessing makes them, ends at 107 bytes


class RunFolder:
    """A fresh folder at `path`, that only this user can read; `kind` is in its name."""

    def __init__(self, kind: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{kind}-"))
        new = self.path / f".{_LOCK}"
        self._lock = FileLock(new)
        self._lock.take(shared=False)
        new.rename(self.path / _LOCK)  # it is held from the moment in which it is there

    def temporary(self) -> dict[str, str]:
        """Return what makes programs put there what is temporary, where there is room for it."""
        folder = self.path / "tmp"
        if len(str(self.path)) > _LONGEST_TEMPORARY:
            return {}
        folder.mkdir()
        return {"TMPDIR": str(folder)}

    def remove(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()


def collect() -> list[Path]:
    """Remove the folders of processes that have ended without doing so; return which."""
    return [path for path in _left() if _removed(path)]


def _left() -> Iterator[Path]:
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        with contextlib.suppress(OSError):  # it goes just now, or is somebody else's
            if path.stat().st_uid == os.getuid() and path.is_file():
                yield path.parent


def _removed(path: Path) -> bool:
    with contextlib.suppress(OSError), FileLock(path / _LOCK) as lock:
        if lock.take(shared=False):
            shutil.rmtree(path, ignore_errors=True)
            return True
    return False
