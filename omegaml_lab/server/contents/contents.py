"""The contents manager: the repository and the disk side by side in one tree."""

from __future__ import annotations

import asyncio
import fnmatch
import os
import re
from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets
from jupyter_server.services.contents.manager import copy_pat
from tornado.web import HTTPError

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.core.names import parent_of
from omegaml_lab.server.contents.buckets import bucket_mount, bucket_shown, buckets_beside
from omegaml_lab.server.contents.checkpoints import OmegaCheckpoints
from omegaml_lab.server.contents.disk import DiskMount
from omegaml_lab.server.contents.files import MountedFilesHandler
from omegaml_lab.server.contents.jobfiles import JobFiles
from omegaml_lab.server.contents.jobtree import JobTree
from omegaml_lab.server.contents.models import HASH_ALGORITHM
from omegaml_lab.server.contents.mounts import Model, Mount, Mounts, clean, join, outside
from omegaml_lab.server.contents.readonly import ReadOnlyFiles
from omegaml_lab.server.contents.repository import in_thread
from omegaml_lab.server.contents.signatures import share_between_threads
from omegaml_lab.server.contents.transfer import copy_tree, move_tree
from omegaml_lab.server.contents.trust import TrustingContentsManager
from omegaml_lab.server.errors import disk_error
from omegaml_lab.server.shared import shared_threads

if TYPE_CHECKING:
    from nbformat.sign import NotebookNotary

__all__ = ["OmegaContentsManager"]


_ATTEMPTS = 20
_OF_FILES = (
    "allow_hidden",
    "hide_globs",
    "untitled_notebook",
    "untitled_file",
    "untitled_directory",
    "max_copy_folder_size_mb",
)


