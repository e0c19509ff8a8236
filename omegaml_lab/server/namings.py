"""What jobs are called now, remembered for about a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.core.runs import Run

__all__ = ["Namings"]

_FRESH = 1.0
_MOST = 1000


class Namings:
    """Looks up what the jobs of runs are called, of each once in a while.

    Predictions come by hundreds a second, mostly of few models, and each is told of more than
    once: a look-up for each would cost the server more than what it tells.

    Parameters
    ----------
    job_of
        Looks up one.
    clock
        Tells the time, in seconds.
    fresh
        For how long a name is good, in seconds.
    most
        How many names are remembered at most.
    """

    def __init__(
        self,
        job_of: Callable[[Run], str],
        *,
        clock: Callable[[], float] = time.monotonic,
        fresh: float = _FRESH,
        most: int = _MOST,
    ) -> None:
        self._job_of = job_of
        self._clock = clock
        self._fresh = fresh
        self._most = most
        self._known: dict[tuple[str, str, str | None], tuple[float, str]] = {}

    def __call__(self, run: Run) -> str:
        """Return what the job of a run is called now, or was a moment ago."""
        known = self._known  # what is looked up while `forget` comes is not remembered
        key = (run.kind, run.job, run.object)
        now = self._clock()
        until, name = known.get(key, (now, ""))
        if now >= until:
            name = self._job_of(run)
            known.pop(key, None)  # the oldest comes first
            known[key] = (now + self._fresh, name)
            while len(known) > self._most:
                del known[next(iter(known))]
        return name

    def forget(self) -> None:
        """Look up all names again: something was renamed. Any thread may say so."""
        self._known = {}
