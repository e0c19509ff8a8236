"""What a running notebook shows of itself: its progress, its log, and its outputs so far."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

import nbformat

from omegaml_lab.core.errors import OmegaError, StorageFullError, StorageUnavailableError
from omegaml_lab.core.runs import Failure, Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbclient.exceptions import CellExecutionError

    from omegaml_lab.core.limits import Usage
    from omegaml_lab.runtime.notebooks.log import LogTail

__all__ = ["LiveNotebook"]

_TICK = 0.1
_SAVE_SHARE = 10
"""Saving takes at most one part in this many of the time, however large the notebook."""
_SHORTEST_PAUSE = 0.5
_USAGE_PAUSE = 5.0

_log = logging.getLogger(__name__)


class LiveNotebook:
    """Observes a notebook while the engine executes it, and shows how far it has come.

    Parameters
    ----------
    notebook
        The notebook that the engine fills with outputs.
    save
        Keeps a serialised notebook under the name of the result; called in other threads.
    report
        Keeps progress, log and what was used; called in other threads.
    log
        Collects what is printed.
    done
        How many of its code cells were executed before.
    """

    def __init__(
        self,
        notebook: Any,
        *,
        save: Callable[[bytes], None],
        report: Callable[[Progress, str, Usage | None], None],
        log: LogTail,
        done: int = 0,
    ) -> None:
        self.notebook = notebook
        self.failure: Failure | None = None
        self.usage: Usage | None = None
        self.ended = False
        self.preparing = False
        self._stop: Callable[[], None] | None = None
        self.log = log
        self._save = save
        self._report = report
        self._code = [i for i, c in enumerate(notebook.cells) if c.cell_type == "code"]
        self._done = done
        self._current: int | None = None
        self._grown = True
        self._moved = True
        self._used_at = 0.0

    @property
    def progress(self) -> Progress:
        """How many code cells are done, and which one runs."""
        total = len(self._code)
        current = self._current if self._done < total else None
        return Progress(done=self._done, total=total, current=current)

    # -- what the engine tells -----------------------------------------------------------------

    def started(self, stop: Callable[[], None]) -> None:
        """Keep the way to end the execution; take it at once when that was asked for before."""
        self._stop = stop
        if self.ended:
            stop()

    def end(self) -> None:
        """End the execution, from any thread, whether it has started or not."""
        self.ended = True
        if self._stop is not None:
            self._stop()

    def cell_started(self, index: int) -> None:
        """Note which cell runs."""
        self._current = index
        self.preparing = False
        self._moved = True

    def cell_failed(self, index: int, error: CellExecutionError) -> None:
        """Keep why the notebook failed; ``sys.exit(0)`` is no failure, it just ends it."""
        self._grown = self._moved = True
        if error.ename == "SystemExit" and error.evalue in {"", "0", "None"}:
            return
        trace: list[str] = next(
            (o.traceback for o in self.notebook.cells[index].outputs if o.output_type == "error"),
            [],
        )
        self.failure = Failure(
            name=error.ename,
            message=self.log.clean(str(error.evalue)),
            cell=index,
            traceback=tuple(self.log.clean(line) for line in trace),
        )

    def cell_ended(self) -> None:
        """Count a cell that ran to its end."""
        self._done += 1
        self._grown = self._moved = True

    def output(self, text: str) -> None:
        """Note that there is something new to see."""
        self.log.write(text)
        self._grown = True
        self._moved = self._moved or bool(text)

    def prepared(self, text: str) -> None:
        """Show that what the notebook requires is installed, and how that goes."""
        self.preparing = True
        self.log.write(text)
        self._moved = True

    def said(self, text: str) -> None:
        """Add what the kernel's process itself wrote."""
        self.log.write(text)

    def used(self, usage: Usage) -> None:
        """Note what was used; that alone is told now and then only."""
        self.usage = usage
        if time.monotonic() - self._used_at > _USAGE_PAUSE:
            self._used_at = time.monotonic()
            self._moved = True

    # -- what the world sees -------------------------------------------------------------------

    async def live(self) -> None:
        """Save and report what is new, at a pace that does not slow the notebook down."""
        next_save = 0.0
        while True:
            if self._moved:
                self._moved = False
                await self._try(self._report, self.progress, self.log.text(), self.usage)
            if self._grown and time.monotonic() >= next_save:
                self._grown = False
                began = time.monotonic()
                await self._try(self._save, self.serialised())
                took = time.monotonic() - began
                next_save = time.monotonic() + max(_SHORTEST_PAUSE, took * _SAVE_SHARE)
            await asyncio.sleep(_TICK)

    def serialised(self) -> bytes:
        """Return the notebook as it is now."""
        try:
            return bytes(nbformat.writes(self.notebook), "utf-8")
        except UnicodeEncodeError:  # half of a surrogate pair, as some outputs have
            return bytes(nbformat.writes(self.notebook, ensure_ascii=True), "ascii")

    async def _try(self, keep: Callable[..., None], *values: Any) -> None:
        # In a thread: neither a slow nor an absent database may hold up the kernel's messages.
        try:
            await asyncio.to_thread(keep, *values)
        except (StorageUnavailableError, StorageFullError) as error:
            self._grown = self._moved = True
            _log.warning("the run goes on, its outputs are kept later: %s", error)
            await asyncio.sleep(1)
        except OmegaError as error:
            _log.warning("an intermediate state was not kept: %s", error)