class OmegaContentsManager(TrustingContentsManager):
    """Notebooks, files and folders of a repository, and those of a folder on the disk.

    With ``root = "repository"`` the repository is the tree's root and the disk is one of its
    folders, with ``root = "disk"`` it is the other way round. Every call to MongoDB happens
    in a thread. While MongoDB is away, the repository's paths answer 503 and the disk's go on.
    """

    root = traitlets.Enum(
        ["repository", "disk"],
        "disk",
        help="What is at the root of the file browser; the other one is a folder in it.",
    ).tag(config=True)
    repository_name = traitlets.Unicode(
        "repo",
        help="The folder that shows the repository where the disk is at the root; none if empty.",
    ).tag(config=True)
    disk_name = traitlets.Unicode(
        "local",
        help="The folder that shows the disk where the repository is at the root; none if empty.",
    ).tag(config=True)
    buckets = traitlets.Dict(
        traitlets.Enum(["read", "write"]),
        help="Other buckets that are shown as folders beside these, and what may be done there:"
        " {'team': 'write', 'archive': 'read'}.",
    ).tag(config=True)
    root_dir = traitlets.Unicode(help="The folder of the disk that is shown.").tag(config=True)
    delete_to_trash = traitlets.Bool(
        default_value=True,
        help="What JupyterLab calls deleting. The repository always has a trash; the disk has"
        " a setting of its own.",
    ).tag(config=True)
    always_delete_dir = traitlets.Bool(
        default_value=True,
        help="Whether a folder of the repository that is not empty can be deleted.",
    ).tag(config=True)
    max_copy_folder_size_mb = traitlets.Int(
        500, help="The most that a folder may hold to be copied."
    ).tag(config=True)

    hash_algorithm = HASH_ALGORITHM

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.threads = shared_threads(self.parent)
        # Two new files at once must not get the same name, nor one wait for another mount.
        self._naming: defaultdict[Mount, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.disk = DiskMount(self)
        share_between_threads(self.disk.manager.notary)
        self._adopt_settings_for_files()
        self.repository = bucket_mount(self, self.omega.bucket)
        at_root = self.root == "repository"
        root, other = (self.repository, self.disk) if at_root else (self.disk, self.repository)
        name = self.disk_name if at_root else self.repository_name
        beside = buckets_beside(self, self.buckets, taken=name)
        self.mounts = Mounts(root, {name: other, **beside})

    def _adopt_settings_for_files(self) -> None:
        """Heed what people have configured for Jupyter's own manager, unless for ours too."""
        for trait in _OF_FILES:
            if getattr(self, trait) == self.trait_defaults(trait):
                setattr(self, trait, getattr(self.disk.manager, trait))
        for trait in ("allow_hidden", "hide_globs", "max_copy_folder_size_mb"):
            traitlets.dlink((self, trait), (self.disk.manager, trait))

    # -- defaults ----------------------------------------------------------------------------

    @traitlets.default("root_dir")
    def _default_root_dir(self) -> str:
        return str(self.parent.root_dir) if self.parent else str(Path.cwd())

    @traitlets.default("preferred_dir")
    def _default_preferred_dir(self) -> str:
        chosen = Path(getattr(self.parent, "preferred_dir", None) or self.root_dir)
        if chosen == Path(self.root_dir) or not chosen.is_relative_to(self.root_dir):
            return ""
        inside = chosen.relative_to(self.root_dir).as_posix()
        return join(self.mounts.prefix(self.disk), inside)

    @traitlets.default("checkpoints_class")
    def _default_checkpoints_class(self) -> type[OmegaCheckpoints]:
        return OmegaCheckpoints

    @traitlets.default("files_handler_class")
    def _default_files_handler_class(self) -> type[MountedFilesHandler]:
        return MountedFilesHandler

    @traitlets.default("files_handler_params")
    def _default_files_handler_params(self) -> dict[str, Any]:
        return {"path": self.root_dir}

    def info_string(self) -> str:
        """Say what is served."""
        return f"Serving the repository, and the disk from {self.root_dir}"

    def path_of_job(self, name: str, bucket: str | None = None) -> str | None:
        """Return where this tree shows an object of the jobs store, of the user's bucket if None.

        None if nowhere: the bucket is not shown, or the disk is at that place.
        """
        mount = bucket_shown(self, bucket)
        path = join(self.mounts.prefix(mount), name) if mount is not None else name
        return path if mount is not None and self.mounts.find(path)[0] is mount else None

    def should_list(self, name: str) -> bool:
        """Say whether a listing shows a name; called for each entry of long ones."""
        globs = tuple(self.hide_globs)
        return not (globs and _matching(globs).match(os.path.normcase(name)))

    # -- looking -----------------------------------------------------------------------------

    def _find(self, path: str) -> tuple[Mount, str]:
        return self.mounts.find(clean(path))

    async def dir_exists(self, path: str) -> bool:
        """Say whether `path` is a folder."""
        mount, inside = self._find(path)
        return not inside or await mount.folder_exists(inside)

    async def file_exists(self, path: str) -> bool:
        """Say whether `path` is a file or notebook."""
        mount, inside = self._find(path)
        return await mount.file_exists(inside)

    async def is_hidden(self, path: str) -> bool:
        """Say whether `path` is hidden."""
        mount, inside = self._find(path)
        return await mount.is_hidden(inside)

    async def get(
        self,
        path: str,
        content: bool = True,  # noqa: FBT001, FBT002 - Jupyter's signature
        type: str | None = None,  # noqa: A002
        format: str | None = None,  # noqa: A002
        require_hash: bool = False,  # noqa: FBT001, FBT002
    ) -> Model:
        """Return the model of a file, notebook or folder."""
        mount, inside = self._find(path)
        model = await mount.get(
            inside, content=bool(content), type=type, format=format, hash=bool(require_hash)
        )
        model = self._outside(mount, model)
        if model["type"] == "directory" and content and not model["path"]:
            await self._add_mounts(model)
        self.emit(data={"action": "get", "path": model["path"]})
        return model

    def _outside(self, mount: Mount, model: Model) -> Model:
        """Return `model` with the paths that people see."""
        return outside(self.mounts.prefix(mount), model)

    async def _add_mounts(self, model: Model) -> None:
        others = [entry for entry in model["content"] if entry["name"] not in self.mounts.named]
        for mount in self.mounts.named.values():
            top = await mount.get("", content=False, type=None, format=None, hash=False)
            others.append(self._outside(mount, top))
        model["content"] = others

    async def resolve_path(self, path: str) -> str | None:
        """Return the path in this tree of a path on the disk, or of one that is in the tree."""
        if not path.startswith(("/", "~")) and await self.exists(path):
            return clean(path)
        inside = self.disk.manager.resolve_path(path)
        return None if inside is None else join(self.mounts.prefix(self.disk), inside)

    async def get_kernel_path(self, path: str, model: Model | None = None) -> str:  # noqa: ARG002
        """Return the folder whose kernel `path` gets; MongoDB is not asked."""
        mount, inside = self._find(path)
        if mount is self.disk and await mount.folder_exists(inside):
            return clean(path)
        return parent_of(clean(path))

    # -- changing ----------------------------------------------------------------------------

    async def save(self, model: Model, path: str = "") -> Model:
        """Save a file, notebook or folder and return its model without content."""
        path = clean(path)
        mount, inside = self._find(path)
        chunk = model.get("chunk")
        if chunk in (None, 1):
            self.run_pre_save_hooks(model=model, path=path)
        self._check_save(model, path)
        saved = self._outside(mount, await mount.save(model, inside))
        if mount is not self.disk and chunk in (None, -1):  # the disk runs its own
            self.run_post_save_hooks(model=saved, os_path=path)
        self.emit(data={"action": "save", "path": path})
        return saved

    def _check_save(self, model: Model, path: str) -> None:
        if "type" not in model:
            raise HTTPError(400, "No file type provided")
        if model["type"] not in {"file", "notebook", "directory"}:
            raise HTTPError(400, f"Unhandled contents type: {model['type']}")
        if model.get("chunk") is not None and model["type"] != "file":
            raise HTTPError(
                400, f'File type "{model["type"]}" is not supported for large file transfer'
            )
        if "content" not in model and model["type"] != "directory":
            raise HTTPError(400, "No file content provided")
        if self.mounts.is_mount_point(path):
            raise HTTPError(400, f"{path or 'The root'} is a folder that is always there")

    async def new_untitled(self, path: str = "", type: str = "", ext: str = "") -> Model:  # noqa: A002
        """Create a new file, notebook or folder under a name that is free."""
        path = clean(path)
        async with self._naming[self._find(path)[0]]:
            for attempt in range(_ATTEMPTS):
                try:
                    model: Model = await super().new_untitled(path=path, type=type, ext=ext)
                    break
                except HTTPError as error:  # another server took the name meanwhile
                    if error.status_code != 409 or attempt == _ATTEMPTS - 1:
                        raise
        return model

    async def new(self, model: Model | None = None, path: str = "") -> Model:
        """Create a file, notebook or folder; a file without content replaces nothing."""
        model = dict(model or {})
        if "content" not in model and model.get("type") != "directory":
            model["replace"] = False
        created: Model = await super().new(model, path)
        return created

    async def delete_file(self, path: str) -> None:
        """Delete a file, notebook or folder."""
        mount, inside = self._check_movable(path)
        await mount.remove(inside)

    async def rename_file(self, old_path: str, new_path: str) -> None:
        """Move a file, notebook or folder, from one mount to another too."""
        if clean(old_path) == clean(new_path):
            return
        source, old = self._check_movable(old_path)
        target, new = self._check_movable(new_path, status=409)
        if source is target:
            await source.move(old, new)
            return
        if isinstance(source.files, ReadOnlyFiles):  # before there is a copy
            raise source.files.refusal(old)
        if not self.allow_hidden and (await source.is_hidden(old) or await target.is_hidden(new)):
            raise HTTPError(400, f"Cannot rename file or directory {old_path!r}")
        if await self.exists(new_path):
            raise HTTPError(409, f"File already exists: {new_path}")
        await in_thread(self.threads, source.files.mend, parent_of(old))
        if not await self.exists(old_path):
            raise HTTPError(404, f"File or directory does not exist: {old_path}")
        if not await target.folder_exists(parent_of(new)):
            raise HTTPError(404, f"No such directory: {parent_of(clean(new_path))}")
        if isinstance(source.files, JobFiles) and isinstance(target.files, JobFiles):
            await in_thread(self.threads, source.files.move_away, old, target.files, new)
        else:
            await self._copy_tree(source, old, target, new, move=True)

    def _check_movable(self, path: str, *, status: int = 400) -> tuple[Mount, str]:
        if self.mounts.is_mount_point(clean(path)):
            raise HTTPError(status, f"{path or 'The root'} is a folder that is always there")
        return self._find(path)

    async def copy(self, from_path: str, to_path: str | None = None) -> Model:
        """Copy a file, notebook or folder into a folder, or to a path, and return its model."""
        path = clean(from_path)
        source, old = self._check_movable(path)
        model = await self.get(path, content=False)
        folder = parent_of(path) if to_path is None else clean(to_path)
        into_folder = await self.dir_exists(folder)
        for attempt in range(_ATTEMPTS):
            new = await self._name_of_copy(path, folder, is_folder=model["type"] == "directory")
            if f"{new}/".startswith(f"{path}/"):
                raise HTTPError(400, f"{path!r} cannot be copied into itself")
            target, inside = self._find(new)
            try:
                if model["type"] != "directory" and self._hooked:
                    await self.save({**await self.get(path), "replace": False}, new)
                else:
                    await self._copy_tree(source, old, target, inside)
                break
            except HTTPError as error:  # two copies at once found the same name free
                if error.status_code != 409 or not into_folder or attempt == _ATTEMPTS - 1:
                    raise
        self.emit(data={"action": "copy", "path": new, "source_path": path})
        return await self.get(new, content=False)

    @property
    def _hooked(self) -> bool:
        own = (self.pre_save_hook, self.post_save_hook)
        return any(own) or bool(self._pre_save_hooks or self._post_save_hooks)

    async def _name_of_copy(self, path: str, folder: str, *, is_folder: bool) -> str:
        name = copy_pat.sub(".", path.rpartition("/")[2])
        if await self.dir_exists(folder):
            return join(folder, await self.increment_filename(name, folder, insert="-Copy"))
        if is_folder:  # as Jupyter does: into a folder that is made for it
            return join(folder, name)
        if not await self.dir_exists(parent_of(folder)):
            raise HTTPError(404, f"No such parent directory: {parent_of(folder)} to copy file in")
        return folder

    async def _copy_tree(
        self, source: Mount, old: str, target: Mount, new: str, *, move: bool = False
    ) -> None:
        limit = self.max_copy_folder_size_mb << 20
        within_disk = source is target is self.disk
        if within_disk and await source.folder_exists(old):
            await self.disk.manager.check_folder_size(old)

        def work() -> None:
            try:
                if within_disk:
                    self.disk.files.copy(old, new)
                elif isinstance(source.files, JobTree) and isinstance(target.files, JobFiles):
                    target.files.copy(source.files, old, new, limit=limit)
                else:
                    if move:
                        move_tree(source.files, old, target.files, new)
                    else:
                        copy_tree(source.files, old, target.files, new, limit=limit)
                    known, to = self._notary(source), self._notary(target)
                    if known is not to:
                        self.carry_trust(target.files, new, known, to)
            except OmegaError:
                raise
            except OSError as error:
                raise disk_error(error, f"Copying {old} to {new} failed") from error

        if within_disk:  # nor does that wait for MongoDB
            await asyncio.to_thread(work)
        else:
            await in_thread(self.threads, work)

    def _notary(self, mount: Mount) -> NotebookNotary:
        return self.disk.manager.notary if mount is self.disk else self.notary

    async def trust_notebook(self, path: str) -> None:
        """Trust a notebook as it is stored: its outputs may run scripts in the browser."""
        mount, inside = self._find(path)
        if mount is self.disk:
            await self.disk.manager.trust_notebook(inside)
            return
        model = await self.get(path, type="notebook")
        await in_thread(self.threads, lambda: self.trust(model["content"], path))


@lru_cache(maxsize=8)
def _matching(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Return what matches the names that any of `globs` does."""
    return re.compile("|".join(fnmatch.translate(os.path.normcase(glob)) for glob in globs))
