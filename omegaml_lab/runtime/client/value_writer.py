"""Writes what a run logs, in batches and without holding up who logs.

A thread writes what has come up about every second, and at once when there is a lot. So a
process that is killed loses what it has logged in its last second, and nothing before; what
`flush` or `close` returned from is on disk.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import secrets
import threading
import time
import weakref
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.core.experiments import Fact, Kept
from omegaml_lab.storage.values import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omegaml_lab.core.runs import Run
    from omegaml_lab.storage.values import ValueRecords

__all__ = ["ValueWriter", "flush_all"]

_log = logging.getLogger(__name__)

_ROUND = 1.0
_BATCH = 5_000
_LONGEST = 1_000_000
"""Characters of the facts of a batch, which has to fit into one document."""
_MOST_WAITING = 1_000_000
_BEAT = 5.0


class ValueWriter:
    """Takes what one run logs to one experiment; any number of threads may do so.

    Parameters
    ----------
    values
        Where it is kept.
    run
        The run that it belongs to.
    experiment
        What it is logged to.
    beat
        Called about every five seconds, for a run that nobody else keeps alive.
    """

    _metrics: list[tuple[str, int, float, float]]
    _facts: list[Fact]
    _batch: Batch | None
    _count: int
    _thread: threading.Thread | None

    def __init__(
        self,
        values: ValueRecords,
        run: Run,
        experiment: str,
        *,
        beat: Callable[[], None] | None = None,
    ) -> None:
        self._values = values
        self._run = run
        self._experiment = experiment
        self._beat = beat
        self._closed = False
        self._next_step: dict[str, int] = {}
        self._reset()
        _open.add(self)
        if beat is not None:
            self._start()

    def metric(self, name: str, value: float, step: int | None) -> None:
        """Take a value; without a step it has the one after the last of this metric, from 0."""
        if self._pid != os.getpid():  # a fork: the locks may be held by nobody
            self._reset()
        with self._lock:
            if step is None:
                step = self._next_step.get(name, 0)
            self._next_step[name] = step + 1
            self._metrics.append((name, step, value, time.time()))
            waiting = len(self._metrics)
        self._start()
        if waiting >= _MOST_WAITING:
            self.flush()  # the repository has been away for long: now it has to say so
        elif waiting >= _BATCH:
            self._wake.set()

    def fact(self, kind: Kept, name: str, value: str) -> None:
        """Take something that is true of the whole run."""
        if self._pid != os.getpid():
            self._reset()
        with self._lock:
            self._facts.append(Fact(kind=kind, name=name, value=value, at=time.time()))
        self._start()

    def flush(self) -> None:
        """Return when all that was taken up to now is on disk.

        Raises
        ------
        StorageUnavailableError
            If the repository does not answer; it is kept later.
        """
        if self._pid != os.getpid():
            self._reset()
        with self._writing:
            while (batch := self._batch or self._cut()) is not None:
                self._batch = batch  # the same one again when it fails
                self._values.add(batch)
                self._batch = None

    def close(self) -> None:
        """Stop the thread; what has come up is for `flush` to write."""
        self._closed = True
        self._wake.set()

    def _cut(self) -> Batch | None:
        """Return the next batch of what waits, None when nothing does."""
        with self._lock:
            metrics, self._metrics = self._metrics[:_BATCH], self._metrics[_BATCH:]
            some = _fitting(self._facts[:_BATCH])
            facts, self._facts = self._facts[:some], self._facts[some:]
        if not metrics and not facts:
            return None
        self._count += 1
        names = {name: place for place, name in enumerate(dict.fromkeys(m[0] for m in metrics))}
        return Batch(
            id=f"{self._run.id}/{self._token}/{self._count}",
            bucket=self._run.bucket,
            experiment=self._experiment,
            run=self._run.id,
            attempt=self._run.attempt,
            names=tuple(names),
            which=[names[name] for name, _, _, _ in metrics],
            steps=[step for _, step, _, _ in metrics],
            values=[value for _, _, value, _ in metrics],
            times=[at for _, _, _, at in metrics],
            facts=tuple(facts),
        )

    def _start(self) -> None:
        if self._thread is not None or self._closed:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="values", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        beaten, told = time.monotonic(), False
        while not self._closed:
            self._wake.wait(_ROUND)
            self._wake.clear()
            try:
                self.flush()
                if self._beat is not None and time.monotonic() - beaten >= _BEAT:
                    beaten = time.monotonic()
                    self._beat()
                told = False
            except OmegaError as error:
                if not told:
                    _log.warning("what is logged to %s waits: %s", self._experiment, error)
                told = True
            if self._beat is None and self._idle():
                return

    def _idle(self) -> bool:
        """Say whether nothing waits: then the next value starts another thread."""
        with self._lock:
            idle = not (self._metrics or self._facts or self._batch)
            if idle:
                self._thread = None
            return idle

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._token = secrets.token_hex(4)
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._metrics = []
        self._facts = []
        self._batch = None
        self._count = 0
        self._thread = None


def _fitting(facts: Sequence[Fact]) -> int:
    """Return how many of these go into one batch, at least one if there is one."""
    size = 0
    for count, fact in enumerate(facts):
        size += len(fact.name) + len(fact.value)
        if size > _LONGEST and count:
            return count
    return len(facts)


_open: weakref.WeakSet[ValueWriter] = weakref.WeakSet()
"""The writers of this process, for the moments at which all has to be on disk."""


def flush_all() -> None:
    """Return when all that this process has logged is on disk.

    Raises
    ------
    StorageUnavailableError
        If the repository does not answer.
    """
    for writer in list(_open):
        writer.flush()


@atexit.register
def _last() -> None:
    with contextlib.suppress(OmegaError):
        flush_all()
