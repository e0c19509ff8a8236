"""Kept kernels: those of failed runs, which a worker keeps for a while to go on in them."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.core.limits import size_text
from omegaml_lab.runtime.kernels.kernel_processes import KernelProcess, lent
from omegaml_lab.runtime.records.run_reader import utcnow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from omegaml_lab.core.runs import Run
    from omegaml_lab.runtime.records.kept_records import KeptRecords

__all__ = ["Keep", "KeptKernel", "KeptKernels"]

_log = logging.getLogger(__name__)

Widgets = tuple[dict[str, Any], dict[str, Any]]
Keep = Callable[[KernelProcess, Widgets], bool]
"""Asked whether to keep a kernel in which a cell failed, with the state of its widgets."""

_LOOK = 0.5


@dataclass(slots=True, kw_only=True, eq=False)
class KeptKernel:
    """A kernel that lives on after `run`, in which it has run the code of `cells`.

    It has what the notebook `requires` then.
    """

    run: Run
    kernel: KernelProcess
    cells: list[Any]
    widgets: Widgets
    requires: Sequence[str] = ()
    until: float = 0.0

    @property
    def code(self) -> list[Any]:
        """The code cells among them, with their outputs."""
        return [cell for cell in self.cells if cell.cell_type == "code"]

    def fill(self, notebook: Any) -> int:
        """Give a notebook the outputs of the cells that were executed; return of how many."""
        code = (cell for cell in notebook.cells if cell.cell_type == "code")
        executed = self.code
        for cell, before in zip(code, executed, strict=False):
            cell.outputs, cell.execution_count = before.outputs, before.execution_count
            cell.metadata = {**cell.metadata, **_timing(before.metadata)}
        return len(executed)

    @contextlib.asynccontextmanager
    async def start(
        self, name: str, *, environment: Mapping[str, str], **_: Any
    ) -> AsyncIterator[KernelProcess]:
        """Lend the kernel, as `KernelSource.start` does."""
        del name  # it is that of the notebook as it was
        changed = {key: environment[key] for key in _TOLD if key in environment}
        self.kernel.resume(environment["OMEGA_RUN"], changed)
        async with lent(self.kernel) as kernel:
            yield kernel


_TOLD = ("OMEGA_RUN", "OMEGA_USER")


def _timing(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {key: metadata[key] for key in ("papermill", "execution") if key in metadata}


class KeptKernels:
    """The kept kernels of one worker; it may be used by many threads.

    Parameters
    ----------
    records
        What the runs say of their kernels.
    limit
        How many are kept at most; the oldest goes first.
    resume
        Called with the id of a run that goes on in one of them, maybe more than once.
    """

    def __init__(
        self, records: KeptRecords, *, limit: int, resume: Callable[[str], object]
    ) -> None:
        self.limit = limit
        self._records = records
        self._resume = resume
        self._kept: dict[str, KeptKernel] = {}
        self._lock = threading.Lock()
        self._closed = False

    def put(self, kept: KeptKernel, seconds: float) -> bool:
        """Keep a kernel for so long; False when none is kept any more."""
        kept.until = time.monotonic() + seconds
        return self._put(kept)

    def put_back(self, kept: KeptKernel, by: str) -> None:
        """Keep a kernel that was taken as long as it was to be, for others than run `by`."""
        if not self._put(kept):
            self._end(kept)
        with contextlib.suppress(OmegaError):  # or nobody can resume it, and it is given up
            self._records.release(kept.run.id, by, until=self.until(kept.run.id))

    def _put(self, kept: KeptKernel) -> bool:
        with self._lock:
            if self._closed or not self.limit:
                return False
            kept.kernel.kept = True
            self._kept[kept.run.id] = kept
        with contextlib.suppress(OmegaError):  # each round tries it again
            self._trim()
        return True

    def until(self, run_id: str) -> datetime | None:
        """Return how long the kernel of a run is kept; None when it is not."""
        kept = self._kept.get(run_id)
        return utcnow() + timedelta(seconds=kept.until - time.monotonic()) if kept else None

    def take(self, run_id: str) -> KeptKernel | None:
        """Take the kernel of a run to go on in it; None when it is not there any more."""
        kept = self._forget(run_id)
        if kept is not None:
            kept.kernel.kept = False  # so that who took it ends it, whatever happens
        with contextlib.suppress(OmegaError):  # it is announced: nobody else can ask for it
            self._records.gone(run_id)
        if kept is not None and kept.kernel.process.poll() is not None:
            self._end(kept)
            return None
        return kept

    def give_up(self, run_id: str) -> None:
        """End the kernel of a run, if it is kept."""
        if (kept := self._forget(run_id)) is not None:
            self._end(kept)

    def close(self) -> None:
        """End all of them, and keep none any more."""
        with self._lock:
            self._closed = True
            kept, self._kept = list(self._kept.values()), {}
        for each in kept:
            self._end(each)
        for each in kept:
            with contextlib.suppress(OmegaError):  # the sweeper finds it without a worker
                self._gone(each)

    def mind(self, stop: threading.Event) -> None:
        """Look after them until `stop` is set: time, memory, and whether they live."""
        while not stop.wait(_LOOK):
            if not self._kept:
                continue
            try:
                self._mind()
            except OmegaError as error:
                _log.warning("kept kernels stay as they are: %s", error)

    def _mind(self) -> None:
        for kept in list(self._kept.values()):
            if (reason := _fault(kept)) is not None and self._forget(kept.run.id) is not None:
                self._end(kept)
                self._gone(kept, notice=f"Its kernel, which was kept, ended: {reason}.")
        there = list(self._kept.items())  # of what comes from now on, `known` knows nothing
        known = self._records.of([run_id for run_id, _ in there])
        for run_id, kept in there:
            run = known.get(run_id)
            if run is None or run.worker != kept.run.worker:  # void, and another's now
                self.give_up(run_id)
            elif run.final and run.resumed_by is not None:
                self._mind_resumed(run_id, run.resumed_by)
            elif run.final and (run.kept_until is None or time.monotonic() > kept.until):
                self._expire(run_id)
        self._trim()

    def _mind_resumed(self, run_id: str, by: str) -> None:
        if self._records.waits(run_id, by):
            self._resume(by)  # it may have missed that it is asked for

    def _trim(self) -> None:
        """End the oldest ones that are too many, but those that somebody is about to resume."""
        with self._lock:
            superfluous = list(self._kept)[: -self.limit] if self.limit else list(self._kept)
        for run_id in superfluous:
            self._expire(run_id)

    def _expire(self, run_id: str) -> None:
        if self._records.give_up(run_id):
            self.give_up(run_id)

    def _gone(self, kept: KeptKernel, *, notice: str | None = None) -> None:
        run = self._records.gone(kept.run.id, notice=notice)
        if run is not None and run.resumed_by is not None:
            self._resume(run.resumed_by)  # it has to be told

    def _forget(self, run_id: str) -> KeptKernel | None:
        with self._lock:
            return self._kept.pop(run_id, None)

    def _end(self, kept: KeptKernel) -> None:
        kept.kernel.kept = False
        kept.kernel.close()
        _log.info("the kernel of run %s is not kept any more", kept.run.id)


def _fault(kept: KeptKernel) -> str | None:
    """Return what is wrong with a kernel, None if nothing is."""
    if kept.kernel.process.poll() is not None:
        return kept.kernel.reason()
    limit, memory = kept.run.limits.memory, kept.kernel.family.measure()
    if limit is not None and memory > limit:
        return f"it had {size_text(memory)} in memory, and may have {size_text(limit)}"
    return None
