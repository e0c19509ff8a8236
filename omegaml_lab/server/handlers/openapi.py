"""``openapi.json``: the API, told to programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.openapi import Operation, document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["OpenAPIHandler"]


class OpenAPIHandler(OmegaHandler):
    """Serves the OpenAPI document of this server."""

    auth_resource = "omega:openapi"
    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(summary="This document", answers={200: "OpenAPI"})
    }

    def initialize(self, paths: Sequence[tuple[str, Mapping[str, Operation]]]) -> None:
        """Take what all handlers say about themselves."""
        self._paths = paths

    async def get(self) -> None:
        """Answer GET."""
        self.answer(document(self.base_url, self._paths))
