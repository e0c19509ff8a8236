"""Stores as people try them out: in notebooks, by tab completion, by words of other libraries."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.core.shown import listing, size
from omegaml_lab.core.suggestions import suggestion

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterator

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.core.names import Name
    from omegaml_lab.core.pages import Page

__all__ = ["ShownStore"]

_MEANT = {
    "load": "get", "read": "get", "fetch": "get", "pull": "get", "download": "get",
    "save": "put", "write": "put", "store": "put", "upload": "put", "add": "put", "push": "put",
    "append": "put(…, append=True)", "insert": "put(…, append=True)",
    "delete": "drop", "remove": "drop", "rm": "drop", "unlink": "drop",
    "ls": "list", "keys": "list", "names": "list", "items": "list", "all": "list", "dir": "list",
    "versions": "history", "revisions": "history", "log": "history", "tags": "history",
    "info": "metadata", "describe": "metadata", "stat": "metadata", "meta": "metadata",
    "lazy": "getl", "scan": "getl", "dask": "getl", "get_lazy": "getl",
    "groupby": "query", "agg": "query", "aggregate": "query", "chunks": "iterchunks",
    "mv": "move", "cp": "copy", "undelete": "restore", "recover": "restore",
    "mkdir": "make_folder", "read_excel": "put(pandas.read_excel(…), name)",
    "read_sql": "put(engine, name, query=…)", "to_csv": "get(name).to_csv(…)",
    "tail": "getl(name).tail()", "sample": "getl(name).sample(frac=…)",
}  # fmt: skip
"""What is called otherwise in other libraries."""

_INSIDE = {
    "adopt", "beside", "children", "drop_as_read", "folders", "head_of", "heads", "histories",
    "look", "module", "module_names", "naming", "present", "read_by", "read_found", "recorder",
    "registry", "relying_on", "resolve", "storage",
}  # fmt: skip
"""What the Lab, workers and the transfer use of a store, and people do not."""

_SHOWN = 20
_COLUMNS = ("name", "kind", "revision", "size", "modified", "tags")


class ShownStore:
    """How a store looks to who tries it out."""

    name: str

    @abstractmethod
    def exists(self, name: str | Name) -> bool:
        """Say whether there is such an object or folder."""

    @abstractmethod
    def list(self, folder: str = "") -> builtins.list[str]:
        """Return the names of objects, sorted."""

    @abstractmethod
    def entries(self, folder: str = "", *, limit: int | None = None) -> Page[Metadata]:
        """Return a page of what a folder holds."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.exists(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.list())

    def __dir__(self) -> builtins.list[str]:
        return [name for name in super().__dir__() if name not in _INSIDE]

    if not TYPE_CHECKING:  # or everything would be an attribute for type checkers

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            known = [word for word in dir(type(self)) if word[0] != "_" and word not in _INSIDE]
            hint = suggestion(name, known, meant=_MEANT)
            told = hint or " What is kept is had by get('NAME')."
            raise AttributeError(f"A store has no {name!r}.{told}", name=name, obj=self)

    def _repr_html_(self) -> str | None:
        try:
            page = self.entries(limit=_SHOWN)
        except OmegaError:  # the plain text is shown then
            return None
        rows = (
            (f"{one.name}/", "folder", "", "", one.modified, "")
            if one.is_folder
            else (one.name, one.kind, one.revision, size(one.size), one.modified, one.tags)
            for one in page.items
        )
        return listing(repr(self).strip("<>"), _COLUMNS, rows, page.total - len(page.items))
