"""Scanning: the files of a folder of the disk that are worth keeping."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["reason_of", "scan", "stat_of"]

_SKIPPED = "__pycache__"


def scan(
    place: Path, unseen: Callable[[OSError], object], folder: str = ""
) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the files of a folder, by their paths below `place`, in the order of their names.

    Hidden ones, links, pipes and byte code are none of them. `unseen` is told of what cannot be
    looked at.
    """
    try:
        with os.scandir(place / folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        unseen(error)
        return
    for entry in listed:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.name.startswith(".") or entry.name == _SKIPPED:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from scan(place, unseen, path)
        elif entry.is_file(follow_symlinks=False):
            try:
                yield path, (place / path).stat(follow_symlinks=False)
            except FileNotFoundError:  # deleted a moment ago
                continue
            except OSError as error:
                unseen(error)


def stat_of(path: Path) -> os.stat_result | None:
    """Return what the disk says of a file or link, None where there is none."""
    try:
        return path.stat(follow_symlinks=False)
    except OSError:
        return None


def reason_of(error: OSError) -> str:
    """Return what went wrong, without the path."""
    return error.strerror or str(error)
