"""The threads in which a server calls what blocks, so that its event loop never waits."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from omegaml_lab.core.errors import OmegaError, StorageFullError, StorageUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Threads"]

_log = logging.getLogger(__name__)
_SIZE = 8

T = TypeVar("T")


class Threads:
    """Calls functions that use a repository.

    `revive` is called, in a thread too and once at a time, when MongoDB does not answer,
    or stopped because its disk was full.
    """

    def __init__(self, revive: Callable[[], object] | None = None, *, size: int = _SIZE) -> None:
        self._revive_storage = revive
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="omega")
        self._reviving = threading.Lock()

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Call `function` in a thread and return what it returns."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, function, *args)
        except (StorageUnavailableError, StorageFullError):
            # The call is not repeated: what it wrote may have arrived after all.
            if self._revive_storage is not None:
                self._pool.submit(self._revive, self._revive_storage)
            raise

    def close(self) -> None:
        """Let no further call begin."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _revive(self, revive: Callable[[], object]) -> None:
        if not self._reviving.acquire(blocking=False):
            return
        try:
            revive()
        except OmegaError as error:
            _log.warning("%s", error)
        finally:
            self._reviving.release()
