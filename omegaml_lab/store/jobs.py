"""JobStore: notebooks, named by their path in JupyterLab."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from omegaml_lab.core.names import Name
from omegaml_lab.store.naming import Naming
from omegaml_lab.store.store import OmegaStore

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["JobNaming", "JobStore"]

NOTEBOOK = "notebook"
SUFFIX = ".ipynb"


class JobNaming(Naming):
    """Notebooks have names that end in ``.ipynb``; in a string that may be left out.

    A string that ends so is the name as it stands, whatever ``@`` it holds:
    ``mail@example.ipynb`` selects no tag, while ``x@3`` and ``x.ipynb@3`` select a revision.
    """

    def parse(self, name: str | Name) -> Name:
        """Return `name` taken apart."""
        if isinstance(name, str) and name.endswith(SUFFIX):
            return Name(name)
        return super().parse(name)

    def spellings(self, name: str | Name) -> Sequence[str]:
        """Return the name as it stands and, where that was left out, with its ending."""
        path = self.parse(name).path
        if isinstance(name, Name) or path.endswith(SUFFIX):
            return [path]
        return [path, path + SUFFIX]

    def path(self, name: str | Name, kind: str | None = None) -> str:
        """Return the path of something; a notebook's ends in ``.ipynb``."""
        path = super().path(name, kind)
        if kind != NOTEBOOK or isinstance(name, Name) or path.endswith(SUFFIX):
            return path
        return path + SUFFIX


class JobStore(OmegaStore):
    """A store of notebooks and of the files beside them, see `JobNaming`."""

    naming: ClassVar[Naming] = JobNaming()
