"""Turns: work that is asked for more often than it needs to be done."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Turns"]


class Turns:
    """Does one thing at a time, and once for all who ask while it has not begun."""

    def __init__(self, act: Callable[[], Awaitable[object]]) -> None:
        self._act = act
        self._lock = asyncio.Lock()
        self._waiting = False

    async def ask(self) -> None:
        """Have it done from now on; who asks while another one waits for that returns at once."""
        if self._waiting:
            return
        self._waiting = True
        try:
            await self._lock.acquire()
        finally:
            self._waiting = False
        try:
            await self._act()
        finally:
            self._lock.release()
