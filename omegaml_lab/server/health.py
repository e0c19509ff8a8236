"""How the parts are that a server depends on: asked for once, told to all tabs."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import BrokerUnavailableError

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega
    from omegaml_lab.server.threads import Threads

__all__ = ["Health"]

_FRESH = 2.0


class Health:
    """Tells the health of a repository and its runtime; an answer is good for two seconds.

    `threads` should be its own: a broker that does not answer must not keep saves waiting.
    """

    def __init__(self, omega: Omega, threads: Threads) -> None:
        self._omega = omega
        self._threads = threads
        self._asked: asyncio.Task[dict[str, Any]] | None = None
        self._told: dict[str, Any] = {}
        self._good_until = 0.0

    async def tell(self) -> dict[str, Any]:
        """Return what runs where; all who ask meanwhile get the same answer."""
        if time.monotonic() < self._good_until:
            return self._told
        if self._asked is None or self._asked.done():
            self._asked = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asked)  # others wait for it too

    def close(self) -> None:
        """Ask no more."""
        self._threads.close()

    async def _ask(self) -> dict[str, Any]:
        self._told = await self._threads.run(_look, self._omega)
        self._good_until = time.monotonic() + _FRESH
        return self._told


def _look(omega: Omega) -> dict[str, Any]:
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
