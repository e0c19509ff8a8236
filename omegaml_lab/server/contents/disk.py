"""The mount that shows a folder of the disk: Jupyter's own manager, below a prefix."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_server.services.contents.manager import AsyncContentsManager
from tornado.web import HTTPError

from omegaml_lab.server.contents.diskmoves import MARK, DiskArrival, DiskDeparture, mend
from omegaml_lab.server.contents.models import folder_model
from omegaml_lab.server.contents.mounts import Entry, hidden, join
from omegaml_lab.server.errors import disk_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omegaml_lab.server.contents.contents import OmegaContentsManager
    from omegaml_lab.server.contents.mounts import Model

__all__ = ["DiskFiles", "DiskManager", "DiskMount"]

_CHECKPOINTS = ".ipynb_checkpoints"


class DiskManager(AsyncLargeFileManager):
    """Jupyter's manager of a folder; what it tells others is told by its parent, once.

    Hooks that are configured for all contents managers are the parent's too and run there;
    those for ``FileContentsManager`` are run here.
    """

    def emit(self, data: dict[str, Any]) -> None:
        """Say nothing: the manager of all mounts emits the event, with the path people see."""

    def should_list(self, name: str) -> bool:
        """Say whether a listing shows a name: not what a move hides."""
        return not name.startswith(MARK) and bool(super().should_list(name))

    def run_pre_save_hooks(self, model: Model, path: str, **kwargs: Any) -> None:
        """Run a hook that is for files only; the others have run, with the path people see."""
        if self._is_for_files("pre_save_hook"):
            super().run_pre_save_hooks(model, path, **kwargs)

    def run_post_save_hooks(self, model: Model, os_path: str) -> None:
        """Run all hooks; only here is the file's path known."""
        self._owner.run_post_save_hooks(model=model, os_path=os_path)
        if self._is_for_files("post_save_hook"):
            super().run_post_save_hooks(model, os_path)

    def _is_for_files(self, trait: str) -> bool:
        classes = set(type(self).__mro__) - set(AsyncContentsManager.__mro__)
        return any(trait in self.config.get(cls.__name__, {}) for cls in classes)

    @property
    def _owner(self) -> OmegaContentsManager:
        owner: Any = self.parent
        manager: OmegaContentsManager = owner
        return manager


