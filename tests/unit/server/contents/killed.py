"""Moves that are looked at, and a process that is killed in the middle of one."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from omegaml_lab.config import Config
from omegaml_lab.omega import Omega
from omegaml_lab.server.contents.contents import OmegaContentsManager
from omegaml_lab.server.contents.transfer import move_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omegaml_lab.server.contents.mounts import Departure, Entry, Files

POINTS = [
    *[("tree", point) for point in ("filling", "departed", "shown", "erasing")],
    *[("repo/tree", point) for point in ("filling", "departed")],
]
"""Where moves are killed, and what is moved."""


class Watched:
    """Files; something is done before, or after, each time that some are taken away."""

    def __init__(
        self,
        files: Files,
        *,
        before: Callable[[int], object] = bool,
        after: Callable[[int], object] = bool,
    ) -> None:
        self._files = files
        self._before = before
        self._after = after
        self._departures = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._files, name)

    def depart(self, path: str, expected: Sequence[Entry]) -> Departure | None:
        self._departures += 1
        self._before(self._departures)
        departure = self._files.depart(path, expected)
        if departure is not None:
            self._after(self._departures)
        return departure


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, folder: str, old: str, point: str) -> None:
    """Move `old` and be killed at `point`."""
    omega = Omega(config=Config.load(environ={}, mongo_url=url))
    manager = OmegaContentsManager(omega=omega, root_dir=folder)
    ends = [manager.disk.files, manager.repository.files]
    source, target = ends[::-1] if old.startswith("repo/") else ends
    files: Any = source
    if point == "filling":
        files = Watched(source)
        streamed: list[str] = []

        def stream(path: str) -> Any:
            if streamed:
                die()
            streamed.append(path)
            return source.stream(path)

        files.stream = stream
    elif point == "departed":
        files = Watched(source, after=die)
    else:
        from omegaml_lab.server.contents import diskmoves

        if point == "shown":
            diskmoves.DiskDeparture.erase = die  # type: ignore[method-assign]
        else:
            diskmoves.erase = lambda place: (place / "a.txt").unlink() or die()
    move_tree(files, "tree", target, "tree")


if __name__ == "__main__":
    main(*sys.argv[1:])
