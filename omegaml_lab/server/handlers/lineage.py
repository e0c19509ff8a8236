"""``lineage``: what objects and runs were made of, and what was made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tornado.web import HTTPError

from omegaml_lab.core.errors import ObjectNotFoundError
from omegaml_lab.core.lineage import Reference
from omegaml_lab.core.metadata import STORES
from omegaml_lab.core.names import Name
from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.openapi import Operation, path_parameter, query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.core.lineage import Lineage

__all__ = ["LineageHandler", "RunLineageHandler"]

_DEEPEST = 50
_DEPTH = query(
    "depth",
    {"type": "integer", "minimum": 1, "maximum": _DEEPEST},
    "How many runs or copies away to look.",
)


class _Handler(OmegaHandler):
    def depth(self, default: int) -> int:
        depth = self.count("depth", default) or 0
        if not 1 <= depth <= _DEEPEST:
            raise HTTPError(400, f"depth: {depth} is not from 1 to {_DEEPEST}")
        return depth

    def tell(self, lineage: Lineage) -> None:
        plain = lineage.to_dict()
        for node, known in zip(plain["nodes"], lineage.nodes(), strict=True):
            shown = isinstance(known, Reference) and self._is_shown(known)
            node["path"] = self.contents_path(node["name"]) if shown else None
        self.answer(plain)

    def _is_shown(self, known: Reference) -> bool:
        """Say whether Jupyter's contents show it."""
        here = known.repository is None and known.bucket == self.omega.bucket
        return here and known.store == "jobs"


class LineageHandler(_Handler):
    """Tells the lineage of a revision."""

    auth_resource = "omega:objects"
    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="Tell what a revision was made of and by which run, and what was made of it",
            parameters=(
                path_parameter("store", "The store.", {"type": "string", "enum": list(STORES)}),
                path_parameter("name", "The name, or `name@revision`, percent-encoded."),
                _DEPTH,
            ),
            answers={200: "Lineage"},
            problems=(400, 404),
        )
    }

    async def get(self, store: str, name: str) -> None:
        """Answer GET; a name is literal where there is such an object."""
        depth = self.depth(5)
        if store not in STORES:
            raise HTTPError(404, f"There is no store {store!r}; there are {', '.join(STORES)}")

        def lineage() -> Lineage:
            objects = self.omega.store(store)
            try:
                return objects.lineage(Name(name), depth=depth)
            except ObjectNotFoundError:
                return objects.lineage(name, depth=depth)

        self.tell(await self.call(lineage))


class RunLineageHandler(_Handler):
    """Tells what a run executed, read and wrote."""

    auth_resource = "omega:runs"
    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="Tell what a run executed, read and wrote",
            parameters=(path_parameter("run", "The id of the run."), _DEPTH),
            answers={200: "Lineage"},
            problems=(400, 404),
        )
    }

    async def get(self, run: str) -> None:
        """Answer GET."""
        depth = self.depth(1)
        runs = self.omega.runtime.runs
        told: Any = await self.call(lambda: runs.lineage(run, depth=depth))
        self.tell(told)
