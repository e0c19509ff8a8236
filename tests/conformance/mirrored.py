"""A plugin for Jupyter Server's own tests: they meet our manager where they ask for Jupyter's.

Their tests write into a folder and look into it with plain file operations. So that they run
unchanged, that folder and the repository are kept equal: what a test did to the folder is
taken over before each call of the manager, and what the call did is shown there after it.

``OMEGA_CONFORMANCE`` says where the repository is: ``root`` of the file browser, or ``mount``,
a folder of it. ``OMEGA_CONFORMANCE_URL`` is that of a MongoDB database.
"""

import contextvars
import functools
import hashlib
import inspect
import logging
import os
from pathlib import Path

import traitlets
from jupyter_server.services.contents import filemanager, largefilemanager

from omegaml_lab.backends.file import FileBackend
from omegaml_lab.config import Config
from omegaml_lab.core.names import Name
from omegaml_lab.omega import Omega
from omegaml_lab.server.contents.contents import OmegaContentsManager
from omegaml_lab.storage.heads import State

AS_MOUNT = os.environ["OMEGA_CONFORMANCE"] == "mount"
MOUNT = "repo"
PATHS = {"path", "from_path", "to_path", "old_path", "new_path"}
MANY = 500

CLASSES = (
    *("jp_contents_manager", "jp_file_contents_manager_class", "jp_large_contents_manager"),
    *("file_manager_with_notary", "contents_manager", "jp_argv"),
)
"""The fixtures by which their tests choose among Jupyter's managers."""

logging.getLogger("pymongo").setLevel(logging.WARNING)  # their log level is DEBUG

_inside = contextvars.ContextVar("inside", default=False)


class Mirror:
    """Keeps a folder and the jobs store equal."""

    def __init__(self, root, manager):
        self.root = Path(root)
        self.manager = manager
        self.stamps = {}  # of files as both sides have them

    @property
    def files(self):
        return self.manager.repository.files

    def pull(self):
        """Take over what has been done to the folder."""
        if not self.stamps:  # another manager may have been here
            self.push()
        there = dict(self.entries())
        for path in set(self.stamps) - set(there):
            self.files.erase(path)
            del self.stamps[path]
        new = {path: e for path, e in there.items() if self.stamps.get(path) != stamp(e)}
        files = {path: entry for path, entry in new.items() if not entry.is_dir()}
        for path in sorted(set(new) - set(files)):
            self.manager.omega.jobs.make_folder(Name(path), exist_ok=True)
        if len(files) > MANY:
            self.take_many(files)
        else:
            for path, entry in files.items():
                self.take(path, entry)
        self.stamps.update({path: stamp(entry) for path, entry in new.items()})

    def entries(self):
        """Yield what is in the folder, but for links."""
        for folder, folders, files in os.walk(self.root):
            for entry in (Path(folder, name) for name in [*folders, *files]):
                if not entry.is_symlink():
                    yield entry.relative_to(self.root).as_posix(), entry

    def take(self, path, entry):
        if path in self.stamps:
            self.files.erase(path)
        self.files.create(path, entry.read_bytes())

    def take_many(self, files):
        """Put new files as the store would, but all in one go."""
        storage, heads = self.manager.omega.storage, self.manager.omega.jobs._heads
        documents = []
        for path, entry in files.items():
            written = FileBackend().write(entry.read_bytes(), storage, path)
            state = State(
                kind="file",
                payload=written.payload,
                size=written.size,
                hash=written.hash,
                attributes={},
                details=written.details,
            )
            documents.append(heads._new(path, state))
        heads._objects.insert_many(documents)

    def push(self):
        """Show in the folder what is in the repository."""
        there = {meta.name: meta for meta in self.manager.omega.jobs.entries(recursive=True).items}
        for path in sorted(set(self.stamps) - set(there), reverse=True):
            entry = self.root / path
            entry.rmdir() if entry.is_dir() else entry.unlink(missing_ok=True)
            del self.stamps[path]
        for path, meta in sorted(there.items()):
            entry = self.root / path
            if meta.is_folder:
                entry.mkdir(exist_ok=True)
            elif not entry.exists() or entry.stat().st_mtime < meta.modified.timestamp():
                entry.write_bytes(self.files.read(path))
            self.stamps[path] = stamp(entry)


