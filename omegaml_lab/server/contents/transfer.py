"""Copies and moves between mounts, of files and of whole folders; all of it blocks.

What comes in is hidden until it is whole, and what goes is out of reach before it is erased:
whoever ends in the middle leaves nothing half, and nothing that is saved meanwhile is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado.web import HTTPError

from omegaml_lab.server.contents.mounts import join

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omegaml_lab.server.contents.mounts import Arrival, Departure, Entry, Files

__all__ = ["check_size", "copy_tree", "move_tree"]

_ATTEMPTS = 5


def copy_tree(source: Files, path: str, target: Files, new: str, *, limit: int) -> None:
    """Copy `path` with all below to `new`, which must not be there; on failure to nothing.

    Raises
    ------
    HTTPError
        400 if it is a folder that holds more than `limit` bytes.
    """
    entries = list(source.walk(path))
    if [entry.path for entry in entries] != [""]:
        check_size(path, sum(entry.size for entry in entries), limit)
    arrival = target.arrive(new)
    try:
        _fill(arrival, source, path, entries)
        arrival.show()
    except BaseException:
        arrival.discard()
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


def move_tree(source: Files, path: str, target: Files, new: str) -> None:
    """Move `path` with all below to `new`, which must not be there; on failure it stays.

    What is saved there meanwhile is copied again.

    Raises
    ------
    HTTPError
        409 if somebody saves there again and again.
    """
    entries = list(source.walk(path))
    arrival = target.arrive(new)
    try:
        _fill(arrival, source, path, entries)
        departure = _take(source, path, arrival, entries)
        try:
            arrival.show()
        except BaseException:
            departure.put_back()
            raise
    except BaseException:
        arrival.discard()
        raise
    departure.erase()


def _take(source: Files, path: str, arrival: Arrival, there: list[Entry]) -> Departure:
    """Take `path` away in the moment in which it is what has arrived."""
    for attempt in range(_ATTEMPTS):
        departure = source.depart(path, there)
        if departure is not None:
            return departure
        if attempt < _ATTEMPTS - 1:
            now = list(source.walk(path))
            for entry in reversed([entry for entry in there if entry not in now]):
                arrival.erase(entry.path)
            _fill(arrival, source, path, [entry for entry in now if entry not in there])
            there = now
    raise HTTPError(409, f"{path} was changed while it was moved: it stays. Try again.")


def _fill(arrival: Arrival, source: Files, path: str, entries: Iterable[Entry]) -> None:
    for entry in entries:
        if entry.folder:
            arrival.create_folder(entry.path)
        else:
            with source.stream(join(path, entry.path)) as stream:
                arrival.create(entry.path, stream)
