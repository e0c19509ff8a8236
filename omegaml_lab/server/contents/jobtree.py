"""The jobs store as a tree of files: looking at it."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

from tornado.web import HTTPError

from omegaml_lab.core.metadata import FOLDER
from omegaml_lab.core.names import Name
from omegaml_lab.server.contents.models import (
    HASH_ALGORITHM,
    folder_model,
    object_model,
    text_or_base64,
)
from omegaml_lab.server.contents.mounts import Entry, hidden
from omegaml_lab.server.contents.printing import BAD_NOTEBOOK, printed
from omegaml_lab.server.contents.validity import Validity
from omegaml_lab.store.found import Found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.core.trash import Dropped
    from omegaml_lab.server.contents.contents import OmegaContentsManager
    from omegaml_lab.server.contents.mounts import Model
    from omegaml_lab.store.jobs import JobStore
    from omegaml_lab.store.seen import Seen

__all__ = ["JobTree", "stamp"]


class JobTree:
    """Notebooks, files and folders of the jobs store of one bucket, by their exact paths.

    `manager` says what is hidden and who is trusted; `started` stands in for the times of the
    root, which has none. Every method blocks.
    """

    def __init__(
        self, manager: OmegaContentsManager, jobs: Callable[[], JobStore], *, started: datetime
    ) -> None:
        self._manager = manager
        self._jobs = jobs
        self._started = started
        self._validity = Validity()

    @property
    def jobs(self) -> JobStore:
        """The store that is shown."""
        return self._jobs()

    def find(self, path: str) -> Metadata | None:
        """Return the metadata of what is at exactly this path."""
        return self.jobs.find(Name(path))

    def look(self, path: str) -> Seen | None:
        """Return what is at exactly this path, to be saved over."""
        return self.jobs.look(Name(path))

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
        found = self._looked_at(path, content=content) if path else None
        meta = found.metadata if found is not None else None
        if found is None or meta is None or meta.is_folder:
            if type not in {None, "directory"}:
                raise HTTPError(400, f"{path} is a directory, not a {type}", reason="bad type")
            return self._folder(path, meta, content=content)
        if type == "directory":
            raise HTTPError(400, f"{path} is not a directory", reason="bad type")
        model = object_model(meta, type=type)
        if content and model["type"] == "notebook":
            self._fill_notebook(model, found.data, meta.hash)
        elif content:
            text_or_base64(model, _as_file(found.metadata, found.data), format)
        if hash:
            model["hash"], model["hash_algorithm"] = meta.hash, HASH_ALGORITHM
        return model

    def open(self, path: str) -> tuple[Metadata, BinaryIO]:
        """Return what a file is, and a stream of its bytes."""
        meta = self._visible(path) if path else None
        if meta is None or meta.is_folder:
            raise HTTPError(403, f"{path} is not a file")
        return self._opened(meta)

    def _opened(self, meta: Metadata) -> tuple[Metadata, BinaryIO]:
        pinned = Name(meta.name, revision=meta.revision)
        if meta.kind != "notebook":
            return meta, self.jobs.open(pinned)
        whole = printed(self.jobs.read_bytes(pinned))
        return replace(meta, size=len(whole)), io.BytesIO(whole)

    def _looked_at(self, path: str, *, content: bool) -> Found:
        """Return what is at `path` with its bytes, which are of one state while others save."""
        if not content:
            return Found(self._visible(path))
        found = self.jobs.read_found(Name(path))
        if found is None:
            raise _missing(path)
        self._check_visible(path)
        return found

    def _visible(self, path: str) -> Metadata:
        meta = self.find(path)
        if meta is None:
            raise _missing(path)
        self._check_visible(path)
        return meta

    def _check_visible(self, path: str) -> None:
        if hidden(path) and not self._manager.allow_hidden:
            raise HTTPError(404, f"file or directory does not exist: {path!r}")

    def _folder(self, path: str, meta: Metadata | None, *, content: bool) -> Model:
        if meta is None:
            model = folder_model(path, created=self._started, modified=self._started)
        else:
            model = object_model(meta)
        if content:
            model["format"] = "json"
            model["content"] = [
                object_model(entry)
                for entry in self.jobs.children(path)
                if self._lists(entry.name.rpartition("/")[2])
            ]
        return model

    def _lists(self, name: str) -> bool:
        return self._manager.should_list(name) and (
            self._manager.allow_hidden or not name.startswith(".")
        )

    def _fill_notebook(self, model: Model, data: bytes, content: str | None) -> None:
        problem: dict[str, Any] = {}
        try:
            notebook = self._validity.read(data, content, problem)
            self._manager.mark_trusted_cells(notebook, model["path"])
        except BAD_NOTEBOOK as error:
            raise HTTPError(
                400, f"Unreadable Notebook: {model['path']} {error!r}", reason="bad notebook"
            ) from error
        model["content"], model["format"] = notebook, "json"
        self._manager.validate_notebook_model(model, problem)

    # -- plain bytes, for transfers ----------------------------------------------------------

    def walk(self, path: str) -> Iterator[Entry]:
        """Yield a folder and what is below it, hidden or not, or a file."""
        meta = self.find(path) if path else None
        if path and meta is None:
            raise _missing(path)
        if meta is not None and not meta.is_folder:
            yield Entry("", folder=False, size=meta.size, stamp=stamp(meta))
            return
        yield Entry("", folder=True)
        start = len(path) + 1 if path else 0
        below = self.jobs.entries(path, recursive=True).items
        for entry in sorted(below, key=lambda meta: meta.name.split("/")):
            inside, mark = entry.name[start:], stamp(entry)
            yield Entry(inside, folder=entry.is_folder, size=entry.size, stamp=mark)

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        return self.jobs.read_bytes(Name(path))

    def stream(self, path: str) -> BinaryIO:
        """Open a file for reading, fetched piece by piece, or a notebook as it is in files."""
        return self._opened(self.jobs.metadata(Name(path)))[1]

    def mend(self, folder: str) -> None:
        """Leave it: moves hide nothing here."""


def stamp(meta: Metadata | Dropped) -> str:
    """Return what is another one when somebody has saved since."""
    return "" if meta.kind == FOLDER else f"{meta.revision} {meta.size}"


def _as_file(meta: Metadata, data: bytes) -> bytes:
    return printed(data) if meta.kind == "notebook" else data


def _missing(path: str) -> HTTPError:
    return HTTPError(404, f"No such file or directory: {path}")
