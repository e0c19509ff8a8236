"""WorkingCopy: the files beside a notebook, on a disk where its kernel reads and writes them."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from omegaml_lab.code.copynote import CopyNote
from omegaml_lab.core.errors import (
    ObjectNotFoundError,
    OmegaError,
    StorageFullError,
    StorageUnavailableError,
)
from omegaml_lab.core.limits import size_text
from omegaml_lab.core.names import Name
from omegaml_lab.storage.blobs import content_hash
from omegaml_lab.store.budget import Budget, Lines
from omegaml_lab.store.jobs import SUFFIX
from omegaml_lab.store.scanning import reason_of, scan, stat_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.store.jobs import JobStore

__all__ = ["WorkingCopy", "replaced_line"]

_UNREAD = 0


@dataclass(frozen=True, slots=True)
class _Copied:
    """A file as disk and repository both had it; `inode` is that of one that was pulled."""

    revision: int
    hash: str | None
    size: int
    written: int
    inode: int | None = None

    def is_still(self, now: os.stat_result | None) -> bool:
        """Whether the disk has it as it was."""
        return now is not None and (now.st_size, now.st_mtime_ns) == (self.size, self.written)

    def was_read(self, now: os.stat_result | None) -> bool:
        """Whether it was pulled and has been opened since, where the disk keeps such times."""
        return now is not None and now.st_ino == self.inode and now.st_atime_ns != _UNREAD


class WorkingCopy:
    """A folder of the jobs store, and the folder of a disk that goes with it.

    It has what `JobStore.beside` names. What was changed on both sides is pushed before
    it is pulled: the disk's is the newest revision then, behind the other one. What is deleted
    on the disk stays in the repository; hidden files, links and byte code stay on the disk.
    It may be used by many threads.

    Parameters
    ----------
    jobs, folder
        The store, and the folder in it, ``""`` at the top.
    place
        The folder of the disk. It is there, and nobody else's.
    limit
        Bytes that it has in all.
    """

    def __init__(self, jobs: JobStore, folder: str, place: Path, *, limit: float) -> None:
        self.place = place
        self.folder = folder
        self._jobs, self._unnoted = jobs, jobs.read_by(None)
        self._limit = limit
        self._copied: dict[str, _Copied] = {}
        self._left_out: set[str] = set()
        self._replaced: list[Metadata] = []
        self._lock = threading.Lock()
        self._note = CopyNote(place)

    def go_on(self, jobs: JobStore, folder: str) -> None:
        """Go on for another one, to whom `jobs` belongs, where its notebook is by now."""
        with self._lock:
            self._jobs, self._unnoted = jobs, jobs.read_by(None)
            if folder != self.folder:  # whose files may be others of the same names
                self.folder = folder
                unknown = {path: replace(each, revision=0) for path, each in self._copied.items()}
                self._copied = unknown

    def pull(self) -> list[str]:
        """Give the disk what the repository has; return what was left out, in a few lines.

        Raises
        ------
        StorageUnavailableError
            If nobody answers. What was pulled until then is whole.
        """
        left_out, budget = Lines(), Budget(self._limit)
        with self._noted():
            if self._lost():
                return [self._lost_line()]
            there = {self._inside(meta.name): meta for meta in self._jobs.beside(self.folder)}
            self._left_out.clear()
            for path, meta in there.items():
                if meta.is_folder:
                    self._make_folder(path)
                elif not budget.takes(meta.size):
                    self._left_out.add(path)
                    size = size_text(meta.size)
                    left_out.add(
                        f"{meta.name} ({size}) is not copied beside the notebook,"
                        f" {budget.reason}: read it by om.jobs.open({meta.name!r})"
                    )
                elif error := self._update(path, meta):
                    left_out.add(f"{meta.name} is not copied beside the notebook: {error}")
            for path in self._copied.keys() - there.keys():
                self._discard(path)
        return left_out.said()

    def push(self, *, anyway: bool = False) -> list[str]:
        """Give the repository what the disk has; return what was not kept, in a few lines.

        `anyway` makes the folder anew where it is not in the repository any more, and replaces
        what the kernel could not see there: of who has no disk to keep it on.

        Raises
        ------
        StorageUnavailableError, StorageFullError
            If nothing can be kept now. What was pushed until then is whole.
        """
        not_kept, budget = Lines(), Budget(self._limit)
        with self._noted():
            unseen: list[OSError] = []
            found = list(scan(self.place, unseen.append))
            changed = {path for path, now in found if not self._knows(path, now)}
            if changed and not anyway and self._lost():
                return [self._lost_line()]
            unseen_here = self._unseen(changed)
            for path, now in found:
                fits = budget.takes(now.st_size)
                if path not in changed:
                    continue
                if path in unseen_here and not anyway:
                    not_kept.add(
                        f"{path} is not kept beside the notebook: the repository has another one,"
                        " which is not copied here. Write it under another name"
                    )
                elif not fits:
                    size = size_text(now.st_size)
                    not_kept.add(
                        f"{path} ({size}) is not kept beside the notebook, {budget.reason}:"
                        " put it into the datasets"
                    )
                elif error := self._keep(path, now):
                    not_kept.add(f"{path} is not kept beside the notebook: {error}")
        for refusal in unseen[:1]:
            not_kept.add(f"{refusal.filename} cannot be looked at: {reason_of(refusal)}")
        return not_kept.said()

    def take_replaced(self) -> list[Metadata]:
        """Return, once, the states that pushes have put what the kernel wrote on top of.

        Somebody has saved them since the kernel could see the file.
        """
        with self._lock:
            replaced, self._replaced = self._replaced, []
        return replaced

    def is_kept(self) -> bool:
        """Say whether the repository has all that the disk has, as far as is known here."""
        with self._lock:
            return all(self._knows(path, now) for path, now in scan(self.place, lambda _: None))

    def holds(self, name: str) -> bool:
        """Say whether something of this name can be in it."""
        return not name.endswith(SUFFIX) and name.startswith(self._outside(""))

    def follow(self, old: str, new: str) -> None:
        """Go with a folder that was renamed, if this is that of one in it."""
        with self._noted():
            if self.folder and f"{self.folder}/".startswith(f"{old}/"):
                self.folder = new + self.folder[len(old) :]

    def end(self) -> None:
        """Leave nothing but the folder of the disk, and what is in it."""
        with self._lock:
            self._note.remove()

    def note_reads(self) -> None:
        """Let the repository note which revisions were opened, where the disk keeps such times."""
        with self._lock:
            read = [
                Name(self._outside(path), revision=copied.revision)
                for path, copied in self._copied.items()
                if copied.was_read(stat_of(self.place / path))
            ]
        for name in read:
            with contextlib.suppress(ObjectNotFoundError):  # dropped meanwhile
                self._jobs.open(name).close()

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        """Be alone, and let kernels know how it is then."""
        with self._lock:
            try:
                yield
            finally:
                modules = {
                    path: (copied.size, copied.written)
                    for path, copied in self._copied.items()
                    if path.endswith(".py")
                }
                self._note.write(self.folder, modules)

    # -- one file --------------------------------------------------------------------------

    def _knows(self, path: str, now: os.stat_result) -> bool:
        copied = self._copied.get(path)
        return copied is not None and copied.is_still(now)

    def _unseen(self, changed: Collection[str]) -> set[str]:
        """Return what the kernel has made and the repository has too, where it could not see it.

        What somebody else made a moment ago it would see with a pull.
        """
        new = [self._outside(path) for path in changed if path not in self._copied]
        present = self._jobs.present(new) if new else {}
        if not present:
            return set()
        seen = {meta.name for meta in self._jobs.beside(self.folder)}
        names = {name: self._inside(name) for name in present}
        return {path for name, path in names.items() if name not in seen or path in self._left_out}

    def _make_folder(self, path: str) -> None:
        """Make a folder, unless something else is in its place."""
        with contextlib.suppress(OSError):
            self._folder_at(self.place / path)

    def _folder_at(self, path: Path) -> Path:
        """Return a folder of the disk, made if it is missing; never through a link."""
        if not self.place.is_dir():
            raise FileNotFoundError("the folder of the kernel is gone")
        if path.resolve() != self.place.resolve() / path.relative_to(self.place):
            raise OSError("a link is in the place of its folder")
        path.mkdir(parents=True, exist_ok=True)
        return path

    def _update(self, path: str, meta: Metadata) -> str | None:
        """Bring a file up to date; return why it cannot be, if so."""
        known, target = self._copied.get(path), self.place / path
        if known is not None and known.revision == meta.revision:
            return None  # and if it was deleted here, it stays so until it is changed there
        now = stat_of(target)
        if now is not None and not (known is not None and known.is_still(now)):
            return None  # it was changed here, and is to be pushed
        try:
            copied = self._fetch(meta, target, now)
        except ObjectNotFoundError:  # dropped a moment ago
            return None
        except OSError as error:
            return reason_of(error)
        if copied is not None:
            self._copied[path] = copied
        return None

    def _fetch(
        self, meta: Metadata, target: Path, before: os.stat_result | None
    ) -> _Copied | None:
        """Put a file in its place; None where the kernel has written there meanwhile."""
        folder = self._folder_at(target.parent)
        # Whole at any moment: the kernel may read it.
        handle, part = tempfile.mkstemp(dir=folder, prefix=".")
        try:
            name = Name(meta.name, revision=meta.revision)
            with os.fdopen(handle, "wb") as file, self._unnoted.open(name) as stream:
                shutil.copyfileobj(stream, file, 1 << 20)
            written = int(meta.modified.timestamp() * 1e6) * 1000
            os.utime(part, ns=(_UNREAD, written))
            Path(part).chmod(0o600)
            if _differs(stat_of(target), before):
                return None
            inode = Path(part).stat().st_ino
            Path(part).replace(target)
        finally:
            Path(part).unlink(missing_ok=True)
        return _Copied(meta.revision, meta.hash, meta.size, written, inode)

    def _discard(self, path: str) -> None:
        """Take from the disk what was dropped in the repository, unless it was changed here."""
        known, target = self._copied[path], self.place / path
        if known.inode is None or self._jobs.exists(Name(self._outside(path))):
            return  # the kernel's own, or one that is not listed any more
        del self._copied[path]
        if known.is_still(stat_of(target)):
            with contextlib.suppress(OSError):
                target.unlink()

    def _keep(self, path: str, now: os.stat_result) -> str | None:
        """Keep a file as it is; return why it cannot be, if so."""
        try:
            with (self.place / path).open("rb") as stream:
                digest, known = content_hash(stream), self._copied.get(path)
                if known is not None and known.hash == digest:  # written as it was
                    self._copied[path] = replace(known, size=now.st_size, written=now.st_mtime_ns)
                    return None
                meta, before = self._jobs.put_file(stream, self._outside(path), digest=digest)
        except (StorageUnavailableError, StorageFullError):
            raise
        except OmegaError as error:
            return str(error)
        except FileNotFoundError:  # deleted a moment ago
            return None
        except OSError as error:
            return reason_of(error)
        self._copied[path] = _Copied(meta.revision, digest, now.st_size, now.st_mtime_ns)
        if before is not None and (known is None or before.revision != known.revision):
            self._replaced.append(before)
        return None

    def _lost(self) -> bool:
        """Say whether the folder is not in the repository any more: renamed, say, or dropped."""
        return bool(self.folder) and not self._jobs.exists(Name(self.folder))

    def _lost_line(self) -> str:
        return (
            f"The folder {self.folder} is not in the repository any more: what its kernels write"
            f" stays in {self.place}. Start them again where their notebooks are now."
        )

    def _inside(self, name: str) -> str:
        return name[len(self.folder) + 1 :] if self.folder else name

    def _outside(self, path: str) -> str:
        return f"{self.folder}/{path}" if self.folder else path


def replaced_line(before: Metadata) -> str:
    """Return what is said of a state that what a kernel wrote was put on top of."""
    which = f"revision {before.revision}, which {before.owner or 'somebody'} saved"
    return (
        f"{before.name} is now what a kernel has written, which had not seen {which}:"
        " that is in the history."
    )


def _differs(now: os.stat_result | None, before: os.stat_result | None) -> bool:
    if now is None or before is None:
        return now is not before
    return (now.st_ino, now.st_mtime_ns, now.st_size) != (
        before.st_ino,
        before.st_mtime_ns,
        before.st_size,
    )
