"""The health of what a server depends on is asked for once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from omegaml_lab.server.health import Health
from omegaml_lab.server.threads import Threads

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


def test_all_who_ask_get_one_answer(omega: Omega) -> None:
    health = Health(omega, Threads(size=1))

    async def ask() -> None:
        first, second = await asyncio.gather(health.tell(), health.tell())
        assert first["broker"]["healthy"]
        assert first is second

    try:
        asyncio.run(ask())
    finally:
        health.close()
