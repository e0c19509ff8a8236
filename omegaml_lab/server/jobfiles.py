"""The jobs store as a tree of files: the blocking half of the repository mount."""

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
from omegaml_lab.server.models import (
    HASH_ALGORITHM,
    NOTEBOOK_SUFFIX,
    decode,
    folder_model,
    object_model,
    text_or_base64,
)
from omegaml_lab.server.mounts import Entry, hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from nbformat import NotebookNode

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.server.contents import OmegaContentsManager
    from omegaml_lab.server.mounts import Model
    from omegaml_lab.server.uploads import Uploads
    from omegaml_lab.store.jobs import JobStore

__all__ = ["JobFiles"]

# What nbformat raises, on purpose or by accident, when it upgrades what is not a notebook.
_BAD_NOTEBOOK = (ValueError, LookupError, TypeError, AttributeError, nbformat.ValidationError)


class JobFiles:
    """Notebooks, files and folders of the jobs store, by their exact paths.

    `manager` says what is hidden and who is trusted; `started` stands in for the times of the
    root, which has none.
    """

    def __init__(
        self,
        manager: OmegaContentsManager,
        jobs: Callable[[], JobStore],
        uploads: Uploads,
        *,
        started: datetime,
    ) -> None:
        self._manager = manager
        self._jobs = jobs
        self._uploads = uploads
        self._started = started

    # -- looking -----------------------------------------------------------------------------

    def find(self, path: str) -> Metadata | None:
        """Return the metadata of what is at exactly this path."""
        return self._jobs().find(Name(path))

    def is_folder(self, path: str) -> bool:
        """Say whether `path` is a folder."""
        return not path or ((meta := self.find(path)) is not None and meta.is_folder)

    def is_file(self, path: str) -> bool:
        """Say whether `path` is a file or notebook."""
        return bool(path) and (meta := self.find(path)) is not None and not meta.is_folder

    def model(
        self,
        path: str,
        *,
        content: bool,
        type: str | None,  # noqa: A002 - Jupyter's words
        format: str | None,  # noqa: A002
        hash: bool,  # noqa: A002
    ) -> Model:
        """Return the model of `path`; its hash only where it was asked for, as on a disk."""
        meta, data = self._looked_at(path, content=content) if path else (None, b"")
        if meta is None or meta.is_folder:
            if type not in {None, "directory"}:
                raise HTTPError(400, f"{path} is a directory, not a {type}", reason="bad type")
            return self._folder(path, meta, content=content)
        if type == "directory":
            raise HTTPError(400, f"{path} is not a directory", reason="bad type")
        model = object_model(meta, type=type)
        if content and model["type"] == "notebook":
            self._fill_notebook(model, data)
        elif content:
            text_or_base64(model, data, format)
        if hash:
            model["hash"], model["hash_algorithm"] = meta.hash, HASH_ALGORITHM
        return model

    def open(self, path: str) -> tuple[Metadata, BinaryIO]:
        """Return what a file is, and a stream of its bytes."""
        meta = self._visible(path) if path else None
        if meta is None or meta.is_folder:
            raise HTTPError(403, f"{path} is not a file")
        return meta, self._jobs().open(Name(path, revision=meta.revision))

    def _looked_at(self, path: str, *, content: bool) -> tuple[Metadata, bytes]:
        """Return what is at `path` with its bytes, which are of one state while others save."""
        if not content:
            return self._visible(path), b""
        found = self._jobs().read_found(Name(path))
        return self._checked(path, found[0] if found else None), found[1] if found else b""

    def _visible(self, path: str) -> Metadata:
        return self._checked(path, self.find(path))

    def _checked(self, path: str, meta: Metadata | None) -> Metadata:
        if meta is None:
            raise HTTPError(404, f"No such file or directory: {path}")
        if hidden(path) and not self._manager.allow_hidden:
            raise HTTPError(404, f"file or directory does not exist: {path!r}")
        return meta

    def _folder(self, path: str, meta: Metadata | None, *, content: bool) -> Model:
        if meta is None:
            model = folder_model(path, created=self._started, modified=self._started)
        else:
            model = object_model(meta)
        if content:
            model["format"] = "json"
            model["content"] = [
                object_model(entry)
                for entry in self._jobs().children(path)
                if self._lists(entry.name.rpartition("/")[2])
            ]
        return model

    def _lists(self, name: str) -> bool:
        return self._manager.should_list(name) and (
            self._manager.allow_hidden or not name.startswith(".")
        )

    def _fill_notebook(self, model: Model, data: bytes) -> None:
        problem: dict[str, Any] = {}
        try:
            notebook = nbformat.reads(
                data.decode("utf-8"), as_version=4, capture_validation_error=problem
            )
        except _BAD_NOTEBOOK as error:
            raise HTTPError(
                400, f"Unreadable Notebook: {model['path']} {error!r}", reason="bad notebook"
            ) from error
        self._manager.mark_trusted_cells(notebook, model["path"])
        model["content"], model["format"] = notebook, "json"
        self._manager.validate_notebook_model(model, problem)

    # -- changing ----------------------------------------------------------------------------

    def save(self, model: Model, path: str) -> Model:
        """Save what `model` holds; return the new model without content, with its hash.

        With ``"replace": False`` it must not be there yet, with ``"expect": hash`` what is there
        must be what has this hash, until the very moment in which it is replaced.

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
            return self._uploads.add(path, model["chunk"], data)
        meta = self._save(model, path, problem)
        saved = object_model(meta)
        if not meta.is_folder:
            saved["hash"], saved["hash_algorithm"] = meta.hash, HASH_ALGORITHM
        if model["type"] == "notebook":
            self._manager.validate_notebook_model(model, problem)
            saved |= {"message": model["message"]} if model.get("message") else {}
        return saved

    def _check_folder(self, path: str) -> None:
        """Refuse what is new and in no folder; a put of something whole looks itself."""
        if not self._jobs().exists(Name(path)) and not self.is_folder(parent_of(path)):
            raise HTTPError(404, f"No such directory: {parent_of(path)}")

    def _save(self, model: Model, path: str, problem: dict[str, Any]) -> Metadata:
        replace = model.get("replace", True) is not False
        try:
            if model["type"] == "directory":
                return self._jobs().make_folder(Name(path), exist_ok=True)
            expect = self._expected(model, path)
            if model["type"] == "notebook":
                return self._save_notebook(model, path, problem, replace=replace, expect=expect)
            data = decode(model["content"], model.get("format"), path)
            if model.get("chunk") is None:
                return self._write(path, data, replace=replace, expect=expect, folders=False)
            return self._finish_upload(path, data)
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

    def _expected(self, model: Model, path: str) -> int | None:
        """Return the revision that the save may replace, None if it may replace any.

        Whoever saves between this look and the save itself makes another revision, so that
        the store refuses: no two that saw the same hash both get through.
        """
        opened = model.get("expect")
        if opened is None:
            return None
        if not isinstance(opened, str):
            raise HTTPError(400, f"What {path} is expected to be must be told by its hash")
        meta = self.find(path)
        if meta is None:
            raise HTTPError(409, f"{path} is gone: it was deleted or renamed since it was opened")
        if not meta.is_folder and meta.hash != opened:
            raise HTTPError(
                409,
                f"{path} is not what was opened: {meta.owner} saved it as revision"
                f" {meta.revision}. Nothing was saved; read it, merge, and save again.",
            )
        return meta.revision

    def _finish_upload(self, path: str, last: bytes) -> Metadata:
        meta = self.find(path)
        if meta is not None and self._uploads.is_finished(path, last):
            return meta
        whole = self._uploads.whole(path, last)
        if whole is None:  # as on a disk: it is added to what is there
            meta = self._write(path, (self.read(path) if meta is not None else b"") + last)
        elif path.endswith(NOTEBOOK_SUFFIX):
            meta = self._write(path, whole.read())
        else:
            meta = self._put(path, whole)
        self._uploads.finish(path, last)
        return meta

    def _save_notebook(
        self,
        model: Model,
        path: str,
        problem: dict[str, Any],
        *,
        replace: bool,
        expect: int | None,
    ) -> Metadata:
        notebook = nbformat.from_dict(model["content"])
        try:
            self._manager.check_and_sign(notebook, path)
        except (RuntimeError, OSError, sqlite3.Error) as error:
            raise HTTPError(500, f"Signing {path} failed, nothing was saved: {error}") from error
        try:
            nbformat.validate(notebook)
        except nbformat.ValidationError as error:
            problem["ValidationError"] = error
        strip_transient(notebook)
        return self._write(path, notebook, replace=replace, expect=expect, folders=False)

    def _write(
        self,
        path: str,
        data: bytes | NotebookNode,
        *,
        replace: bool = True,
        expect: int | None = None,
        folders: bool = True,
    ) -> Metadata:
        """Keep `data` at `path`: as a notebook where it can be one, else as a file."""
        if path.endswith(NOTEBOOK_SUFFIX):
            try:
                return self._jobs().put(
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
            data = json.dumps(data).encode()
        return self._put(path, data, replace=replace, expect=expect, folders=folders)

    def _put(
        self,
        path: str,
        data: Any,
        *,
        replace: bool = True,
        expect: int | None = None,
        folders: bool = True,
    ) -> Metadata:
        mimetype = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return self._jobs().put(
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
        if meta.is_folder and careful and self._jobs().entries(path, limit=1).total:
            raise HTTPError(400, f"Directory {path} not empty")
        self.erase(path)

    def erase(self, path: str) -> None:
        """Delete a file, or a folder with all below."""
        self._jobs().drop(Name(path), recursive=True, missing_ok=True)

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
            self._jobs().rename(Name(old), Name(new))
        except ObjectExistsError as error:
            raise HTTPError(409, f"File already exists: {new}") from error
        if new.endswith(NOTEBOOK_SUFFIX) and not meta.is_folder and meta.kind != "notebook":
            self._become_notebook(new)

    def _become_notebook(self, path: str) -> None:
        found = self._jobs().read_found(Name(path))
        if found is not None:
            # Whoever has saved or dropped it since knows better.
            with contextlib.suppress(ConflictError, ObjectNotFoundError):
                self._write(path, found[1], expect=found[0].revision)

    # -- plain bytes, for transfers ----------------------------------------------------------

    def walk(self, path: str) -> Iterator[Entry]:
        """Yield what is below a folder, hidden or not, parents first."""
        meta = self.find(path) if path else None
        if meta is not None and not meta.is_folder:
            yield Entry("", folder=False, size=meta.size, stamp=meta.revision)
            return
        start = len(path) + 1 if path else 0
        below = self._jobs().entries(path, recursive=True).items
        for entry in sorted(below, key=lambda meta: meta.name.split("/")):
            path, stamp = entry.name[start:], 0 if entry.is_folder else entry.revision
            yield Entry(path, folder=entry.is_folder, size=entry.size, stamp=stamp)

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        return self._jobs().read_bytes(Name(path))

    def create(self, path: str, data: bytes) -> None:
        """Write a file that must not be there yet."""
        self._write(path, data, replace=False)

    def create_folder(self, path: str) -> None:
        """Make a folder that must not be there yet, and its parents."""
        self._jobs().make_folder(Name(path))