class DiskFiles:
    """The plain files below a folder."""

    def __init__(self, manager: DiskManager) -> None:
        self._manager = manager

    def walk(self, path: str) -> Iterator[Entry]:
        """Yield a folder and what is below it, hidden or not; checkpoints are left behind.

        Raises
        ------
        HTTPError
            400 for what is neither a file nor a folder, and for links to folders but the top.
        """
        top = self._path(path)
        for inside, place, found in _look(top):
            if stat.S_ISDIR(found.st_mode):
                yield Entry(inside, folder=True)
                continue
            shown, what = join(path, inside), place.stat()
            if stat.S_ISDIR(what.st_mode):
                raise HTTPError(400, f"{shown} is a link to a folder")
            _check_regular(shown, what)
            yield Entry(inside, folder=False, size=what.st_size, stamp=_stamp(found))

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        with self.stream(path) as file:
            return file.read()

    def stream(self, path: str) -> BinaryIO:
        """Open a file for reading; 400 if it is no plain file."""
        # A pipe would be waited for otherwise.
        descriptor = os.open(self._path(path), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISDIR(found.st_mode):  # which is refused below
                _check_regular(path, found)
            return os.fdopen(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise

    def arrive(self, path: str) -> DiskArrival:
        """Begin a new file or folder, in a folder that is made for it."""
        place = self._path(path)
        with self._manager.perm_to_403(str(place)):
            if os.path.lexists(place):
                raise HTTPError(409, f"File already exists: {path}")
            place.parent.mkdir(parents=True, exist_ok=True)
            mend(place.parent)
            return DiskArrival(place)

    def depart(self, path: str, expected: Sequence[Entry]) -> DiskDeparture | None:
        """Take away a file or folder, if it is as `expected`."""
        with self._manager.perm_to_403(str(self._path(path))):
            departure = DiskDeparture(self._path(path))
        wanted = {entry.path: entry.stamp for entry in expected}
        try:
            found = _look(departure.hidden)
            if {inside: _stamp(status) for inside, _, status in found} == wanted:
                return departure
        except BaseException:
            departure.put_back()
            raise
        departure.put_back()
        return None

    def mend(self, folder: str) -> None:
        """Put back or clear away what moves that were killed have left in a folder."""
        mend(self._path(folder))

    def copy(self, path: str, new: str) -> None:
        """Copy within the disk, as Jupyter does: what links lead to, and who may run it."""
        source, target = self._path(path), self._path(new)

        def copy_file(place: str, copy: str) -> None:
            _check_regular(join(path, os.path.relpath(place, source)), Path(place).stat())
            shutil.copy2(place, copy)

        with self._manager.perm_to_403(str(target)):
            if os.path.lexists(target):
                raise HTTPError(409, f"File already exists: {new}")
            if not source.is_dir():
                _check_regular(path, source.stat())
                shutil.copy(source, target)
                return
            ignored = shutil.ignore_patterns(_CHECKPOINTS, f"{MARK}*")
            try:
                shutil.copytree(source, target, ignore=ignored, copy_function=copy_file)
            except FileExistsError as error:
                raise HTTPError(409, f"File already exists: {new}") from error
            except BaseException:
                shutil.rmtree(target, ignore_errors=True)
                raise

    def _path(self, path: str) -> Path:
        return Path(self._manager._get_os_path(path))  # noqa: SLF001 - its only way to tell


def _look(top: Path) -> Iterator[tuple[str, Path, os.stat_result]]:
    """Yield a file or folder and what is below it, links unresolved but for the top."""
    waiting = [""]
    while waiting:  # and not by recursion: a disk has folders that are deeper than Python goes
        inside = waiting.pop()
        place = top / inside if inside else top
        found = place.lstat() if inside else _status(place)
        yield inside, place, found
        if stat.S_ISDIR(found.st_mode):
            waiting += [join(inside, name) for name in reversed(_names(place))]


def _status(top: Path) -> os.stat_result:
    found = top.stat()
    return found if stat.S_ISDIR(found.st_mode) else top.lstat()


def _names(folder: Path) -> list[str]:
    """Return the names in a folder; 409 while something in it is being moved."""
    names = [entry.name for entry in folder.iterdir()]
    if any(name.startswith(MARK) for name in names):
        mend(folder)
        names = [entry.name for entry in folder.iterdir()]
        if any(name.startswith(MARK) for name in names):
            raise HTTPError(409, f"Something in {folder.name} is being moved. Try again.")
    return sorted(name for name in names if name != _CHECKPOINTS)


def _stamp(found: os.stat_result) -> str:
    if stat.S_ISDIR(found.st_mode):
        return ""
    return f"{found.st_ino} {found.st_mtime_ns} {found.st_size}"


def _check_regular(path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise HTTPError(400, f"{path} is neither a file nor a folder: it cannot be copied")


class DiskMount:
    """A folder of the disk."""

    def __init__(self, owner: OmegaContentsManager) -> None:
        self.manager = DiskManager(parent=owner, root_dir=owner.root_dir, preferred_dir="")
        self.files = DiskFiles(self.manager)
        self._started = datetime.now(UTC)

    async def folder_exists(self, path: str) -> bool:
        """Say whether `path` is a folder."""
        return bool(await self.manager.dir_exists(path))

    async def file_exists(self, path: str) -> bool:
        """Say whether `path` is a file or notebook."""
        return bool(await self.manager.file_exists(path))

    async def is_hidden(self, path: str) -> bool:
        """Say whether `path` is hidden, by the rules of this platform."""
        try:
            return bool(await self.manager.is_hidden(path))
        except OSError:  # no disk has such a path; who wants it there is told so
            return hidden(path)

    async def get(
        self,
        path: str,
        *,
        content: bool = True,
        type: str | None = None,  # noqa: A002 - Jupyter's words
        format: str | None = None,  # noqa: A002
        hash: bool = False,  # noqa: A002
    ) -> Model:
        """Return the model of `path`; what a move that was killed has hidden there is back.

        The folder itself has one, whether or not it is there: what is beside it is listed.
        """
        if not path and not content and not await self.folder_exists(""):
            return folder_model("", created=self._started, modified=self._started)
        if content and type in {None, "directory"}:
            await asyncio.to_thread(self.files.mend, path)
        model: Model = await self.manager.get(
            path, content=content, type=type, format=format, require_hash=hash
        )
        return model

    async def save(self, model: Model, path: str) -> Model:
        """Save `model` and return it without its content."""
        saved: Model = await self.manager.save(model, path)
        return saved

    async def remove(self, path: str) -> None:
        """Delete a file or folder, into the trash where there is one."""
        await self.manager.delete_file(path)

    async def move(self, old: str, new: str) -> None:
        """Rename within the mount."""
        if new.startswith(f"{old}/"):
            raise HTTPError(409, f"{old!r} cannot be moved into itself")
        try:
            await self.manager.rename_file(old, new)
        except OSError as error:
            raise disk_error(error, f"Renaming {old} to {new} failed") from error
