"""``workers``: who performs runs, and what each has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.openapi import Operation, path_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["WorkerHandler", "WorkersHandler"]


class WorkersHandler(OmegaHandler):
    """Lists workers."""

    auth_resource = "omega:status"
    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="List the workers that are alive, newest first, without their packages",
            answers={200: "WorkerListing"},
        )
    }

    async def get(self) -> None:
        """Answer GET."""
        workers = await self.call(self.omega.runtime.workers)
        items = [worker.to_dict() for worker in workers]
        self.answer({"items": items, "total": len(items)})


class WorkerHandler(OmegaHandler):
    """Tells everything about one worker."""

    auth_resource = "omega:status"
    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="Describe a worker that is alive, with the packages that it has",
            parameters=(path_parameter("worker", "The id of the worker."),),
            answers={200: "Worker"},
            problems=(404,),
        )
    }

    async def get(self, worker: str) -> None:
        """Answer GET."""
        found = await self.call(self.omega.runtime.worker, worker)
        self.answer(found.to_dict())
