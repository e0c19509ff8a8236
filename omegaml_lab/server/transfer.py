"""Copies between and within mounts, of files and of whole folders; all of it blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado.web import HTTPError

from omegaml_lab.server.mounts import join

if TYPE_CHECKING:
    from omegaml_lab.server.mounts import Files

__all__ = ["check_size", "copy_tree", "move_tree"]


def copy_tree(source: Files, path: str, target: Files, new: str, *, limit: int) -> None:
    """Copy `path` with all below to `new`, which must not be there; on failure to nothing.

    Raises
    ------
    HTTPError
        400 if it is a folder that holds more than `limit` bytes.
    """
    entries = list(source.walk(path))
    if [entry.path for entry in entries] == [""]:
        target.create(new, source.read(path))
        return
    check_size(path, sum(entry.size for entry in entries), limit)
    target.create_folder(new)
    try:
        for entry in entries:
            if entry.folder:
                target.create_folder(join(new, entry.path))
            else:
                target.create(join(new, entry.path), source.read(join(path, entry.path)))
    except BaseException:
        target.erase(new)
        raise


def check_size(path: str, size: int, limit: int) -> None:
    """Refuse to copy a folder of `size` bytes if that is more than `limit`.

    Raises
    ------
    HTTPError
        400 if it is.
    """
    if size > limit:
        raise HTTPError(
            400, f'Can\'t copy folders larger than {limit >> 20} MB, "{path}" is {size >> 20} MB'
        )


def move_tree(source: Files, path: str, target: Files, new: str, *, limit: int) -> None:
    """Copy as `copy_tree` does, then erase what was copied.

    Raises
    ------
    HTTPError
        409 if somebody has saved below `path` meanwhile: it stays, and the copy goes.
    """
    before = list(source.walk(path))
    copy_tree(source, path, target, new, limit=limit)
    if list(source.walk(path)) != before:
        target.erase(new)
        raise HTTPError(409, f"{path} was changed while it was moved: it stays. Try again.")
    source.erase(path)
