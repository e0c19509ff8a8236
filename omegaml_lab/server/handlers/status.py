"""``status``: what runs where."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

import omegaml_lab
from omegaml_lab.core.errors import BrokerUnavailableError
from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.openapi import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.omega import Omega

__all__ = ["StatusHandler"]


class StatusHandler(OmegaHandler):
    """Tells versions, addresses and health."""

    auth_resource = "omega:status"
    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(summary="Tell what runs where", answers={200: "Status"})
    }

    async def get(self) -> None:
        """Answer GET."""
        self.answer(
            {
                "version": omegaml_lab.__version__,
                "mount": self.contents_path(""),
                **await self.call(_status, self.omega),
            }
        )


def _status(omega: Omega) -> dict[str, Any]:
    runtime = omega.runtime
    broker = {"address": runtime.broker.address, "healthy": True, "message": ""}
    try:
        runtime.broker.check()
    except BrokerUnavailableError as error:
        broker |= {"healthy": False, "message": str(error)}
    scheduler = runtime.scheduler()
    return {
        "repository": {"address": omega.storage.address, "bucket": omega.bucket},
        "broker": broker,
        "workers": [worker.to_dict() for worker in runtime.workers()],
        "scheduler": None if scheduler is None else _plain(scheduler),
    }


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in record.items()
    }
