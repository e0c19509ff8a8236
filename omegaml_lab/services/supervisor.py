"""Keep children running until told to stop; the loop knows no service by name."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

from omegaml_lab.services.processes import (
    Child,
    end_processes,
    kill_children,
    orphans,
    stop_children,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from omegaml_lab.services.processes import Service

__all__ = ["Supervisor"]

_TICK = 0.2
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Starts services, starts them again when they die, and ends them all.

    Parameters
    ----------
    identity
        Tells this supervisor's processes from those of any other.
    say
        Told what happens, one line each.
    changed
        Called when processes have come or gone.
    """

    def __init__(
        self, identity: str, *, say: Callable[[str], None], changed: Callable[[], None]
    ) -> None:
        self.identity = identity
        self.children: list[Child] = []
        self.guests: list[Child] = []
        """Children that somebody else starts and ends; impatience is for them too."""
        self.stop = threading.Event()
        self._say = say
        self._changed = changed
        self._asked = 0

    def add(self, service: Service) -> Child:
        """Start a service and keep it running."""
        child = Child(service, self.identity)
        child.start()
        self.children.append(child)
        self._changed()
        return child

    def wait(self, seconds: float = _TICK) -> bool:
        """Wait, and return whether to stop."""
        return self.stop.wait(seconds)

    def heal(self) -> None:
        """Start again, after a pause that grows, what has ended."""
        for child in self.children:
            if (code := child.ended()) is not None:
                # A run whose worker was killed starts anew: what is left of it is in the way.
                end_processes(orphans(child), patience=0)
                self._say(
                    f"The {child.service.name} {_ending(code)} and is started again;"
                    f" its log is {child.service.log}."
                )
            if child.process is None and time.monotonic() >= child.due:
                child.start()
                self._changed()

    def restart(self) -> None:
        """Start every service anew, e.g. because its environment has changed."""
        stop_children(self.children, patience=3)
        for child in self.children:
            child.start()
        self._changed()

    def end(self) -> None:
        """End every service and all it started."""
        stop_children(self.children, patience=8)
        self.children.clear()

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Take Ctrl-C, SIGTERM and SIGHUP as the wish to stop; a second one is impatience."""
        # Who started us with nohup wants us to outlive the terminal.
        deaf = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        heard = [number for number in _SIGNALS if not (deaf and number is signal.SIGHUP)]
        before = {number: signal.signal(number, self._on_signal) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.stop.set()
        self._asked += 1
        if self._asked > 1:
            kill_children([*self.children, *self.guests])
            os._exit(128 + number)


def _ending(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
