"""The watch over what performs a run: that it keeps to the limits of that, and what it uses."""

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

    @classmethod
    def of_time(cls, limits: Limits, yet: str = "") -> Breach:
        """Return that an attempt took longer than it may; `yet` is what it had not come to."""
        reason = f"it may take {duration_text(limits.timeout)} in all"
        return cls(limit="timeout", reason=f"{reason}, and {yet}" if yet else reason)

    @property
    def error(self) -> str:
        """The name of the error that the run ends with."""
        return "MemoryLimitError" if self.limit == "memory" else "TimeLimitError"

    def __str__(self) -> str:
        return f"{self.reason} (limit {self.limit})"


class Watch:
    """Minds one kernel, in the event loop that runs its cells, or the process of one call.

    Parameters
    ----------
    family
        Its processes.
    limits
        What they may take.
    began
        When the attempt began, by the monotonic clock.
    end
        Ends the execution, for :meth:`mind`.
    tell
        Learns what was used, now and then.
    """

    def __init__(
        self,
        family: Family,
        limits: Limits,
        *,
        began: float,
        end: Callable[[], object] = lambda: None,
        tell: Callable[[Usage], None],
    ) -> None:
        self.breach: Breach | None = None
        self.fault: str | None = None  # of the kernel, which keeps to its limits
        self._stopped = 0.0
        self._next_look = 0.0
        self._pause = _LOOK if limits.memory is None else _CLOSE_LOOK
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

    def look(self) -> bool:
        """Look whether all is well, and say whether it is to be ended because it is not."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + self._pause
            self.measure()
            # Counted by looks: who was stopped together with the kernel saw none of it.
            self._stopped = self._stopped + self._pause if self._family.stopped else 0.0
        if self._stopped > _LONGEST_STOP:
            self.fault = _STOPPED
        elif self.breach is None:
            self.breach = self._overdue(now)
        return self.breach is not None or self.fault is not None

    @property
    def pause(self) -> float:
        """Seconds until the next look is due."""
        due = min(self._next_look, self._run_until, self._cell_until)
        return max(0.01, due - time.monotonic())

    async def mind(self) -> None:
        """Watch until cancelled; end what does not keep to its limits."""
        while not self.look():  # noqa: ASYNC110 - it looks at processes, which tell nothing
            await asyncio.sleep(self.pause)
        if self.breach is not None and self.breach.limit != "memory":  # which goes on growing
            self._family.interrupt()
            await asyncio.sleep(GRACE)
        self._family.kill()
        self._end()

    def _overdue(self, now: float) -> Breach | None:
        if now >= self._run_until:
            return Breach.of_time(self._limits)
        if now >= self._cell_until:
            allowed = duration_text(self._limits.cell_timeout)
            return Breach(limit="cell_timeout", reason=f"a cell may take {allowed}")
        return None