def stamp(entry):
    return "folder" if entry.is_dir() else (entry.stat().st_mtime_ns, entry.stat().st_size)


def mirrored(method):
    """Return `method` as the tests may call it: with the folder's paths, and in step with it."""
    signature = inspect.signature(method)

    @functools.wraps(method)
    async def call(self, *args, **kwargs):
        if _inside.get():
            return await result_of(method(self, *args, **kwargs))
        token = _inside.set(True)
        try:
            self.mirror.pull()
            given = signature.bind(self, *args, **kwargs)
            for name in PATHS & set(given.arguments):
                given.arguments[name] = inwards(given.arguments[name])
            answer = await result_of(method(*given.args, **given.kwargs))
            self.mirror.push()
            return outwards(answer)
        finally:
            _inside.reset(token)

    return call


async def result_of(value):
    return await value if inspect.isawaitable(value) else value


def inwards(path):
    if not AS_MOUNT or path is None:
        return path
    return f"{MOUNT}/{path.lstrip('/')}".rstrip("/")


def outwards(answer):
    if not AS_MOUNT or not isinstance(answer, dict) or "path" not in answer:
        return answer
    path = answer["path"].removeprefix(MOUNT).lstrip("/")
    content = answer.get("content")
    if answer.get("type") == "directory" and content is not None:
        content = [outwards(entry) for entry in content]
    return {**answer, "path": path, "name": path.rpartition("/")[2], "content": content}


class Mirrored(OmegaContentsManager):
    """Our manager, to be made as the tests make Jupyter's."""

    use_atomic_writing = traitlets.Bool()

    def __init__(self, **kwargs):
        kwargs |= {"root": "disk" if AS_MOUNT else "repository", "repository_name": MOUNT}
        kwargs |= {"disk_name": ""}
        kwargs.pop("checkpoints_class", None)  # ours has its own
        super().__init__(**kwargs)
        self.mirror = Mirror(self.root_dir, self)

    @traitlets.default("omega")
    def _default_omega(self):
        config = Config.load(environ={}, mongo_url=os.environ["OMEGA_CONFORMANCE_URL"])
        bucket = hashlib.sha256(self.root_dir.encode()).hexdigest()[:16]
        return Omega(config=config, bucket=bucket)

    def _get_os_path(self, path):
        return str(Path(self.root_dir, path.strip("/")))


for _name in (
    *("dir_exists", "file_exists", "exists", "is_hidden", "get", "save", "new", "new_untitled"),
    *("update", "delete", "delete_file", "rename", "rename_file", "copy", "trust_notebook"),
    *("create_checkpoint", "restore_checkpoint", "list_checkpoints", "delete_checkpoint"),
):
    setattr(Mirrored, _name, mirrored(getattr(OmegaContentsManager, _name)))


def pytest_collection_modifyitems(config, items):
    """Run what is asked of several classes of Jupyter once: each of them is ours now."""
    again = [item for item in items if asks_another_class(item)]
    items[:] = [item for item in items if item not in again]
    config.hook.pytest_deselected(items=again)


def asks_another_class(item):
    indices = getattr(item, "callspec", None) and item.callspec.indices
    return any(indices.get(fixture, 0) > 0 for fixture in CLASSES) if indices else False


# Last, since what is ours is made of some of these.
filemanager.FileContentsManager = filemanager.AsyncFileContentsManager = Mirrored
largefilemanager.LargeFileManager = largefilemanager.AsyncLargeFileManager = Mirrored
