"""Answers: the end of calls, told to who waits for it, through one change feed."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from omegaml_lab.core.errors import RunTimeoutError, StorageUnavailableError
from omegaml_lab.core.runs import FINAL

if TYPE_CHECKING:
    from omegaml_lab.core.runs import Run
    from omegaml_lab.runtime.records.run_records import RunRecords

__all__ = ["Answers"]

_LOOK = 5.0
_STANDS = 10.0
_ENDED = {"status": [status.value for status in FINAL]}


class Answers:
    """Listens for the end of runs while somebody waits, in one thread for all."""

    def __init__(self, runs: RunRecords) -> None:
        self._runs = runs
        # Each for as long as somebody has it: who never waits leaves nothing behind.
        self._awaited: WeakValueDictionary[str, Future[Run]] = WeakValueDictionary()
        self._lock = threading.Lock()
        self._stop: threading.Event | None = None
        self._stands = threading.Event()

    def expect(self, run_id: str) -> Future[Run]:
        """Return what will be the run when it has ended; to be asked for before it is queued.

        Keep it until you `wait`: an answer that came before is in it.
        """
        with self._lock:
            future = self._awaited.setdefault(run_id, Future())
            if self._stop is None:
                self._stop = threading.Event()
                threading.Thread(
                    target=self._listen, args=(self._stop,), name="answers", daemon=True
                ).start()
        self._stands.wait(_STANDS)
        return future

    def wait(self, run_id: str, timeout: float | None) -> Run:
        """Return the run when it has ended.

        Raises
        ------
        RunTimeoutError
            If it has not after `timeout` seconds; it goes on.
        StorageUnavailableError
            If MongoDB does not say so by then.
        """
        with self._lock:
            # What nobody expects any more may have been answered before it was waited for.
            pause = _LOOK if run_id in self._awaited else 0.0
        future = self.expect(run_id)
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = pause if deadline is None else min(pause, deadline - time.monotonic())
            pause = _LOOK
            with contextlib.suppress(FutureTimeoutError):
                return future.result(max(0, left))
            over = deadline is not None and time.monotonic() >= deadline
            # What a feed that was cut off for long may have missed.
            try:
                run = self._runs.get(run_id)
            except StorageUnavailableError:
                if over:
                    raise
                continue
            if run.final:
                return run
            if over:
                raise RunTimeoutError(run_id, timeout or 0, run.status, notice=run.notice)

    def close(self) -> None:
        """Listen no more; a later wait listens again."""
        with self._lock:
            stop, self._stop = self._stop, None
            self._stands.clear()
        if stop is not None:
            stop.set()

    def _listen(self, stop: threading.Event) -> None:
        for run in self._runs.changes(stop, poll=0.5, to=_ENDED):
            self._stands.set()
            if run is not None and run.final:
                with self._lock:
                    future = self._awaited.get(run.id)
                if future is not None and not future.done():
                    future.set_result(run)
