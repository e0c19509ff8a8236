"""Scanning: the files of a folder of the disk that are worth keeping."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["reason_of", "scan", "stat_of"]

_SKIPPED = "__pycache__"


def scan(place: Path, unseen: Callable[[OSError], object]) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the files of a folder, by their paths below `place`, in the order of their names.

    Hidden ones, links, pipes and byte code are none of them. `unseen` is told of what cannot be
    looked at.
    """
    waiting = _listed(place, "", unseen)
    while waiting:  # and not by recursion: a disk has folders that are deeper than Python goes
        path, entry = waiting.pop()
        if entry.is_dir(follow_symlinks=False):
            waiting += _listed(place, path, unseen)
        elif entry.is_file(follow_symlinks=False):
            try:
                yield path, (place / path).stat(follow_symlinks=False)
            except FileNotFoundError:  # deleted a moment ago
                continue
            except OSError as error:
                unseen(error)


def _listed(
    place: Path, folder: str, unseen: Callable[[OSError], object]
) -> list[tuple[str, os.DirEntry[str]]]:
    """Return what is in a folder and worth a look, the first one last."""
    try:
        with os.scandir(place / folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name, reverse=True)
    except OSError as error:
        unseen(error)
        return []
    start = f"{folder}/" if folder else ""
    return [
        (start + entry.name, entry)
        for entry in listed
        if not entry.name.startswith(".") and entry.name != _SKIPPED
    ]


def stat_of(path: Path) -> os.stat_result | None:
    """Return what the disk says of a file or link, None where there is none."""
    try:
        return path.stat(follow_symlinks=False)
    except OSError:
        return None


def reason_of(error: OSError) -> str:
    """Return what went wrong, without the path."""
    return error.strerror or str(error)
