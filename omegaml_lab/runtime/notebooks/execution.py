"""One attempt at a run: from the claim to the final status."""

from __future__ import annotations

import logging
import random
import threading
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from omegaml_lab.core.errors import (
    InvalidNotebookError,
    InvalidRequirementError,
    OmegaError,
    RequirementsRefusedError,
)
from omegaml_lab.core.modules import MODULES, ModuleFolder
from omegaml_lab.core.names import MAX_LENGTH, Name, parent_of
from omegaml_lab.core.parameters import INJECTED
from omegaml_lab.core.resuming import code_of, kept_seconds
from omegaml_lab.core.runs import RESULT_OF, RESULTS, Failure, Progress, Run, Status
from omegaml_lab.runtime.jobs.notebooks import prepare
from omegaml_lab.runtime.jobs.requirements import required_by
from omegaml_lab.runtime.jobs.scraps import recorded_in
from omegaml_lab.runtime.kernels.kept import KeptKernel
from omegaml_lab.runtime.kernels.kernel_specs import UnknownKernelError
from omegaml_lab.runtime.notebooks.beside import KernelsBeside
from omegaml_lab.runtime.notebooks.cells import KernelDiedError, KernelLostError, LimitError
from omegaml_lab.runtime.notebooks.engine import OmegaEngine
from omegaml_lab.runtime.notebooks.live import LiveNotebook
from omegaml_lab.runtime.notebooks.log import LogTail
from omegaml_lab.runtime.records.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omegaml_lab.core.limits import Usage
    from omegaml_lab.runtime.kernels.kept import KeptKernels, Widgets
    from omegaml_lab.runtime.kernels.kernel_processes import KernelProcess
    from omegaml_lab.runtime.kernels.kernels import KernelSource
    from omegaml_lab.runtime.notebooks.allowance import Allowance
    from omegaml_lab.runtime.notebooks.cells import Kernels
    from omegaml_lab.runtime.records.run_records import Claim, RunRecords
    from omegaml_lab.storage.heads import Head
    from omegaml_lab.store.jobs import JobStore

__all__ = ["Execution", "StopReason", "result_name"]

_log = logging.getLogger(__name__)

T = TypeVar("T")

_HOPELESS = (UnknownKernelError, InvalidRequirementError, RequirementsRefusedError)
"""Failures that another attempt would end with too."""
_PREPARING = "What the notebook requires is being installed; the log tells how that goes."


class StopReason(Enum):
    """Why an execution ends before its notebook does."""

    CANCELLED = "somebody cancelled it"
    GIVEN_BACK = "the worker shuts down"
    VOID = "the run was given to another worker"


