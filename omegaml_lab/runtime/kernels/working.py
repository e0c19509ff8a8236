"""Whether a process works that has not answered: a busy machine starts things slowly."""

from __future__ import annotations

import time

import psutil

__all__ = ["Working"]


class Working:
    """Looks whether a process has been computing: what is starved goes on, what hangs does not.

    Parameters
    ----------
    pid
        The process.
    longest
        Seconds after which it is not believed any more, whatever it computes.
    """

    def __init__(self, pid: int, *, longest: float = 600.0) -> None:
        self._pid = pid
        self._until = time.monotonic() + longest
        self._had = self._computed()

    def goes_on(self) -> bool:
        """Say whether it has computed anything since it was last looked at."""
        before, self._had = self._had, self._computed()
        return self._had > before and time.monotonic() < self._until

    def _computed(self) -> float:
        try:
            times = psutil.Process(self._pid).cpu_times()
        except psutil.Error:  # it has ended
            return 0.0
        return float(times.user + times.system)
