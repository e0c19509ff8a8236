"""``status``: what runs where."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, ClassVar

from omegaml_lab.server.contents.targets import buckets_of, places_beside
from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.openapi import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.server.contents.hiding import Hiding
    from omegaml_lab.server.health import Health

__all__ = ["StatusHandler"]


class StatusHandler(OmegaHandler):
    """Tells versions, addresses and health."""

    auth_resource = "omega:status"
    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(summary="Tell what runs where", answers={200: "Status"})
    }

    async def get(self) -> None:
        """Answer GET."""
        health: Health = self.settings["omega_health"]
        hiding: Hiding = self.settings["omega_hiding"]
        self.answer(
            {
                "version": version("omegaml_lab"),
                "owner": self.omega.config.user,
                "mount": self.contents_path(""),
                "beside": places_beside(self.contents_manager),
                "buckets": buckets_of(self.contents_manager),
                "hidden": hiding.tell(),
                **await health.tell(),
            }
        )
