"""Mounts: the places that one file browser shows side by side.

One mount is at the root, each other one below a name of its own. Everything beyond the edge
of the contents manager speaks of a mount and of a path inside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from tornado.web import HTTPError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "Arrival",
    "Departure",
    "Entry",
    "Files",
    "Model",
    "Mount",
    "Mounts",
    "clean",
    "hidden",
    "join",
    "outside",
]

Model = dict[str, Any]
"""A contents model as ``jupyter_server`` defines it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder met on a walk; `path` is relative to where the walk began.

    `stamp` is another one when the file has been written since.
    """

    path: str
    folder: bool
    size: int = 0
    stamp: str = ""


class Arrival(Protocol):
    """A file or folder that comes into a mount, hidden until it is whole.

    Paths are relative to it, it is itself ``""``.
    """

    def create_folder(self, path: str) -> None:
        """Make a folder."""

    def create(self, path: str, source: BinaryIO) -> None:
        """Write a file, which need not fit in memory."""

    def erase(self, path: str) -> None:
        """Delete a file, or a folder with all below."""

    def show(self) -> None:
        """Let it be seen under its name, in one step; 409 if that is taken."""

    def discard(self) -> None:
        """Forget it."""


class Departure(Protocol):
    """A file or folder that nobody can reach any more."""

    def erase(self) -> None:
        """Delete it."""

    def put_back(self) -> None:
        """Let it be seen again where it was."""


class Files(Protocol):
    """A tree of plain bytes; every method blocks. It serves transfers between mounts."""

    def walk(self, path: str) -> Iterator[Entry]:
        """Yield a folder (as ``""``) and what is below it, or a file (as ``""``); parents first.

        Raises
        ------
        HTTPError
            400 if something is there that has no bytes to copy.
        """

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""

    def stream(self, path: str) -> BinaryIO:
        """Open a file for reading."""

    def arrive(self, path: str) -> Arrival:
        """Begin something new; 409 if something of that name is there."""

    def depart(self, path: str, expected: Sequence[Entry]) -> Departure | None:
        """Take away what is at `path`; None, and it stays, if it is not what is `expected`."""

    def mend(self, folder: str) -> None:
        """Put back or clear away what moves that were killed have left in a folder."""


class Mount(Protocol):
    """A place that holds files and folders. Paths are inside the mount, ``""`` is its root."""

    @property
    def files(self) -> Files:
        """The same tree, for code in threads."""

    async def folder_exists(self, path: str) -> bool:
        """Say whether `path` is a folder."""

    async def file_exists(self, path: str) -> bool:
        """Say whether `path` is a file or notebook."""

    async def is_hidden(self, path: str) -> bool:
        """Say whether `path` is hidden."""

    async def get(
        self,
        path: str,
        *,
        content: bool,
        type: str | None,  # noqa: A002 - Jupyter's words
        format: str | None,  # noqa: A002
        hash: bool,  # noqa: A002
    ) -> Model:
        """Return the model of `path`."""

    async def save(self, model: Model, path: str) -> Model:
        """Save `model` and return it without its content."""

    async def remove(self, path: str) -> None:
        """Delete a file or folder."""

    async def move(self, old: str, new: str) -> None:
        """Rename within the mount."""


class Mounts:
    """Which mount a path belongs to; one whose name is empty is not shown."""

    def __init__(self, root: Mount, named: Mapping[str, Mount]) -> None:
        self.root = root
        self.named = {name: mount for name, mount in named.items() if name}

    def find(self, path: str) -> tuple[Mount, str]:
        """Return the mount of a clean `path` and the path inside it."""
        first, _, rest = path.partition("/")
        if first in self.named:
            return self.named[first], rest
        return self.root, path

    def prefix(self, mount: Mount) -> str:
        """Return where `mount` is, ``""`` for the root."""
        return next((name for name, other in self.named.items() if other is mount), "")

    def is_mount_point(self, path: str) -> bool:
        """Say whether a clean `path` is where a mount begins."""
        return path == "" or path in self.named


def clean(path: str) -> str:
    """Return `path` without empty and ``.`` parts.

    Raises
    ------
    HTTPError
        404 if it holds ``..``: nothing is to be found outside the root.
    """
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise HTTPError(404, f"{path} is outside root contents directory")
    return "/".join(parts)


def join(folder: str, name: str) -> str:
    """Return the path of `name` in `folder`, which may be the root."""
    return f"{folder}/{name}" if folder and name else folder or name


def outside(prefix: str, model: Model) -> Model:
    """Return the `model` of a mount at `prefix`, and of what is in it, with their whole paths."""
    path = join(prefix, model["path"].strip("/"))
    model = {**model, "path": path, "name": path.rpartition("/")[2]}
    if prefix and model["type"] == "directory" and model["content"] is not None:
        model["content"] = [outside(prefix, entry) for entry in model["content"]]
    return model


def hidden(path: str) -> bool:
    """Say whether any part of `path` begins with a dot."""
    return any(part.startswith(".") for part in path.split("/"))
