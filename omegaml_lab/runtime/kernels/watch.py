"""The watch over a kernel: that it keeps to the limits of its run, and what it uses."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omegaml_lab.core.limits import duration_text, size_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.core.limits import Limits, Usage
    from omegaml_lab.runtime.kernels.family import Family

__all__ = ["Breach", "Watch"]

GRACE = 5.0
"""Seconds that a cell has to end once it was interrupted."""
_NEVER = float("inf")
_LOOK = 0.5
_CLOSE_LOOK = 0.1
"""Seconds between two looks at a kernel whose memory is limited: it may grow fast."""
_LONGEST_STOP = 10.0
"""Seconds that a kernel may be stopped by a signal; it would wait for ever to go on."""


_STOPPED = (
    f"it was stopped by a signal, and nobody let it go on for {duration_text(_LONGEST_STOP)}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A limit that was not kept: its name, and what was said to the person."""

    limit: str
    reason: str


class Watch:
    """Minds one kernel, in the event loop that runs its cells.

    Parameters
    ----------
    family
        Its processes.
    limits
        What they may take.
    began
        When the attempt began, by the monotonic clock.
    end
        Ends the execution.
    tell
        Learns what was used, now and then.
    """

    def __init__(
        self,
        family: Family,
        limits: Limits,
        *,
        began: float,
        end: Callable[[], object],
        tell: Callable[[Usage], None],
    ) -> None:
        self.breach: Breach | None = None
        self.fault: str | None = None  # of the kernel, which keeps to its limits
        self._stopped = 0.0
        self._family = family
        self._limits = limits
        self._run_until = _NEVER if limits.timeout is None else began + limits.timeout
        self._cell_until = _NEVER
        self._end = end
        self._tell = tell

    def cell_started(self) -> None:
        """Let the time of a cell begin."""
        if self._limits.cell_timeout is not None:
            self._cell_until = time.monotonic() + self._limits.cell_timeout

    def cell_ended(self) -> None:
        """Let the time of a cell be over."""
        self._cell_until = _NEVER

    def rest(self) -> None:
        """Let no time count any more: the cells are done."""
        self._run_until = self._cell_until = _NEVER
        self.measure()

    def measure(self) -> None:
        """Note what is used now, and whether it is too much."""
        limit, memory = self._limits.memory, self._family.measure()
        self._tell(self._family.usage)
        if limit is not None and memory > limit and self.breach is None:
            reason = f"it had {size_text(memory)} in memory, and may have {size_text(limit)}"
            self.breach = Breach(limit="memory", reason=reason)

    async def mind(self) -> None:
        """Watch until cancelled; end what does not keep to its limits."""
        next_look = 0.0
        pause = _LOOK if self._limits.memory is None else _CLOSE_LOOK
        while True:
            now = time.monotonic()
            if now >= next_look:
                next_look = now + pause
                self.measure()
                # Counted by looks: who was stopped together with the kernel saw none of it.
                self._stopped = self._stopped + pause if self._family.stopped else 0.0
            if self._stopped > _LONGEST_STOP:
                self.fault = _STOPPED
                break
            if self.breach is not None:  # at once: it goes on growing
                break
            self.breach = self._overdue(now)
            if self.breach is not None:
                self._family.interrupt()
                await asyncio.sleep(GRACE)
                break
            await asyncio.sleep(max(0.01, min(next_look, self._run_until, self._cell_until) - now))
        self._family.kill()
        self._end()

    def _overdue(self, now: float) -> Breach | None:
        if now >= self._run_until:
            allowed = duration_text(self._limits.timeout)
            return Breach(limit="timeout", reason=f"it may take {allowed} in all")
        if now >= self._cell_until:
            allowed = duration_text(self._limits.cell_timeout)
            return Breach(limit="cell_timeout", reason=f"a cell may take {allowed}")
        return None
