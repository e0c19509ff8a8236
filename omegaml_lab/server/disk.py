"""The mount that shows a folder of the disk: Jupyter's own manager, below a prefix."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_server.services.contents.manager import AsyncContentsManager
from tornado.web import HTTPError

from omegaml_lab.server.mounts import Entry, join

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.server.contents import OmegaContentsManager
    from omegaml_lab.server.mounts import Model

__all__ = ["DiskFiles", "DiskManager", "DiskMount"]

_CHECKPOINTS = ".ipynb_checkpoints"


class DiskManager(AsyncLargeFileManager):
    """Jupyter's manager of a folder; what it tells others is told by its parent, once.

    Hooks that are configured for all contents managers are the parent's too and run there;
    those for ``FileContentsManager`` are run here.
    """

    def emit(self, data: dict[str, Any]) -> None:
        """Say nothing: the manager of all mounts emits the event, with the path people see."""

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
        """Yield what is below a folder, hidden or not; checkpoints are left behind."""
        top = self._path(path)
        if not top.is_dir():
            yield _entry("", top)
            return
        for folder, folders, files in os.walk(top, onerror=_refuse):
            folders[:] = [name for name in folders if name != _CHECKPOINTS]
            here = "" if folder == str(top) else Path(folder).relative_to(top).as_posix()
            for name in folders:
                if (Path(folder) / name).is_symlink():
                    raise HTTPError(400, f"{join(path, join(here, name))} is a link to a folder")
                yield Entry(join(here, name), folder=True)
            for name in files:
                yield _entry(join(here, name), Path(folder) / name)

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        return self._path(path).read_bytes()

    def create(self, path: str, data: bytes) -> None:
        """Write a file that must not be there yet."""
        place = self._path(path)
        with self._manager.perm_to_403(str(place)), _taken(path), place.open("xb") as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())  # a move deletes what it was made from
            except BaseException:
                place.unlink(missing_ok=True)
                raise

    def create_folder(self, path: str) -> None:
        """Make a folder that must not be there yet, and its parents."""
        with self._manager.perm_to_403(str(self._path(path))), _taken(path):
            self._path(path).mkdir(parents=True)

    def copy(self, path: str, new: str) -> None:
        """Copy within the disk, as Jupyter does: what links lead to, and who may run it."""
        source, target = self._path(path), self._path(new)
        with self._manager.perm_to_403(str(target)), _taken(new):
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns(_CHECKPOINTS))
            elif target.exists():
                raise FileExistsError(new)
            else:
                shutil.copy(source, target)

    def erase(self, path: str) -> None:
        """Delete a file, or a folder with all below, for good."""
        place = self._path(path)
        with self._manager.perm_to_403(str(place)):
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)

    def _path(self, path: str) -> Path:
        return Path(self._manager._get_os_path(path))  # noqa: SLF001 - its only way to tell


def _entry(path: str, place: Path) -> Entry:
    found = place.stat()
    return Entry(path, folder=False, size=found.st_size, stamp=found.st_mtime_ns)


def _refuse(error: OSError) -> NoReturn:
    """Let no walk leave out, silently, a folder that cannot be read."""
    raise error


@contextmanager
def _taken(path: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise HTTPError(409, f"File already exists: {path}") from error


class DiskMount:
    """A folder of the disk."""

    def __init__(self, owner: OmegaContentsManager) -> None:
        self.manager = DiskManager(parent=owner, root_dir=owner.root_dir, preferred_dir="")
        self.files = DiskFiles(self.manager)

    async def folder_exists(self, path: str) -> bool:
        """Say whether `path` is a folder."""
        return bool(await self.manager.dir_exists(path))

    async def file_exists(self, path: str) -> bool:
        """Say whether `path` is a file or notebook."""
        return bool(await self.manager.file_exists(path))

    async def is_hidden(self, path: str) -> bool:
        """Say whether `path` is hidden, by the rules of this platform."""
        return bool(await self.manager.is_hidden(path))

    async def get(
        self,
        path: str,
        *,
        content: bool = True,
        type: str | None = None,  # noqa: A002 - Jupyter's words
        format: str | None = None,  # noqa: A002
        hash: bool = False,  # noqa: A002
    ) -> Model:
        """Return the model of `path`."""
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
        await self.manager.rename_file(old, new)
