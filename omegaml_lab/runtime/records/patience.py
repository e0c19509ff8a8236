"""Patience with a database that is away or full."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, TypeVar

from omegaml_lab.core.errors import StorageFullError, StorageUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["patiently"]

PATIENCE = 600.0
"""Seconds that what was computed waits for an absent or full database before it is given up."""

_log = logging.getLogger(__name__)

T = TypeVar("T")


def patiently(act: Callable[[], T], *, what: str, hurried: Callable[[], bool]) -> T:
    """Do it, and wait for a database that is away or full: nothing computed may be lost.

    A worker that shuts down is `hurried` and waits no longer: the run's lease ends, and another
    performs it.
    """
    deadline, pause = time.monotonic() + PATIENCE, 0.2
    while True:
        try:
            return act()
        except (StorageUnavailableError, StorageFullError) as error:
            if hurried() or time.monotonic() > deadline:
                raise
            _log.warning("%s waits: %s", what, error)
            time.sleep(pause)
            pause = min(pause * 2, 5.0)