class Execution:
    """Performs a claimed run.

    Parameters
    ----------
    claim
        The right to do so.
    runs, jobs
        Where the run is kept, and the notebook and its result.
    kernels
        Starts the kernel.
    environment
        What the kernel's environment has beside that of the worker.
    secrets
        Texts that must not show up in log and error.
    allowance
        How much the run may leave behind.
    shelf
        Where the kernel is kept when a cell fails; None keeps none.
    """

    def __init__(
        self,
        claim: Claim,
        *,
        runs: RunRecords,
        jobs: JobStore,
        kernels: KernelSource,
        environment: Mapping[str, str],
        secrets: Sequence[str] = (),
        allowance: Allowance,
        shelf: KeptKernels | None = None,
    ) -> None:
        self.claim = claim
        self._shelf = shelf
        self._before: KeptKernel | None = None
        self._allowance = allowance
        self._runs = runs
        self._jobs = jobs
        self._kernels = kernels
        self._environment = {**environment, "OMEGA_RUN": claim.run.id}
        self._folder = ""
        self._log = LogTail(secrets)
        self._live: LiveNotebook | None = None
        self._reason: StopReason | None = None
        self._lock = threading.Lock()
        self._hopeless = self._lost = self._saved = False

    def stop(self, reason: StopReason) -> None:
        """End the kernel with all its children; :meth:`perform` then returns soon."""
        with self._lock:
            self._reason = self._reason or reason
            if self._live is not None:
                self._live.end()

    def perform(self) -> Run | None:
        """Execute the notebook, keep its result and end the run.

        Returns
        -------
        The run as it ended (or was given back), None when the claim had become void.
        """
        try:
            live = self._start()
        except OmegaError as error:
            return self._finish(Status.FAILED, Progress(), self._failure(error))
        failure: Failure | None = None
        died = False
        try:
            self._execute(live)
        except OmegaError as error:
            died = isinstance(error, KernelDiedError)
            self._hopeless = isinstance(error, _HOPELESS)
            self._lost = isinstance(error, KernelLostError)
            failure = self._failure(error)
            if live.failure is not None and isinstance(error, LimitError):
                # Where the cell was when it was interrupted.
                failure = replace(failure, traceback=live.failure.traceback)
                live.failure = None
        return self._conclude(live, live.failure or failure, stopped=died)

    def fail(self, error: BaseException) -> Run | None:
        """End the run for a reason that nobody foresaw, with what there is of its notebook."""
        failure, live = self._failure(error), self._live
        if live is None:
            return self._finish(Status.FAILED, Progress(), failure)
        failure = replace(failure, cell=live.progress.current)
        try:
            return self._conclude(live, failure, stopped=True)
        except (OmegaError, TypeError, ValueError) as further:
            # The notebook may be what cannot be kept: then the run ends without it.
            _log.warning("run %s ends without its notebook: %s", self.claim.run.id, further)
            return self._finish(Status.FAILED, live.progress, failure)

    def _start(self) -> LiveNotebook:
        notebook = self._prepared()
        done = len(self._before.code) if self._before else 0
        live = LiveNotebook(
            notebook, save=self._save, report=self._report, log=self._log, done=done
        )
        with self._lock:
            self._live = live
            if self._reason is not None:
                live.end()
        return live

    def _prepared(self) -> Any:
        run, head = self.claim.run, self._patiently(self._head)
        job, found = head.metadata.name, self._patiently(lambda: self._jobs.read_state(head))
        notebook = prepare(job, found, run.parameters)
        notebook.metadata[RESULT_OF] = {"run": run.id, "job": run.job}
        # Beside it where it is now: it may have been moved since somebody asked.
        self._folder = parent_of(job)
        self._environment[MODULES] = str(ModuleFolder(bucket=run.bucket, folder=self._folder))
        return notebook

    def _head(self) -> Head:
        """Return the revision that was asked for, of that notebook and no other one."""
        run = self.claim.run
        if run.object is None:  # an earlier version asked for it
            return self._jobs.head_of(Name(run.job, revision=run.revision))
        head = self._jobs.state_of(run.object, run.revision, was=run.job)
        if head is None:
            reason = (
                f"revision {run.revision}, which was asked to run, is not kept any more; run it"
                " again to run the present one"
            )
            raise InvalidNotebookError(run.job, reason)
        return head

    def _execute(self, live: LiveNotebook) -> None:
        OmegaEngine.execute_notebook(
            live.notebook,
            live.notebook.metadata.kernelspec.name,
            progress_bar=False,
            autosave_cell_every=0,
            observer=live,
            kernels=self._beside(self._before or self._kernels),
            environment=self._environment,
            output_limit=self._allowance.outputs,
            limits=self.claim.run.limits,
            keep=self._keep if self._shelf else None,
            kept=self._before,
            requires=required_by(live.notebook),
        )

    def _beside(self, kernels: Kernels) -> KernelsBeside:
        """Return kernels that have the files beside the notebook."""
        run = self.claim.run
        return KernelsBeside(
            kernels,
            run=run.id,
            folder=self._folder,
            jobs=self._jobs,
            limit=self._allowance.files,
            say=self._log.write,
            given_up=lambda: self._reason in {StopReason.VOID, StopReason.GIVEN_BACK},
        )

    def _keep(self, kernel: KernelProcess, widgets: Widgets) -> bool:
        """Keep the kernel in which a cell has failed, if that is wanted."""
        run, live = self.claim.run, self._live
        seconds = kept_seconds(run)
        if not (self._shelf and seconds and live and live.failure):
            return False
        cells = live.notebook.cells[: live.failure.cell]
        kept = KeptKernel(
            run=run,
            kernel=kernel,
            cells=cells,
            widgets=widgets,
            requires=required_by(live.notebook),
        )
        return self._shelf.put(kept, seconds)

    def _kept(self) -> dict[str, Any]:
        """Return what the run says of its kernel, when that is kept."""
        until = self._shelf.until(self.claim.run.id) if self._shelf else None
        if until is None or self._live is None or self._live.failure is None:
            return {}
        cells = self._live.notebook.cells[: self._live.failure.cell]
        return {"kept_until": until, "executed": code_of(cells, without=INJECTED)}

    def _conclude(self, live: LiveNotebook, error: Failure | None, *, stopped: bool) -> Run | None:
        reason = self._reason if stopped else None
        if reason is StopReason.VOID:
            return None
        if reason is StopReason.GIVEN_BACK:
            return self._give_back(live)
        # The result is whole before the run says so: nobody finds half of it.
        self._patiently(lambda: self._save(live.serialised()))
        if reason is StopReason.CANCELLED:
            return self._finish(Status.CANCELLED, live.progress, None)
        if error is None:
            return self._finish(Status.SUCCEEDED, live.progress, None)
        # With its kernel the run was lost, as it is with its worker.
        status = Status.LOST if self._lost else Status.FAILED
        return self._try_again(error, status) or self._finish(status, live.progress, error)

    def _try_again(self, error: Failure, status: Status) -> Run | None:
        """Queue the run for another attempt, if it has one left and that may help."""
        run = self.claim.run
        final = self._hopeless or (run.limits.retries is None and status is not Status.LOST)
        if final or run.attempt >= run.max_attempts:
            return None
        wait = run.limits.wait(run.attempt, chance=random.random())  # noqa: S311 - no secret
        return self._patiently(
            lambda: self._runs.retry(
                self.claim, error, status, log=self._log.text(), usage=self._usage, wait=wait
            )
        )

    @property
    def _usage(self) -> Usage | None:
        return self._live.usage if self._live else None

    def _give_back(self, live: LiveNotebook) -> Run | None:
        notice = f"Worker {self.claim.run.worker} shut down; the run waits for another one."
        # Dropped first: a worker that dies in between leaves no result that no run knows of.
        try:
            self._jobs.drop(Name(str(self.claim.run.result)), missing_ok=True, keep=False)
        except OmegaError as error:
            _log.warning("the half result of run %s stays: %s", self.claim.run.id, error)
        given = self._runs.give_back(self.claim, notice=notice)
        if given is not None and given.status is Status.CANCELLED:
            self._patiently(lambda: self._save(live.serialised()))
        return given

    def _save(self, notebook: bytes) -> None:
        run = self.claim.run
        attributes = {"run": run.id, "job": run.job}
        self._jobs.put(
            notebook, Name(str(run.result)), kind="notebook", attributes=attributes, keep=False
        )
        self._saved = True

    def _report(self, progress: Progress, log: str, usage: Usage | None) -> None:
        notice = _PREPARING if self._live and self._live.preparing else None
        if self._runs.report(self.claim, progress, log, usage, notice) is None:
            self.stop(StopReason.VOID)

    def _finish(self, status: Status, progress: Progress, error: Failure | None) -> Run | None:
        return self._patiently(
            lambda: self._runs.finish(
                self.claim,
                status,
                progress=progress,
                log=self._log.text(),
                error=error,
                usage=self._usage,
                recorded=recorded_in(self._live.notebook) if self._live else None,
                kept=self._kept() if self._saved else {"result": None},
            )
        )

    def _failure(self, error: BaseException) -> Failure:
        cell = error.cell if isinstance(error, KernelDiedError) else None
        name = type(error).__name__
        return Failure(name=name, message=self._log.clean(str(error)), cell=cell)

    def _patiently(self, act: Callable[[], T]) -> T:
        what = f"run {self.claim.run.id}"
        return patiently(act, what=what, hurried=lambda: self._reason is StopReason.GIVEN_BACK)


def result_name(run: Run) -> str | None:
    """Return the name of the notebook that an attempt at `run` writes; None of a call."""
    if run.kind != "job":
        return None
    moment = run.started_at or run.queued_at
    folder = run.job.removesuffix(".ipynb")
    name = f"{RESULTS}/{folder}/{moment:%Y-%m-%d %H.%M.%S} {run.id[:6]}.ipynb"
    return name if len(name.encode()) <= MAX_LENGTH else f"{RESULTS}/{run.id}.ipynb"
