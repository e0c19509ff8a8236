"""Recording: what a run reads is noted, and what it writes says so.

A kernel's environment names its run (``OMEGA_RUN``); what performs runs in its own process
names them with `recording`.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.core.lineage import Relation
from omegaml_lab.storage.lineage import Read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.core.lineage import Reference
    from omegaml_lab.storage.heads import Head
    from omegaml_lab.storage.lineage import LineageRecords

__all__ = ["MOST", "Recorder", "recording"]

MOST = 10_000
"""So many revisions that a run reads are noted; of more only that there were more."""

_log = logging.getLogger(__name__)
_run: ContextVar[str | None] = ContextVar("omega_run", default=None)


@contextlib.contextmanager
def recording(run: str) -> Iterator[None]:
    """Let all that this thread reads and writes in the block belong to a run."""
    token = _run.set(run)
    try:
        yield
    finally:
        _run.reset(token)


class Recorder:
    """Notes what runs read, each revision once, without holding up the reader.

    A thread writes the notes down; a write of the run waits for that. So what a run made
    always tells all that it had read before, even if the kernel is killed the moment after.

    Parameters
    ----------
    lineage
        Where reads are noted.
    run
        The run that all of it belongs to; by default the one that context or environment
        name, and none without.
    relation
        What a read means.
    """

    def __init__(
        self,
        lineage: LineageRecords,
        *,
        run: str | None = None,
        relation: Relation = Relation.READ,
    ) -> None:
        self._lineage = lineage
        self._given = run
        self._relation = relation
        self._seen: set[tuple[str, int]] = set()
        self._of: str | None = None
        self._pending: list[Read] = []
        self._thread: threading.Thread | None = None
        self._reset()

    @property
    def run(self) -> str | None:
        """The id of the run that reads and writes belong to now."""
        return self._given or _run.get() or os.environ.get("OMEGA_RUN") or None

    @classmethod
    def none(cls, lineage: LineageRecords) -> Recorder:
        """Return one that notes nothing, for what is nobody's data."""
        return _NoRecorder(lineage)

    def read(self, head: Head, *, later: bool = False) -> None:
        """Note that the run read a state, unless it wrote that itself.

        What is read with `later` is noted by the next `flush` or write, and by no thread.
        """
        run = self.run
        if run is None or head.metadata.run == run:
            return
        if self._pid != os.getpid():  # a fork: the locks may be held by nobody
            self._reset()
        what = head.reference
        with self._lock:
            if run != self._of:
                self._of, self._seen = run, set()
            if (what.id, what.revision) in self._seen or len(self._seen) > MOST:
                return
            self._seen.add((what.id, what.revision))
            kept: Reference | None = what if len(self._seen) <= MOST else None
            self._pending.append(Read(run=run, what=kept, relation=self._relation))
            if self._thread is None and not later:
                self._thread = threading.Thread(target=self._work, name="lineage", daemon=True)
                self._thread.start()

    def lineage(self) -> dict[str, Any]:
        """Return what a state that is written now says of its lineage; reads are noted then."""
        run = self.run
        if run is None:
            return {}
        self.flush()
        return {"run": run}

    def flush(self, *, safely: bool = True) -> None:
        """Return when all reads up to now are noted: on the disk, if `safely`.

        Raises
        ------
        StorageUnavailableError
            If the repository does not answer; they are noted later.
        """
        if self._pid != os.getpid():
            self._reset()
        with self._writing:  # who has to wait here waits for the batch of another thread
            with self._lock:
                batch, self._pending = self._pending, []
            try:
                self._lineage.note(batch, safely=safely)
            except OmegaError:
                with self._lock:
                    self._pending = batch + self._pending
                raise

    def _work(self) -> None:
        """Note what is pending until nothing is."""
        while True:
            try:
                self.flush()
            except OmegaError as error:
                _log.warning("what the run read is noted later: %s", error)
                with self._lock:
                    self._thread = None
                return
            with self._lock:
                if not self._pending:
                    self._thread = None
                    return

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._pending, self._thread = [], None
        if self.run is not None:
            atexit.register(self._last)

    def _last(self) -> None:
        if self._pid == os.getpid():
            with contextlib.suppress(OmegaError):
                self.flush()


class _NoRecorder(Recorder):
    """Belongs to no run."""

    @property
    def run(self) -> str | None:
        return None
