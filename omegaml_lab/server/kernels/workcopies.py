"""Working copies: folders where a server's kernels find the files beside their notebooks."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.core.modules import ModuleFolder
from omegaml_lab.runtime.environments.locks import FileLock
from omegaml_lab.store.workcopy import WorkingCopy, replaced_line

if TYPE_CHECKING:
    from collections.abc import Callable

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

    def __init__(
        self,
        copy: WorkingCopy,
        *,
        bucket: str,
        written: bool,
        tell: Callable[..., object],
    ) -> None:
        self.place = copy.place
        self.bucket = bucket
        self.written = written
        self.kernels: set[str] = set()
        self.follow, self.holds, self.end = copy.follow, copy.holds, copy.end
        self._copy = copy
        self._to = tell
        self._said: set[str] = set()

    @property
    def folder(self) -> str:
        """The folder of the repository, as it is called now."""
        return self._copy.folder

    @property
    def may_go(self) -> bool:
        """Whether nothing is lost with it."""
        return not self.written or self._copy.is_kept()

    def sync(self) -> bool:
        """Push, then pull, and say whether all that the disk has is kept; it never raises."""
        return self._done(self._copy.push if self.written else list)

    def pull(self) -> None:
        """Pull only: a kernel may be in the middle of writing something."""
        self._done(list)

    def _done(self, push: Callable[[], list[str]]) -> bool:
        try:
            not_kept = push()
            self._tell(not_kept + self._copy.pull())
            self._tell_replaced()
        except OmegaError as error:
            self._tell([f"Files beside notebooks wait on the disk, in {self.place}: {error}"])
            return False
        return not not_kept

    def _tell_replaced(self) -> None:
        for before in self._copy.take_replaced():
            line = replaced_line(before)
            _log.warning("%s", line)
            self._to(line, name=before.name, bucket=before.bucket)

    def _tell(self, lines: list[str]) -> None:
        for line in lines:
            if line not in self._said:  # once, not after each cell
                _log.warning("%s", line)
                self._to(line)
        self._said = set(lines)


class WorkingCopies:
    """The working copies of one server; every method blocks, and any thread may call it.

    What servers that died have left in the same home goes after a week.

    Parameters
    ----------
    home
        A folder of the disk for those of all servers.
    limit
        Bytes that each has in all.
    tell
        Told what its user is to know: what is left out, what is not kept and, with its `name` and
        `bucket`, what was replaced.
    """

    def __init__(
        self, home: Path, *, limit: float, tell: Callable[..., object] = lambda _, **__: None
    ) -> None:
        self._home = home
        self._limit = limit
        self._tell = tell
        self._folder: Path | None = None
        self._held: FileLock | None = None
        self._copies: list[SharedCopy] = []
        self._lock = threading.Lock()  # of the list, and never held for long
        self._opening = threading.Lock()

    def open(
        self, kernel: str, where: ModuleFolder, jobs: Callable[[], JobStore], *, written: bool
    ) -> Path:
        """Let a kernel work in the copy of a folder; return the folder of the disk for it."""
        with self._opening:
            copy = self._shared(where, kernel) if written else None
            if copy is None:
                working = WorkingCopy(jobs(), where.folder, self._place(where), limit=self._limit)
                tell = self._tell
                copy = SharedCopy(working, bucket=where.bucket, written=written, tell=tell)
                copy.kernels.add(kernel)
                with self._lock:
                    self._copies.append(copy)
        copy.sync()
        return copy.place

    def _shared(self, where: ModuleFolder, kernel: str) -> SharedCopy | None:
        """Return the copy that kernels of a folder share, and that this one does from now on."""
        with self._lock:
            for copy in self._copies:
                if copy.written and (copy.bucket, copy.folder) == (where.bucket, where.folder):
                    copy.kernels.add(kernel)
                    return copy
        return None

    def has(self, kernel: str) -> bool:
        """Say whether a kernel works in one of them."""
        return bool(self._of(kernel))

    def sync(self, kernel: str) -> None:
        """Bring repository and disk in step after a kernel has worked."""
        for copy in self._of(kernel):
            copy.sync()
        self._touch()

    def concern(self, bucket: str, *names: str | None) -> bool:
        """Say whether one of them may have something of one of these names."""
        copies = [copy for copy in self._all() if copy.bucket == bucket]
        return any(copy.holds(name) for copy in copies for name in names if name)

    def pull(self) -> None:
        """Give the disk what has changed in the repository, but not who only looks at a report."""
        for copy in self._all():
            if copy.written:
                copy.pull()

    def follow(self, bucket: str, old: str, new: str) -> None:
        """Go with a folder of a bucket that was renamed."""
        for copy in self._all():
            if copy.bucket == bucket:
                copy.follow(old, new)

    def place(self, kernel: str) -> ModuleFolder | None:
        """Return the folder of a bucket that a kernel works in, as it is called now."""
        copies = self._of(kernel)
        return ModuleFolder(bucket=copies[-1].bucket, folder=copies[-1].folder) if copies else None

    def close(self, kernel: str, *, but: Path | None = None) -> None:
        """Bring them in step a last time; the folder goes with the last of its kernels.

        The one in `but` it goes on to work in. What could not be kept stays on the disk, and
        the log says where.
        """
        for copy in self._of(kernel):
            if copy.place == but:
                continue
            kept = not copy.written or copy.sync()
            with self._lock:
                copy.kernels.discard(kernel)
                if copy.kernels or copy not in self._copies:  # another thread has closed it
                    continue
                self._copies.remove(copy)
            # Something that the kernel has started may still write there.
            if kept and copy.may_go:
                shutil.rmtree(copy.place, ignore_errors=True)
            else:
                _log.warning("Files that are not in the repository stay in %s", copy.place)
            copy.end()

    def end(self) -> None:
        """Leave nothing behind, unless something stays."""
        with self._lock, contextlib.suppress(OSError):
            if self._folder is not None and [*self._folder.iterdir()] == [self._folder / _LOCK]:
                shutil.rmtree(self._folder)

    def _all(self) -> list[SharedCopy]:
        with self._lock:
            return [*self._copies]

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

    def _touch(self) -> None:
        """Note that this server lives: what it leaves is kept for a week from now on."""
        if self._folder is not None:
            with contextlib.suppress(OSError):
                os.utime(self._folder / _LOCK)

    def _sweep(self) -> None:
        for folder in self._home.glob("server-*"):
            with contextlib.suppress(OSError), FileLock(folder / _LOCK) as lock:
                age = time.time() - (folder / _LOCK).stat().st_mtime
                if not lock.take(shared=False):
                    continue  # its server lives
                if age > _LEFT:
                    shutil.rmtree(folder, ignore_errors=True)
                else:
                    _log.warning("A server that ended early has left files in %s", folder)
