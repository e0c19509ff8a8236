"""What moves hide on the disk while they go on, beside what is moved.

A note says how that is called; it is locked for as long as the process lives that wrote it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from typing import TYPE_CHECKING

from tornado.web import HTTPError

from omegaml_lab.runtime.environments.locks import FileLock

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["MARK", "DiskArrival", "DiskDeparture", "erase", "mend"]

MARK = ".omega-move-"
"""How the name of whatever is hidden begins."""
_NEW, _OLD, _GONE = ".new", ".old", ".gone"
_ABANDONED = 3600.0
_BLOCK = 1 << 20


class _Note:
    """What a move hides for `place`, a file or folder of the disk."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._path = place.parent / f"{MARK}{uuid.uuid4().hex[:12]}"
        self._lock = FileLock(self._path)
        with contextlib.suppress(OSError):  # some file systems have no locks, see `_is_left`
            self._lock.take(shared=False)
        with self._path.open("wb") as file:
            file.write(os.fsencode(place.name))
            file.flush()
            os.fsync(file.fileno())  # it must not be lost before what it tells of

    def beside(self, suffix: str) -> Path:
        return self._path.with_name(self._path.name + suffix)

    def end(self) -> None:
        self._path.unlink(missing_ok=True)
        self._lock.release()


class DiskArrival:
    """A file or folder that becomes `place` when it is whole."""

    def __init__(self, place: Path) -> None:
        self._note = _Note(place)
        self._top = self._note.beside(_NEW)

    def create_folder(self, path: str) -> None:
        """Make a folder."""
        self._at(path).mkdir()

    def create(self, path: str, source: BinaryIO) -> None:
        """Write a file."""
        with self._at(path).open("xb") as file:
            shutil.copyfileobj(source, file, _BLOCK)
            file.flush()
            os.fsync(file.fileno())  # a move deletes what it was made from

    def erase(self, path: str) -> None:
        """Delete a file or folder, if it is there."""
        erase(self._at(path))

    def show(self) -> None:
        """Give it its name; 409 if that is taken."""
        place = self._note.place
        try:
            _rename(self._top, place)
        except (FileExistsError, NotADirectoryError) as error:
            raise HTTPError(409, f"File already exists: {place.name}") from error
        _settle(place.parent)
        self._note.end()

    def discard(self) -> None:
        """Forget it."""
        with contextlib.suppress(OSError):  # the next move into this folder tries again
            erase(self._top)
            self._note.end()

    def _at(self, path: str) -> Path:
        return self._top / path if path else self._top


class DiskDeparture:
    """A file or folder that is no longer at `place`; it went in one step to `hidden`.

    It stays as deep in the tree as it was, so that links with relative paths go on to work.
    """

    def __init__(self, place: Path) -> None:
        self._note = _Note(place)
        self.hidden = self._note.beside(_OLD)
        try:
            place.rename(self.hidden)
        except BaseException:
            self._note.end()
            raise

    def erase(self) -> None:
        """Delete it; if that cannot be done it is back, with what is left."""
        gone = self._note.beside(_GONE)
        self.hidden.rename(gone)
        try:
            erase(gone)
        except BaseException:
            gone.rename(self.hidden)
            self.put_back()
            raise
        self._note.end()

    def put_back(self) -> None:
        """Let it be seen again; under another name if its own was taken since."""
        _put_back(self.hidden, self._note.place)
        self._note.end()


def mend(folder: Path) -> None:
    """Put back what a move was about to take from a folder, and clear away the rest.

    Only what was left by processes that have ended; what cannot be mended stays as it is.
    """
    with contextlib.suppress(OSError):
        names = [entry.name for entry in os.scandir(folder) if entry.name.startswith(MARK)]
        for name in {name[: len(MARK) + 12] for name in names}:
            with contextlib.suppress(OSError):
                _mend(folder / name)


def _mend(path: Path) -> None:
    with FileLock(path) as lock:
        if not _is_left(path, lock):
            return
        old = path.with_name(path.name + _OLD)
        name = os.fsdecode(path.read_bytes())
        if os.path.lexists(old):
            _put_back(old, path.with_name(name or "moved back"))
        for suffix in (_NEW, _GONE):
            erase(path.with_name(path.name + suffix))
        path.unlink()


def _is_left(path: Path, lock: FileLock) -> bool:
    """Say whether who wrote a note has ended; where there are no locks, if it is an hour old."""
    try:
        return lock.take(shared=False)
    except OSError:
        return time.time() - path.stat().st_mtime > _ABANDONED


def erase(place: Path) -> None:
    """Delete a file, a link, or a folder with all below, if it is there."""
    if not place.is_dir() or place.is_symlink():
        place.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(place)
    except RecursionError:
        _erase_deep(place)


def _erase_deep(top: Path) -> None:
    """Delete a folder that is deeper than Python's functions go."""
    folders = [top]
    for folder in folders:  # which grows
        for place in folder.iterdir():
            if place.is_dir() and not place.is_symlink():
                folders.append(place)
            else:
                place.unlink()
    for folder in reversed(folders):
        folder.rmdir()


def _put_back(hidden: Path, place: Path) -> None:
    free, number = place, 0
    while True:
        try:
            _rename(hidden, free)
        except (FileExistsError, NotADirectoryError):
            number += 1
            free = place.with_name(f"{place.stem} (moved back {number}){place.suffix}")
        else:
            return


def _rename(place: Path, new: Path) -> None:
    """Give something another name in its folder.

    Raises
    ------
    FileExistsError, NotADirectoryError
        If that is taken.
    """
    if os.path.lexists(new):
        if not os.path.samestat(place.lstat(), new.lstat()):
            raise FileExistsError(new)
        place.unlink()  # who was killed had linked it already
        return
    if place.is_symlink() or place.is_dir():
        try:
            place.rename(new)
        except OSError as error:
            if os.path.lexists(new):
                raise FileExistsError(new) from error
            raise
        return
    try:
        new.hardlink_to(place)  # a rename would replace what somebody has just written there
    except FileExistsError:
        raise
    except OSError:  # some file systems have no such links
        place.rename(new)
    else:
        place.unlink()


def _settle(folder: Path) -> None:
    """Wait until the names in a folder are on the disk; some file systems cannot tell."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
