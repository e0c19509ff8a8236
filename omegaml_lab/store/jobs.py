"""JobStore: notebooks, named by their path in JupyterLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.names import Name
from omegaml_lab.store.store import OmegaStore

if TYPE_CHECKING:
    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.store.backend import Backend

__all__ = ["JobStore"]

NOTEBOOK = "notebook"
SUFFIX = ".ipynb"


class JobStore(OmegaStore):
    """A store of notebooks and of the files beside them.

    Notebooks are kept under names that end in ``.ipynb``; who writes a name as a string may
    leave that out. A string that ends so is the name as it stands, whatever ``@`` it holds:
    ``mail@example.ipynb`` selects no tag, while ``x@3`` and ``x.ipynb@3`` select a revision.
    """

    def _parse(self, name: str | Name) -> Name:
        if isinstance(name, str) and name.endswith(SUFFIX):
            return Name(name)
        return super()._parse(name)

    def _target(self, obj: object, name: str | Name, kind: str | None) -> tuple[Backend, str]:
        backend, path = super()._target(obj, name, kind)
        if backend.kind == NOTEBOOK and not isinstance(name, Name):
            path = _with_suffix(path)
        return backend, path

    def _renamed(self, old: Metadata, new: str | Name) -> str:
        path = super()._renamed(old, new)
        if old.kind == NOTEBOOK and not isinstance(new, Name):
            return _with_suffix(path)
        return path

    def _spellings(self, name: Name, *, literal: bool) -> list[str]:
        if literal or name.path.endswith(SUFFIX):
            return [name.path]
        return [name.path, name.path + SUFFIX]


def _with_suffix(path: str) -> str:
    return path if path.endswith(SUFFIX) else path + SUFFIX
