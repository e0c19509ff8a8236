"""``metrics``: what Prometheus reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from omegaml_lab.runtime.client.metrics import CONTENT_TYPE
from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.openapi import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MetricsHandler"]


class MetricsHandler(OmegaHandler):
    """Tells how runs, workers and schedules do, in the text format of Prometheus."""

    auth_resource = "omega:status"
    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="Tell how runs, workers and schedules of the repository do, for Prometheus",
            answers={200: "Metrics"},
            media=("text/plain",),
        )
    }

    async def get(self) -> None:
        """Answer GET."""
        text = await self.call(self.omega.metrics.text)
        self.finish(text, set_content_type=CONTENT_TYPE)
