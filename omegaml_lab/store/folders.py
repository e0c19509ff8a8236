"""Folders: objects without payload that are there for each part of a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.errors import InvalidNameError
from omegaml_lab.core.names import check_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.storage.heads import Head, Heads

__all__ = ["Folders", "folder_path", "parents_of"]


class Folders:
    """Makes the folders of one store."""

    def __init__(self, heads: Heads, *, owner: str) -> None:
        self._heads = heads
        self._owner = owner

    def missing(self, path: str, found: Mapping[str, Head]) -> list[str]:
        """Return the folders above `path` that are not among the heads `found`.

        Raises
        ------
        InvalidNameError
            If one of them is an object.
        """
        parents = parents_of(path)
        for parent in parents:
            if parent in found and not found[parent].metadata.is_folder:
                raise InvalidNameError(path, f"{parent!r} is an object, not a folder")
        return [parent for parent in parents if parent not in found]

    def make(self, paths: list[str]) -> None:
        """Make folders; what is there stays as it is."""
        self._heads.make_folders(paths, owner=self._owner)

    def make_above(self, path: str, missing: list[str]) -> None:
        """Make the `missing` folders above `path`.

        Raises
        ------
        InvalidNameError
            If somebody put an object there in the meantime.
        """
        if missing:
            self.make(missing)
            self.missing(path, self._heads.find(missing, payload=False))

    def mend(self, path: str) -> None:
        """Make folders again that were dropped while something was put below them."""
        parents = parents_of(path)
        if parents:
            found = self._heads.find(parents, payload=False)
            self.make([parent for parent in parents if parent not in found])


def folder_path(folder: str) -> str:
    """Return the path of a folder as people write it: slashes at the ends do not matter."""
    path = folder.strip("/") if isinstance(folder, str) else folder
    return check_path(path) if path else ""


def parents_of(path: str) -> list[str]:
    """Return all folders above `path`, the outermost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]
