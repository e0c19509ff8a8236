"""The jobs store as a tree of files: changing it."""

from __future__ import annotations

import contextlib
import json
import mimetypes
import sqlite3
from typing import TYPE_CHECKING, Any, BinaryIO

import nbformat
from nbformat.v4.rwbase import strip_transient
from tornado.web import HTTPError

from omegaml_lab.core.errors import (
    ConflictError,
    InvalidNameError,
    InvalidNotebookError,
    ObjectExistsError,
    ObjectNotFoundError,
)
from omegaml_lab.core.names import Name, parent_of
from omegaml_lab.server.contents.jobmoves import JobArrival, JobDeparture, depart
from omegaml_lab.server.contents.jobtree import JobTree
from omegaml_lab.server.contents.models import (
    HASH_ALGORITHM,
    NOTEBOOK_SUFFIX,
    decode,
    object_model,
)
from omegaml_lab.server.contents.mounts import hidden
from omegaml_lab.server.contents.printing import BAD_NOTEBOOK, printed
from omegaml_lab.server.contents.transfer import check_size
from omegaml_lab.server.contents.uploads import Upload
from omegaml_lab.server.contents.validity import validate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from nbformat import NotebookNode

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.server.contents.contents import OmegaContentsManager
    from omegaml_lab.server.contents.mounts import Entry, Model
    from omegaml_lab.server.contents.uploads import Uploads
    from omegaml_lab.store.jobs import JobStore
    from omegaml_lab.store.seen import Seen

__all__ = ["JobFiles"]


