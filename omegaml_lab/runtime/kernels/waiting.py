"""Waiting in an event loop for what another thread does and has to come to its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["to_the_end"]

T = TypeVar("T")


async def to_the_end(
    act: Callable[[], T],
    *,
    hurry: Callable[[], object],
    undo: Callable[[T], object] = lambda _: None,
) -> T:
    """Return what another thread `act`s; who is cancelled, however often, waits for it as well.

    Parameters
    ----------
    act
        What is done.
    hurry
        Called when this task is cancelled, so that `act` can come to its end soon.
    undo
        Given what came of it, when nobody is there to take that any more.
    """
    task, cancelled = asyncio.ensure_future(asyncio.to_thread(act)), None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
            hurry()
    if cancelled is None:
        return task.result()
    if task.exception() is None:
        undo(task.result())
    raise cancelled
