"""Autoscaling: the slots of a worker grow and shrink with the runs that wait."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import OmegaError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from omegaml_lab.runtime.records.run_records import RunRecords
    from omegaml_lab.runtime.workers.slots import Slots

__all__ = ["PATIENCE", "Autoscaler", "Scale"]

PATIENCE = 30.0
"""Seconds that slots must have been superfluous before they go."""
_ROUND = 1.0  # seconds between two looks

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Scale:
    """Says how many slots there should be, from `least` to `most`.

    They grow at once to what waits, and shrink to what was needed most in the last `patience`
    seconds.
    """

    least: int
    most: int
    patience: float = PATIENCE
    _needed: tuple[tuple[float, int], ...] = ()

    def fitting(self, *, busy: int, waiting: int, now: float) -> int:
        """Return the number of slots for `busy` runs and `waiting` ones, at a time in seconds."""
        needed = min(max(busy + waiting, self.least), self.most)
        since = [(at, was) for at, was in self._needed if at > now - self.patience]
        self._needed = (*since, (now, needed))
        return max(was for _, was in self._needed)


class Autoscaler:
    """Keeps the slots of a worker at what its scale says.

    Parameters
    ----------
    scale
        How many slots there should be.
    slots
        How many there are.
    busy
        Returns how many runs go on here.
    runs
        All runs of the repository.
    label
        What this worker offers.
    """

    def __init__(
        self,
        scale: Scale,
        slots: Slots,
        *,
        busy: Callable[[], int],
        runs: RunRecords,
        label: str,
    ) -> None:
        self._scale = scale
        self._slots = slots
        self._busy = busy
        self._runs = runs
        self._label = label

    def run(self, stop: threading.Event) -> None:
        """Look once a second until `stop` is set."""
        while not stop.wait(_ROUND):
            try:
                self.look()
            except OmegaError as error:  # what there is does until the database is back
                _log.warning("slots stay as they are: %s", error)

    def look(self) -> None:
        """Bring the slots in line with what is needed now."""
        busy = self._busy()
        # Runs that wait are of no interest while there are free slots here: they come.
        full = busy >= self._slots.count
        waiting = self._runs.overdue(self._label, limit=self._scale.most) if full else 0
        count = self._scale.fitting(busy=busy, waiting=waiting, now=time.monotonic())
        if count != self._slots.count:
            _log.info("%d slots instead of %d", count, self._slots.count)
            self._slots.resize(count)
