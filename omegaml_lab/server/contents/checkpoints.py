"""Checkpoints: revisions of an object that a person wants to be able to return to.

Every save is a revision already, so that a checkpoint copies nothing: the object remembers
the numbers. It takes them along when it is renamed and when it is dropped. On the disk
Jupyter's own checkpoints do the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import traitlets
from jupyter_server.services.contents.checkpoints import AsyncCheckpoints
from tornado.web import HTTPError

from omegaml_lab.core.names import Name
from omegaml_lab.core.retention import CHECKPOINTS, checkpoints
from omegaml_lab.server.contents.jobtree import JobTree
from omegaml_lab.server.contents.mounts import clean
from omegaml_lab.server.contents.readonly import ReadOnlyFiles
from omegaml_lab.server.contents.repository import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.server.contents.contents import OmegaContentsManager
    from omegaml_lab.server.contents.mounts import Mount

__all__ = ["OmegaCheckpoints"]

T = TypeVar("T")

_Checkpoint = dict[str, Any]


class OmegaCheckpoints(AsyncCheckpoints):
    """Checkpoints of all mounts of an `OmegaContentsManager`, which is its parent."""

    max_checkpoints = traitlets.Int(
        10, help="How many checkpoints a file of the repository has; the oldest ones go."
    ).tag(config=True)

    async def create_checkpoint(
        self,
        contents_mgr: OmegaContentsManager,  # noqa: ARG002 - it is the parent
        path: str,
    ) -> _Checkpoint:
        """Make the present state of `path` a checkpoint."""
        mount, inside = self._find(path)
        if mount is self._manager.disk:
            disk = self._manager.disk.manager
            made: _Checkpoint = await disk.checkpoints.create_checkpoint(disk, inside)
            return made
        return await self._run(self._create, _writable(mount, inside), inside)

    async def restore_checkpoint(
        self,
        contents_mgr: OmegaContentsManager,  # noqa: ARG002
        checkpoint_id: str,
        path: str,
    ) -> None:
        """Make a checkpoint the present state of `path`; the state until then is kept too."""
        mount, inside = self._find(path)
        if mount is self._manager.disk:
            disk = self._manager.disk.manager
            await disk.checkpoints.restore_checkpoint(disk, checkpoint_id, inside)
        else:
            await self._run(self._restore, _writable(mount, inside), checkpoint_id, inside)

    async def list_checkpoints(self, path: str) -> list[_Checkpoint]:
        """Return the checkpoints of `path`, oldest first."""
        mount, inside = self._find(path)
        if mount is self._manager.disk:
            found: list[_Checkpoint] = await self._disk.list_checkpoints(inside)
            return found
        return await self._run(self._list, _files(mount), inside)

    async def delete_checkpoint(self, checkpoint_id: str, path: str) -> None:
        """Forget a checkpoint."""
        mount, inside = self._find(path)
        if mount is self._manager.disk:
            await self._disk.delete_checkpoint(checkpoint_id, inside)
        else:
            await self._run(self._delete, _writable(mount, inside), checkpoint_id, inside)

    async def rename_checkpoint(self, checkpoint_id: str, old_path: str, new_path: str) -> None:
        """Let a checkpoint follow its file; in the repository it has done so already."""
        (source, old), (target, new) = self._find(old_path), self._find(new_path)
        if source is target is self._manager.disk:
            await self._disk.rename_checkpoint(checkpoint_id, old, new)

    async def rename_all_checkpoints(self, old_path: str, new_path: str) -> None:
        """Let the checkpoints follow their file; between mounts they stay behind."""
        (source, old), (target, new) = self._find(old_path), self._find(new_path)
        if source is self._manager.disk:
            if target is source:
                await self._disk.rename_all_checkpoints(old, new)
            else:
                await self._disk.delete_all_checkpoints(old)

    async def delete_all_checkpoints(self, path: str) -> None:
        """Forget the checkpoints of a file that was deleted; those here went with it."""
        mount, inside = self._find(path)
        if mount is self._manager.disk:
            await self._disk.delete_all_checkpoints(inside)

    # -- in the repository; these block ------------------------------------------------------

    def _create(self, files: JobTree, path: str) -> _Checkpoint:
        meta = _file(files, path)
        pinned = Name(path, revision=meta.revision)
        with files.jobs.relying_on(pinned, briefly=True):
            _change(files, path, lambda there: self._with(there, meta.revision))
        return _model(meta)

    def _restore(self, files: JobTree, checkpoint_id: str, path: str) -> None:
        state = _state(files, checkpoint_id, path)
        files.jobs.restore(Name(path, revision=state.revision))

    def _list(self, files: JobTree, path: str) -> list[_Checkpoint]:
        meta = files.find(path)
        numbers = set(checkpoints(meta.attributes)) if meta is not None else set()
        if not numbers:
            return []
        history = files.jobs.history(Name(path))
        return [_model(state) for state in reversed(history) if state.revision in numbers]

    def _delete(self, files: JobTree, checkpoint_id: str, path: str) -> None:
        state = _state(files, checkpoint_id, path)
        _change(files, path, lambda there: _without(there, state.revision))

    def _with(self, numbers: list[int], number: int) -> list[int]:
        return [*_without(numbers, number), number][-self.max_checkpoints :]

    # -- shorthands --------------------------------------------------------------------------

    @property
    def _manager(self) -> OmegaContentsManager:
        manager: Any = self.parent
        owner: OmegaContentsManager = manager
        return owner

    @property
    def _disk(self) -> AsyncCheckpoints:
        return self._manager.disk.manager.checkpoints

    def _find(self, path: str) -> tuple[Mount, str]:
        return self._manager.mounts.find(clean(path))

    async def _run(self, function: Callable[..., T], *args: Any) -> T:
        return await in_thread(self._manager.threads, function, *args)


def _files(mount: Mount) -> JobTree:
    """Return the files of a mount of the repository."""
    files = mount.files
    assert isinstance(files, JobTree)  # noqa: S101 - whatever is not the disk
    return files


def _writable(mount: Mount, path: str) -> JobTree:
    files = _files(mount)
    if isinstance(files, ReadOnlyFiles):
        raise files.refusal(path)
    return files


def _change(files: JobTree, path: str, change: Callable[[list[int]], list[int]]) -> None:
    """Change the list as it is then: several may do so at once."""
    files.jobs.amend(Name(path), lambda there: {CHECKPOINTS: change(checkpoints(there)) or None})


def _file(files: JobTree, path: str) -> Metadata:
    meta = files.find(path)
    if meta is None or meta.is_folder:
        raise HTTPError(404, f"No such file: {path}")
    return meta


def _state(files: JobTree, checkpoint_id: str, path: str) -> Metadata:
    kept = checkpoints(_file(files, path).attributes)
    if checkpoint_id.isdecimal() and int(checkpoint_id) in kept:
        return files.jobs.metadata(Name(path, revision=int(checkpoint_id)))
    raise HTTPError(404, f"No such checkpoint of {path}: {checkpoint_id}")


def _without(numbers: list[int], number: int) -> list[int]:
    return [other for other in numbers if other != number]


def _model(meta: Metadata) -> _Checkpoint:
    return {"id": str(meta.revision), "last_modified": meta.modified}
