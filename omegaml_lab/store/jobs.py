"""JobStore: notebooks, named by their path in JupyterLab."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, ClassVar

from omegaml_lab.core.errors import InvalidNameError, InvalidNotebookError
from omegaml_lab.core.names import ARRIVING, Name, check_path
from omegaml_lab.core.runs import RESULTS
from omegaml_lab.store.naming import Naming
from omegaml_lab.store.recording import Recorder
from omegaml_lab.store.store import OmegaStore

if TYPE_CHECKING:
    import builtins
    import io
    from collections.abc import Collection, Sequence

    from omegaml_lab.core.metadata import Metadata

__all__ = ["SUFFIX", "JobNaming", "JobStore"]

NOTEBOOK = "notebook"
SUFFIX = ".ipynb"
"""How the name of a notebook ends."""
_MODULE_SUFFIX, _PACKAGE = ".py", "__init__.py"


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

    def read_by(self, run: str | None) -> JobStore:
        """Return the same store, whose reads and writes are those of a run, or of none."""
        lineage = self._storage.lineage
        return JobStore(
            self._storage,
            self.name,
            registry=self._registry,
            bucket=self.bucket,
            owner=self._owner,
            recorder=Recorder(lineage, run=run) if run else Recorder.none(lineage),
        )

    def arriving(self) -> JobStore:
        """Return the store in which what is moved here waits until it is whole."""
        return JobStore(
            self._storage,
            self.name,
            registry=self._registry,
            bucket=ARRIVING,
            owner=self._owner,
            recorder=self._recorder,
        )

    def beside(self, folder: str, *, most: int = 2000) -> builtins.list[Metadata]:
        """Return the files and folders in a folder, and in those below that hold no notebooks.

        A folder with notebooks of its own is the place of other work, and that of all results
        is nobody's. Nearer ones come first; of more than `most` that are looked at the rest
        is left out.
        """
        found: builtins.list[Metadata] = []
        level = [folder]
        while level and len(found) < most:
            there = self._listing.inside(level, without=NOTEBOOK, limit=most)
            folders = [meta.name for meta in there if meta.is_folder]
            others = {RESULTS} | self._listing.holding(folders, NOTEBOOK)
            found += [meta for meta in there if meta.name not in others]
            level = [name for name in folders if name not in others]
        return found

    def present(self, paths: Collection[str]) -> dict[str, Metadata]:
        """Return what is under exactly these paths, in one round trip; some may be no names."""
        found = self._heads.find(filter(_can_be, paths), payload=False)
        return {path: head.metadata for path, head in found.items()}

    def put_file(
        self, stream: io.BufferedReader, path: str, *, digest: str
    ) -> tuple[Metadata, Metadata | None]:
        """Keep a file under exactly this path; one that is there as it is makes no revision.

        `digest` is its `content_hash`. A notebook is kept as one, or as a file if it is none.
        Errors are those of `put`.

        Returns
        -------
        What is there now, and what was there if that is something else.
        """
        name, there = Name(path), self.find(Name(path))
        if there is not None and there.hash == digest:
            return there, None
        stream.seek(0)
        if path.endswith(SUFFIX):
            with contextlib.suppress(InvalidNotebookError):
                return self.put(stream.read(), name, kind=NOTEBOOK), there
            stream.seek(0)
        return self.put(stream, name, kind="file"), there

    def module(self, folder: str, name: str) -> tuple[Metadata, bytes | None] | None:
        """Return the Python module `name` of a folder and its source, in one round trip.

        As in Python a package (a folder with ``__init__.py``) goes before a module. Where there
        is only a folder it is that, without source.

        Raises
        ------
        InvalidNameError
            If nothing can be kept under such a name.
        """
        path = check_path(f"{folder}/{name}" if folder else name)
        wanted = [f"{path}/{_PACKAGE}", f"{path}{_MODULE_SUFFIX}", path]
        found = self._heads.find(wanted)
        for head in (found[path] for path in wanted if path in found):
            if head.metadata.is_folder:
                return head.metadata, None
            if head.payload.blob is not None and head.metadata.name != path:
                self._recorder.read(head)
                return head.metadata, self._storage.blobs.read(head.payload.blob)
        return None

    def module_names(self, folder: str) -> builtins.list[tuple[str, bool]]:
        """Return the names of the modules in a folder, sorted, and whether each is a package."""
        start = len(folder) + 1 if folder else 0
        below = [entry.name[start:] for entry in self.entries(folder).items]
        modules = {
            name.removesuffix(_MODULE_SUFFIX): False
            for name in below
            if name.endswith(_MODULE_SUFFIX) and name != _PACKAGE
        }
        inits = [f"{folder}/{name}/{_PACKAGE}".lstrip("/") for name in below]
        packages = {path.split("/")[-2]: True for path in self._heads.find(inits, payload=False)}
        return sorted((modules | packages).items())


def _can_be(path: str) -> bool:
    """Say whether something can be kept under a path."""
    try:
        check_path(path)
    except InvalidNameError:
        return False
    return True