class JobFiles(JobTree):
    """What `JobTree` shows, to be changed."""

    def __init__(
        self,
        manager: OmegaContentsManager,
        jobs: Callable[[], JobStore],
        uploads: Uploads,
        *,
        started: datetime,
    ) -> None:
        super().__init__(manager, jobs, started=started)
        self._uploads = uploads

    def save(self, model: Model, path: str, seen: Seen | None = None) -> Model:
        """Save what `model` holds; return the new model without content, with its hash.

        With ``"replace": False`` it must not be there yet, with ``"expect": hash`` what is there
        must be what has this hash, until the very moment in which it is replaced. What was
        `seen` there a moment ago is not looked for again.

        Raises
        ------
        HTTPError
            409 if it is not.
        """
        if hidden(path) and not self._manager.allow_hidden:
            raise HTTPError(400, f"Cannot create hidden file or directory {path!r}")
        problem: dict[str, Any] = {}
        if model.get("chunk") is not None or model["type"] == "directory":
            self._check_folder(path)
        if model.get("chunk") not in (None, -1):
            data = decode(model["content"], model.get("format"), path)
            if model.get("replace", True) is False and self.find(path) is not None:
                raise HTTPError(409, f"File already exists: {path}")
            return self._uploads.add(Upload.of(model, path), model["chunk"], data)
        meta = self._save(model, path, problem, seen)
        saved = object_model(meta)
        if not meta.is_folder:
            saved["hash"], saved["hash_algorithm"] = meta.hash, HASH_ALGORITHM
        if model["type"] == "notebook":
            self._manager.validate_notebook_model(model, problem)
            saved |= {"message": model["message"]} if model.get("message") else {}
        return saved

    def _check_folder(self, path: str) -> None:
        """Refuse what is new and in no folder; a put of something whole looks itself."""
        if not self.jobs.exists(Name(path)) and not self.is_folder(parent_of(path)):
            raise HTTPError(404, f"No such directory: {parent_of(path)}")

    def _save(
        self, model: Model, path: str, problem: dict[str, Any], seen: Seen | None
    ) -> Metadata:
        replace = model.get("replace", True) is not False
        try:
            if model["type"] == "directory":
                return self.jobs.make_folder(Name(path), exist_ok=replace)
            if model.get("chunk") is not None:
                return self._finish_upload(model, path, seen)
            expect = self._expected(model, path, seen)
            if model["type"] == "notebook":
                return self._save_notebook(model, path, problem, replace=replace, expect=expect)
            data = decode(model["content"], model.get("format"), path)
            return self._write(path, data, replace=replace, expect=expect, folders=False)
        except (InvalidNameError, ObjectNotFoundError) as error:
            if isinstance(error, ObjectNotFoundError) or self.is_file(parent_of(path)):
                raise HTTPError(404, f"No such directory: {parent_of(path)}") from error
            raise
        except ObjectExistsError as error:
            if not replace:
                raise HTTPError(409, f"File already exists: {path}") from error
            kind = "file" if model["type"] == "directory" else "directory"
            raise HTTPError(
                400, f"{path} is a {kind}, not a {model['type']}", reason="bad type"
            ) from error

    def _expected(self, model: Model, path: str, seen: Seen | None) -> Seen | None:
        """Return the state that the save may replace, None if it may replace any.

        Whoever saves between the look at it and the save itself makes another revision, or puts
        another object there, so that the store refuses: no two that saw the same hash both get
        through.
        """
        opened = model.get("expect")
        if opened is None:
            return seen
        if not isinstance(opened, str):
            raise HTTPError(400, f"What {path} is expected to be must be told by its hash")
        if seen is None or seen.metadata.hash != opened:
            seen = self.look(path)  # anew: it may have been saved since
        if seen is None:
            raise HTTPError(409, f"{path} is gone: it was deleted or renamed since it was opened")
        meta = seen.metadata
        if not meta.is_folder and meta.hash != opened:
            raise HTTPError(
                409,
                f"{path} is not what was opened: {meta.owner} saved it as revision"
                f" {meta.revision}. Nothing was saved; read it, merge, and save again.",
            )
        return seen.firmly()

    def _finish_upload(self, model: Model, path: str, seen: Seen | None) -> Metadata:
        upload = Upload.of(model, path)
        last = decode(model["content"], model.get("format"), path)
        there = self.find(path)
        if there is not None and self._uploads.is_finished(upload, last):
            return there
        how: dict[str, Any] = {
            "replace": model.get("replace", True) is not False,
            "expect": self._expected(model, path, seen),
            "folders": False,
        }
        whole = self._uploads.whole(upload, last)
        if whole is None:  # as on a disk: it is added to what is there
            saved = self._write(path, (self.read(path) if there else b"") + last, **how)
        elif path.endswith(NOTEBOOK_SUFFIX):
            saved = self._write(path, whole.read(), **how)
        else:
            saved = self._put(path, whole, **how)
        self._uploads.finish(upload, last)
        return saved

    def _save_notebook(
        self,
        model: Model,
        path: str,
        problem: dict[str, Any],
        *,
        replace: bool,
        expect: int | Seen | None,
    ) -> Metadata:
        try:
            notebook = nbformat.convert(nbformat.from_dict(model["content"]), 4)
            self._manager.check_and_sign(notebook, path)
            validate(notebook, problem)
            strip_transient(notebook)
        except BAD_NOTEBOOK as error:
            reason = f"What was sent for {path} is no notebook, nothing was saved: {error!r}"
            raise HTTPError(400, reason, reason="bad notebook") from error
        except (RuntimeError, OSError, sqlite3.Error) as error:
            raise HTTPError(500, f"Signing {path} failed, nothing was saved: {error}") from error
        return self._write(path, notebook, replace=replace, expect=expect, folders=False)

    def _write(
        self,
        path: str,
        data: bytes | NotebookNode,
        *,
        replace: bool = True,
        expect: int | Seen | None = None,
        folders: bool = True,
    ) -> Metadata:
        """Keep `data` at `path`: as a notebook where it can be one, else as a file."""
        if path.endswith(NOTEBOOK_SUFFIX):
            try:
                return self.jobs.put(
                    data,
                    Name(path),
                    kind="notebook",
                    replace=replace,
                    expect=expect,
                    folders=folders,
                )
            except InvalidNotebookError:
                pass  # it stays readable as text, to be repaired
        if not isinstance(data, bytes):
            data = printed(json.dumps(data).encode())
        return self._put(path, data, replace=replace, expect=expect, folders=folders)

    def _put(
        self,
        path: str,
        data: Any,
        *,
        replace: bool = True,
        expect: int | Seen | None = None,
        folders: bool = True,
    ) -> Metadata:
        mimetype = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return self.jobs.put(
            data,
            Name(path),
            kind="file",
            replace=replace,
            expect=expect,
            folders=folders,
            mimetype=mimetype,
        )

    def remove(self, path: str) -> None:
        """Delete what is at `path`, following the manager's rules for folders."""
        if hidden(path) and not self._manager.allow_hidden:
            raise HTTPError(400, f"Cannot delete file or directory {path!r}")
        meta = self.find(path)
        if meta is None:
            raise HTTPError(404, f"File or directory does not exist: {path}")
        careful = not (self._manager.delete_to_trash or self._manager.always_delete_dir)
        if meta.is_folder and careful and self.jobs.entries(path, limit=1).total:
            raise HTTPError(400, f"Directory {path} not empty")
        self.erase(path)

    def erase(self, path: str) -> None:
        """Delete a file, or a folder with all below."""
        self.jobs.drop(Name(path), recursive=True, missing_ok=True)

    def move(self, old: str, new: str) -> None:
        """Rename a file, or a folder with all below."""
        if (hidden(old) or hidden(new)) and not self._manager.allow_hidden:
            raise HTTPError(400, f"Cannot rename file or directory {old!r}")
        meta = self.find(old)
        if meta is None:
            raise HTTPError(404, f"File or directory does not exist: {old}")
        if self.find(new) is not None:
            raise HTTPError(409, f"File already exists: {new}")
        if new.startswith(f"{old}/"):
            raise HTTPError(409, f"{old!r} cannot be moved into itself")
        if not self.is_folder(parent_of(new)):
            raise HTTPError(404, f"No such directory: {parent_of(new)}")
        try:
            self.jobs.rename(Name(old), Name(new))
        except ObjectExistsError as error:
            raise HTTPError(409, f"File already exists: {new}") from error
        self._suit(new, meta)

    def copy(self, source: JobTree, old: str, new: str, *, limit: int) -> None:
        """Copy a file, or a folder with all below, of this bucket or another one.

        Raises
        ------
        HTTPError
            400 if it is a folder that holds more than `limit` bytes, 409 if `new` is taken.
        """
        meta = source.find(old)
        if meta is None:
            raise HTTPError(404, f"File or directory does not exist: {old}")
        if meta.is_folder:
            check_size(old, sum(entry.size for entry in source.walk(old)), limit)
        try:
            source.jobs.copy(Name(old), Name(new), bucket=self.jobs.bucket)
        except ObjectExistsError as error:
            raise HTTPError(409, f"File already exists: {new}") from error
        self._suit(new, meta)

    def move_away(self, old: str, target: JobFiles, new: str) -> None:
        """Move a file, or a folder with all below, to another bucket, with all revisions."""
        try:
            self.jobs.move(Name(old), Name(new), bucket=target.jobs.bucket)
        except ObjectExistsError as error:
            raise HTTPError(409, f"File already exists: {new}") from error

    def _suit(self, path: str, before: Metadata) -> None:
        """Keep what got a new name as that says: as a notebook, or as a plain file."""
        if before.is_folder or (before.kind == "notebook") == path.endswith(NOTEBOOK_SUFFIX):
            return
        found = self.jobs.read_found(Name(path))
        if found is not None:
            # Whoever has saved or dropped it since knows better.
            with contextlib.suppress(ConflictError, ObjectNotFoundError):
                data = found.data if before.kind != "notebook" else printed(found.data)
                self._write(path, data, expect=found.metadata.revision)

    # -- plain bytes, for transfers ----------------------------------------------------------

    def create(self, path: str, data: bytes | BinaryIO) -> None:
        """Write a file that must not be there yet; what is not a notebook may be a stream."""
        if isinstance(data, bytes):
            self._write(path, data, replace=False)
        else:
            self._put(path, data, replace=False)

    def create_folder(self, path: str) -> None:
        """Make a folder that must not be there yet, and its parents."""
        self.jobs.make_folder(Name(path))

    def arrive(self, path: str) -> JobArrival:
        """Begin a new file or folder; 409 if something of that name is there."""
        if self.find(path) is not None:
            raise HTTPError(409, f"File already exists: {path}")
        jobs = self.jobs.arriving()
        files = JobFiles(self._manager, lambda: jobs, self._uploads, started=self._started)
        return JobArrival(files, self.jobs, path)

    def depart(self, path: str, expected: Sequence[Entry]) -> JobDeparture | None:
        """Drop what is at `path`; None, and it stays, if it is not what is `expected`."""
        return depart(self.jobs, path, expected)
