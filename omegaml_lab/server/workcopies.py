"""Working copies: folders where a server's kernels find the files beside their notebooks."""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.runtime.locks import FileLock
from omegaml_lab.store.workcopy import WorkingCopy

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.core.modules import ModuleFolder
    from omegaml_lab.store.jobs import JobStore

__all__ = ["SharedCopy", "WorkingCopies"]

_log = logging.getLogger(__name__)

_LEFT = 7 * 24 * 3600.0
_LOCK = ".lock"


class SharedCopy:
    """A working copy, and which kernels work in it.

    One that is not `written` is only pulled: of a bucket that is shown read-only, and of
    the kernel of somebody who looks at a report.
    """

    def __init__(self, copy: WorkingCopy, *, bucket: str, written: bool) -> None:
        self.place = copy.place
        self.bucket = bucket
        self.kernels: set[str] = set()
        self.follow, self.holds = copy.follow, copy.holds
        self._copy = copy
        self._written = written
        self._said: set[str] = set()

    def sync(self) -> bool:
        """Push, then pull, and say whether all that the disk has is kept; it never raises."""
        return self._done(self._copy.push if self._written else list)

    def pull(self) -> None:
        """Pull only: a kernel may be in the middle of writing something."""
        self._done(list)

    def _done(self, push: Callable[[], list[str]]) -> bool:
        try:
            not_kept = push()
            self._tell(not_kept + self._copy.pull())
        except OmegaError as error:
            self._tell([f"Files beside notebooks wait on the disk, in {self.place}: {error}"])
            return False
        return not not_kept

    def _tell(self, lines: list[str]) -> None:
        for line in lines:
            if line not in self._said:  # once, not after each cell
                _log.warning("%s", line)
        self._said = set(lines)


class WorkingCopies:
    """The working copies of one server; every method blocks, and any thread may call it.

    What servers that died have left in the same home goes after a week.

    Parameters
    ----------
    home
        A folder of the disk for those of all servers.
    limit
        Bytes that each is given, and may hand over at once.
    """

    def __init__(self, home: Path, *, limit: float) -> None:
        self._home = home
        self._limit = limit
        self._folder: Path | None = None
        self._held: FileLock | None = None
        self._shared: dict[str, SharedCopy] = {}
        self._lock = threading.Lock()

    def open(
        self, kernel: str, where: ModuleFolder, jobs: Callable[[], JobStore], *, written: bool
    ) -> Path:
        """Let a kernel work in the copy of a folder; return the folder of the disk for it."""
        key = str(where) if written else f"{where} {kernel}"
        with self._lock:
            copy = self._shared.get(key)
            if copy is None:
                working = WorkingCopy(jobs(), where.folder, self._place(where), limit=self._limit)
                copy = SharedCopy(working, bucket=where.bucket, written=written)
                self._shared[key] = copy
            copy.kernels.add(kernel)
        copy.sync()
        return copy.place

    def has(self, kernel: str) -> bool:
        """Say whether a kernel works in one of them."""
        return bool(self._of(kernel))

    def sync(self, kernel: str) -> None:
        """Bring repository and disk in step after a kernel has worked."""
        for copy in self._of(kernel):
            copy.sync()

    def concern(self, bucket: str, *names: str | None) -> bool:
        """Say whether one of them may have something of one of these names."""
        copies = [copy for copy in self._all() if copy.bucket == bucket]
        return any(copy.holds(name) for copy in copies for name in names if name)

    def pull(self) -> None:
        """Give the disk what has changed in the repository."""
        for copy in self._all():
            copy.pull()

    def follow(self, bucket: str, old: str, new: str) -> None:
        """Go with a folder of a bucket that was renamed."""
        for copy in self._all():
            if copy.bucket == bucket:
                copy.follow(old, new)

    def close(self, kernel: str) -> None:
        """Bring them in step a last time; the folder goes with the last of its kernels.

        What could not be kept stays on the disk, and the log says where.
        """
        for copy in self._of(kernel):
            kept = copy.sync()
            with self._lock:
                copy.kernels.discard(kernel)
                if copy.kernels:
                    continue
                self._shared = {k: c for k, c in self._shared.items() if c is not copy}
            if kept:
                shutil.rmtree(copy.place, ignore_errors=True)
            else:
                _log.warning("Files that are not in the repository stay in %s", copy.place)

    def end(self) -> None:
        """Leave nothing behind, unless something stays."""
        with self._lock, contextlib.suppress(OSError):
            if self._folder is not None and [*self._folder.iterdir()] == [self._folder / _LOCK]:
                shutil.rmtree(self._folder)

    def _all(self) -> list[SharedCopy]:
        with self._lock:
            return list(self._shared.values())

    def _of(self, kernel: str) -> list[SharedCopy]:
        return [copy for copy in self._all() if kernel in copy.kernels]

    def _place(self, where: ModuleFolder) -> Path:
        """Return a new folder for a copy, in that of this server."""
        if self._folder is None:
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep()
            self._folder = Path(tempfile.mkdtemp(prefix="server-", dir=self._home))
            self._held = FileLock(self._folder / _LOCK)
            self._held.take(shared=False)
        name = re.sub(r"[^\w.-]+", "-", where.folder.rpartition("/")[2] or where.bucket)
        return Path(tempfile.mkdtemp(prefix=f"{name[:40]}-", dir=self._folder))

    def _sweep(self) -> None:
        for folder in self._home.glob("server-*"):
            with contextlib.suppress(OSError), FileLock(folder / _LOCK) as lock:
                if time.time() - folder.stat().st_mtime > _LEFT and lock.take(shared=False):
                    shutil.rmtree(folder, ignore_errors=True)
