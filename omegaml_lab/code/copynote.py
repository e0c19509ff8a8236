"""CopyNote: what a kernel is told of the working copy that it runs in, by a file beside it."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from omegaml_lab.code.importing import FoundModule

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CopyNote"]


class CopyNote:
    """How the folder of a working copy is called now, and which modules the repository has too.

    Who brings the copy in step writes it, and kernels read it: other processes of one machine.
    Without one, nothing is known of a copy.

    Parameters
    ----------
    place
        The folder of the disk.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._file = place.parent / f".{place.name}.copy"  # in `place` people would meet it
        self._written = ""
        self._read: tuple[object, str | None, Mapping[str, object]] = (None, None, {})

    def write(self, folder: str, files: Mapping[str, tuple[int, int]]) -> None:
        """Note the name of the folder, and its modules as disk and repository both have them.

        `files` has bytes and time of change, in ns, by the path below `place`. On a disk that
        cannot be written to it stays as it was.
        """
        text = json.dumps({"folder": folder, "files": files})
        if text == self._written or not self._place.is_dir():
            return
        with contextlib.suppress(OSError):
            # Whole at any moment: kernels read it.
            handle, part = tempfile.mkstemp(dir=self._file.parent, prefix=".")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                Path(part).replace(self._file)
            finally:
                Path(part).unlink(missing_ok=True)
            self._written = text

    def remove(self) -> None:
        """Take it away."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    @property
    def folder(self) -> str | None:
        """The folder of the repository, as it is called now; None where nothing is known."""
        return self._content()[0]

    def unkept(self, folder: str, name: str) -> FoundModule | None:
        """Return a module that the repository does not have as it is on the disk, if it is one.

        `folder` is the path of its folder below `place`. As everywhere a package goes before a
        module. Links are not looked at: no repository ever has them.
        """
        known_folder, known = self._content()
        if known_folder is None or not name:
            return None
        inside = f"{folder}/{name}" if folder else name
        for path, package in ((f"{inside}/__init__.py", True), (f"{inside}.py", False)):
            try:
                file = self._place / path
                now = file.stat()
                if file.resolve() != self._place.resolve() / path:
                    continue
                if known.get(path) == [now.st_size, now.st_mtime_ns]:
                    return None
                modified = datetime.fromtimestamp(now.st_mtime, UTC)
                with open(file, "rb", opener=_unnoticed) as stream:
                    return FoundModule(source=stream.read(), package=package, modified=modified)
            except (OSError, ValueError):  # ValueError: no file can have such a name
                continue
        return None

    def _content(self) -> tuple[str | None, Mapping[str, object]]:
        try:
            now = self._file.stat()
            stamp = (now.st_ino, now.st_mtime_ns, now.st_size)
            if stamp != self._read[0]:
                content = json.loads(self._file.read_text("utf-8"))
                self._read = (stamp, content["folder"], content["files"])
        except OSError:
            return None, {}
        return self._read[1:]


def _unnoticed(path: str, flags: int) -> int:
    """Open a file without a trace in its time of access, by which a run's reads are told.

    What was pulled and is written over would be told to be read.
    """
    with contextlib.suppress(PermissionError):  # of somebody else, or not to be read at all
        return os.open(path, flags | getattr(os, "O_NOATIME", 0))
    return os.open(path, flags)
