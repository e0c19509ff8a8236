"""The mount that shows the jobs store of a bucket; it never blocks the event loop."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.server.contents.mounts import hidden
from omegaml_lab.server.errors import http_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.server.contents.jobfiles import JobFiles
    from omegaml_lab.server.contents.mounts import Model
    from omegaml_lab.server.contents.readonly import ReadOnlyFiles
    from omegaml_lab.server.threads import Threads
    from omegaml_lab.store.seen import Seen

__all__ = ["RepositoryMount", "in_thread"]

T = TypeVar("T")

_seen: ContextVar[tuple[RepositoryMount, Seen] | None] = ContextVar("omega_seen", default=None)
"""What was looked at last in the task of a request, and in which mount."""


async def in_thread(threads: Threads, function: Callable[..., T], *args: Any) -> T:
    """Call a blocking `function` in a thread; errors of ours become HTTP errors."""
    try:
        return await threads.run(function, *args)
    except OmegaError as error:
        raise http_error(error) from error


class RepositoryMount:
    """Notebooks, files and folders of a bucket kept in MongoDB, each call in a thread."""

    def __init__(self, files: JobFiles | ReadOnlyFiles, threads: Threads, *, bucket: str) -> None:
        self.files = files
        self.bucket = bucket
        self._threads = threads

    async def folder_exists(self, path: str) -> bool:
        """Say whether `path` is a folder; the root is, whether or not MongoDB answers."""
        return not path or await self._run(self.files.is_folder, path)

    async def file_exists(self, path: str) -> bool:
        """Say whether `path` is a file or notebook.

        A save that follows in the same request does not look again.
        """
        seen = await self._run(self.files.look, path) if path else None
        _seen.set(None if seen is None else (self, seen))
        return seen is not None and not seen.metadata.is_folder

    async def is_hidden(self, path: str) -> bool:
        """Say whether `path` is hidden, there or not."""
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
        """Return the model of `path`; that of the root itself, whether or not MongoDB answers."""
        if not path and not content:
            return self.files.model("", content=False, type=type, format=format, hash=hash)
        return await self._run(
            lambda: self.files.model(path, content=content, type=type, format=format, hash=hash)
        )

    async def save(self, model: Model, path: str) -> Model:
        """Save `model` and return it without its content."""
        mount, seen = _seen.get() or (None, None)
        mine = mount is self and seen is not None and seen.metadata.name == path
        return await self._run(self.files.save, model, path, seen if mine else None)

    async def remove(self, path: str) -> None:
        """Delete a file or folder."""
        await self._run(self.files.remove, path)

    async def move(self, old: str, new: str) -> None:
        """Rename within the mount."""
        await self._run(self.files.move, old, new)

    async def _run(self, function: Callable[..., T], *args: Any) -> T:
        return await in_thread(self._threads, function, *args)
