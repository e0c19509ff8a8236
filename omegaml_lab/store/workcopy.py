"""WorkingCopy: the files beside a notebook, on a disk where its kernel reads and writes them."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import (
    ObjectNotFoundError,
    OmegaError,
    StorageFullError,
    StorageUnavailableError,
)
from omegaml_lab.core.limits import size_text
from omegaml_lab.core.names import Name
from omegaml_lab.store.jobs import SUFFIX
from omegaml_lab.store.scanning import reason_of, scan, stat_of

if TYPE_CHECKING:
    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.store.jobs import JobStore

__all__ = ["WorkingCopy"]

MOST = 1000
"""Files that are pulled in all, and that one push keeps."""
_LINES = 5
_UNREAD = 0


@dataclass(frozen=True, slots=True)
class _Copied:
    """A file as disk and repository both had it; `pulled` tells from which side it came."""

    revision: int
    size: int
    written: int
    pulled: bool

    def is_still(self, now: os.stat_result | None) -> bool:
        """Whether the disk has it as it was."""
        return now is not None and (now.st_size, now.st_mtime_ns) == (self.size, self.written)


class WorkingCopy:
    """A folder of the jobs store, and the folder of a disk that goes with it.

    It has what `JobStore.files_beside` names. What was changed on both sides is pushed before
    it is pulled: the disk's is the newest revision then, behind the other one. Hidden files,
    links and byte code stay on the disk. It may be used by many threads.

    Parameters
    ----------
    jobs, folder
        The store, and the folder in it, ``""`` at the top.
    place
        The folder of the disk. It is there, and nobody else's.
    limit
        Bytes that are pulled in all, and that one push keeps.
    """

    def __init__(self, jobs: JobStore, folder: str, place: Path, *, limit: float) -> None:
        self.place = place
        self._jobs, self._unnoted = jobs, jobs.read_by(None)
        self._folder = folder
        self._limit = limit
        self._copied: dict[str, _Copied] = {}
        self._lock = threading.Lock()

    def go_on(self, jobs: JobStore) -> None:
        """Go on for another one, to whom `jobs` belongs."""
        with self._lock:
            self._jobs, self._unnoted = jobs, jobs.read_by(None)

    def pull(self) -> list[str]:
        """Give the disk what the repository has; return what was left out, in a few lines.

        Raises
        ------
        StorageUnavailableError
            If nobody answers. What was pulled until then is whole.
        """
        left_out, budget = _Lines(), _Budget(self._limit)
        with self._lock:
            there = {
                self._inside(meta.name): meta for meta in self._jobs.files_beside(self._folder)
            }
            for path, meta in there.items():
                if not budget.takes(meta.size):
                    size = size_text(meta.size)
                    left_out.add(
                        f"{meta.name} ({size}) is not copied beside the notebook, it is too much:"
                        f" read it by om.jobs.open({meta.name!r}), or raise files_megabytes"
                    )
                elif error := self._update(path, meta):
                    left_out.add(f"{meta.name} is not copied beside the notebook: {error}")
            for path in self._copied.keys() - there.keys():
                self._discard(path)
        return left_out.said()

    def push(self) -> list[str]:
        """Give the repository what the disk has; return what was not kept, in a few lines.

        Raises
        ------
        StorageUnavailableError, StorageFullError
            If nothing can be kept now. What was pushed until then is whole.
        """
        not_kept, budget = _Lines(), _Budget(self._limit)
        with self._lock:
            unseen: list[OSError] = []
            found = dict(scan(self.place, unseen.append))
            for path, now in found.items():
                if (known := self._copied.get(path)) and known.is_still(now):
                    continue
                if not budget.takes(now.st_size):
                    size = size_text(now.st_size)
                    not_kept.add(
                        f"{path} ({size}) is not kept beside the notebook, it is too much: put it"
                        " into the datasets, or raise files_megabytes"
                    )
                elif error := self._keep(path, now):
                    not_kept.add(f"{path} is not kept beside the notebook: {error}")
            if unseen:  # what lies there was not deleted
                not_kept.add(f"{unseen[0].filename} cannot be looked at: {reason_of(unseen[0])}")
            else:
                for path in self._copied.keys() - found.keys():
                    self._drop(path)
        return not_kept.said()

    def holds(self, name: str) -> bool:
        """Say whether something of this name can be in it."""
        return not name.endswith(SUFFIX) and name.startswith(self._outside(""))

    def follow(self, old: str, new: str) -> None:
        """Go with a folder that was renamed, if this is that of one in it."""
        with self._lock:
            if f"{self._folder}/".startswith(f"{old}/"):
                self._folder = new + self._folder[len(old) :]

    def note_reads(self) -> None:
        """Let the repository note which revisions were opened, where the disk keeps such times."""
        for path, copied in list(self._copied.items()):
            now = stat_of(self.place / path)
            if copied.pulled and now is not None and now.st_atime_ns != _UNREAD:
                self._jobs.open(Name(self._outside(path), revision=copied.revision)).close()

    # -- one file --------------------------------------------------------------------------

    def _update(self, path: str, meta: Metadata) -> str | None:
        """Bring a file up to date; return why it cannot be, if so."""
        known, target = self._copied.get(path), self.place / path
        if known is not None and known.revision == meta.revision:
            return None  # and if it was deleted here, it stays so until the next push
        now = stat_of(target)
        if now is not None and not (known is not None and known.is_still(now)):
            return None  # it was changed here, and is to be pushed
        try:
            self._copied[path] = self._fetch(meta, target)
        except ObjectNotFoundError:  # dropped a moment ago
            return None
        except OSError as error:
            return reason_of(error)
        return None

    def _fetch(self, meta: Metadata, target: Path) -> _Copied:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.parent.resolve() != self.place.resolve() / target.parent.relative_to(self.place):
            raise OSError("a link is in the place of its folder")
        # Whole at any moment: the kernel may read it.
        handle, part = tempfile.mkstemp(dir=target.parent, prefix=".")
        try:
            name = Name(meta.name, revision=meta.revision)
            with os.fdopen(handle, "wb") as file, self._unnoted.open(name) as stream:
                shutil.copyfileobj(stream, file, 1 << 20)
            written = int(meta.modified.timestamp() * 1e6) * 1000
            os.utime(part, ns=(_UNREAD, written))
            Path(part).chmod(0o600)
            Path(part).replace(target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        return _Copied(meta.revision, meta.size, written, pulled=True)

    def _discard(self, path: str) -> None:
        """Take from the disk what is not in the repository any more, unless it was changed."""
        known, target = self._copied.pop(path), self.place / path
        if known.is_still(stat_of(target)):
            with contextlib.suppress(OSError):
                target.unlink()

    def _keep(self, path: str, now: os.stat_result) -> str | None:
        """Keep a file as it is; return why it cannot be, if so."""
        try:
            with (self.place / path).open("rb") as stream:
                meta = self._jobs.put_file(stream, self._outside(path))
        except (StorageUnavailableError, StorageFullError):
            raise
        except OmegaError as error:
            return str(error)
        except FileNotFoundError:  # deleted a moment ago
            return None
        except OSError as error:
            return reason_of(error)
        self._copied[path] = _Copied(meta.revision, now.st_size, now.st_mtime_ns, pulled=False)
        return None

    def _drop(self, path: str) -> None:
        """Move to the trash what was deleted here, unless somebody has changed it since."""
        known = self._copied.pop(path)
        self._jobs.drop_revision(self._outside(path), known.revision)

    def _inside(self, name: str) -> str:
        return name[len(self._folder) + 1 :] if self._folder else name

    def _outside(self, path: str) -> str:
        return f"{self._folder}/{path}" if self._folder else path


class _Budget:
    """What may be copied at once."""

    def __init__(self, size: float) -> None:
        self._size = size
        self._count = MOST

    def takes(self, size: int) -> bool:
        """Take a file of so many bytes, if there is room for it."""
        if size > self._size or not self._count:
            return False
        self._size, self._count = self._size - size, self._count - 1
        return True


class _Lines:
    """A few lines for people, of however many."""

    def __init__(self) -> None:
        self._first: list[str] = []
        self._more = 0

    def add(self, line: str) -> None:
        if len(self._first) < _LINES:
            self._first.append(line)
        else:
            self._more += 1

    def said(self) -> list[str]:
        return [*self._first, f"and so are {self._more} more files"] if self._more else self._first
