"""The runs of one worker process: performed, kept alive, cancelled and given back."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.calls import CALLS
from omegaml_lab.core.errors import OmegaError
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.calls.ahead import ask_ahead
from omegaml_lab.runtime.calls.call_execution import CallExecution
from omegaml_lab.runtime.kernels.kept import KeptKernels
from omegaml_lab.runtime.notebooks.allowance import Allowance
from omegaml_lab.runtime.notebooks.execution import Execution, StopReason, result_name
from omegaml_lab.runtime.notebooks.resumed_execution import ResumedExecution
from omegaml_lab.runtime.records.run_records import utcnow

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from omegaml_lab.core.runs import Run
    from omegaml_lab.runtime.calls.ahead import Ahead
    from omegaml_lab.runtime.calls.callees import Callees
    from omegaml_lab.runtime.kernels.kernels import KernelSource
    from omegaml_lab.runtime.records.run_records import Claim, RunRecords
    from omegaml_lab.storage.records import Records
    from omegaml_lab.store.jobs import JobStore

__all__ = ["Performer"]

_ENDS = 10.0  # seconds that a run may take to end when its kernel was

_log = logging.getLogger(__name__)

_OFFER = 60.0
"""Seconds between two looks at what is installed where the worker runs."""

AnyExecution = Execution | CallExecution


class Performer:
    """Performs runs for a worker, any number at once, one in each calling thread.

    Parameters
    ----------
    runs
        The runs of the repository.
    workers
        The records of its workers; this one is among them from :meth:`start` to :meth:`stop`.
    jobs
        Returns the store that the job of a run is in, and its result goes to.
    kernels
        Starts kernels.
    callees
        The processes that perform calls.
    environment
        Returns what the process of a run has in its environment beside that of the worker, given
        the run's bucket and owner.
    secrets
        Texts that must not show up in logs and errors.
    lease
        Seconds of silence after which others hold this worker for dead.
    offer
        Returns what else the record of the worker says of it, which is asked for now and then.
    allowance
        How much a run may leave behind.
    kept_kernels
        How many kernels of failed runs are kept at most.
    resume
        Called with the id of a run that waits for this worker, which has its kernel: takes and
        performs it in another thread.
    """

    def __init__(  # noqa: PLR0913 - what a worker is made of
        self,
        *,
        runs: RunRecords,
        workers: Records,
        jobs: Callable[[Run], JobStore],
        kernels: KernelSource,
        callees: Callees,
        environment: Callable[[str, str], Mapping[str, str]],
        secrets: Sequence[str] = (),
        label: str = "default",
        concurrency: int = 1,
        lease: float = 20.0,
        offer: Callable[[], Mapping[str, object]] = dict,
        allowance: Allowance | None = None,
        kept_kernels: int = 0,
        resume: Callable[[str], object] = lambda _run_id: None,
    ) -> None:
        self.id = f"{socket.gethostname()}-{os.getpid()}-{os.urandom(2).hex()}"
        self._runs = runs
        self._workers = workers
        self._jobs = jobs
        self._kernels = kernels
        self._callees = callees
        self._environment = environment
        self._secrets = secrets
        self._label = label
        self._concurrency = concurrency
        self._allowance = allowance or Allowance()
        self._resume = resume
        self._shelf = KeptKernels(runs.kept, limit=kept_kernels, resume=resume)
        self._offer, self._offered_at = offer, -_OFFER
        self._kernel_names: Collection[str] = ()
        self._beat = min(lease / 4, 5.0)
        self._started = utcnow()
        self._going: dict[str, AnyExecution] = {}
        self._taking: dict[str, bool] = {}  # whether somebody cancelled it meanwhile
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._draining = threading.Event()

    def start(self) -> None:
        """Show up among the workers, and keep an eye on the runs from now on."""
        try:
            self._workers.upsert(self.id, self._record())
        except OmegaError as error:
            _log.warning("the first heartbeat will tell of this worker: %s", error)
        for mind in (self._mind_leases, self._mind_cancels):
            threading.Thread(target=mind, name=mind.__name__, daemon=True).start()
        threading.Thread(target=self._shelf.mind, args=(self._stop,), daemon=True).start()

    def stop(self, *, grace: float = 0.0) -> None:
        """Disappear from the workers; a run that still goes has `grace` seconds to end."""
        self._settle(grace)
        self.give_back()
        self._settle(_ENDS)
        self._stop.set()
        self._callees.close()
        with contextlib.suppress(OmegaError):
            self._workers.delete(self.id)

    def give_back(self) -> None:
        """Put the runs that go on back into the queue, and take no new ones."""
        with self._lock:
            self._draining.set()
            going = list(self._going.values())
        for execution in going:
            execution.stop(StopReason.GIVEN_BACK)

    def resize(self, concurrency: int) -> None:
        """Tell of so many slots from now on, and keep as many processes for calls."""
        self._concurrency = concurrency
        self._callees.keep(concurrency)

    def give_up_kernels(self) -> None:
        """End the kernels of failed runs, and keep none any more."""
        self._shelf.close()

    def _settle(self, seconds: float) -> None:
        """Wait until no run goes on."""
        deadline = time.monotonic() + seconds
        while self._going and time.monotonic() < deadline:
            time.sleep(0.05)

    @property
    def busy(self) -> int:
        """How many runs go on."""
        return len(self._going)

    def take(
        self, run_id: str, kind: str | None = None, told: Mapping[str, Any] | None = None
    ) -> AnyExecution | None:
        """Claim a run, or one that goes before it; None when there is none to be had.

        It may be with another worker already, or cancelled: a message that comes twice does no
        harm. Before a call, which its `kind` tells, none goes; what else a message has `told`
        of it is asked meanwhile.

        Raises
        ------
        IntegrityError
            If this version does not understand it; it waits on for a worker that does.
        """
        if self._draining.is_set():
            return None
        with self._lock:  # from before the claim on, so that no cancel after it is missed
            self._taking[run_id] = False
        claim = ahead = None
        try:
            if told:
                ahead = ask_ahead(self._callees, run_id, told, environment=self._environment)
            claim = self._claim(run_id, kind)
        finally:
            if claim is None:
                with self._lock:
                    self._taking.pop(run_id, None)
                if ahead is not None:
                    ahead.leave()
        if claim is None:
            _log.info("run %s does not wait any more, nor does another", run_id)
            return None
        execution = self._execution(claim, ahead)
        with self._lock:
            self._going[claim.run.id] = execution
            unwanted = self._taking.pop(run_id, False)
        # Of another run that went before it the look below learns.
        cancelled = unwanted and claim.run.id == run_id
        if cancelled:
            execution.stop(StopReason.CANCELLED)
        if self._draining.is_set():
            execution.stop(StopReason.GIVEN_BACK)
        if claim.run.kind == "job":
            # Nor where the feed of changes is late; a call has no time for this look.
            with contextlib.suppress(OmegaError):
                self._mind(execution, self._runs.find(claim.run.id))
        return execution

    def _claim(self, run_id: str, kind: str | None) -> Claim | None:
        if kind in CALLS:
            return self._runs.claim_call(run_id, worker=self.id)
        return self._runs.claim(
            run_id, worker=self.id, result=result_name, kernels=self._kernel_names
        )

    def _execution(self, claim: Claim, ahead: Ahead | None) -> AnyExecution:
        environment = self._environment(claim.run.bucket, claim.run.owner)
        if claim.run.kind != "job":
            return CallExecution(
                claim,
                runs=self._runs,
                callees=self._callees,
                environment=environment,
                secrets=self._secrets,
                ahead=ahead,
            )
        parts: dict[str, Any] = {
            "runs": self._runs,
            "jobs": self._jobs(claim.run),
            "kernels": self._kernels,
            "environment": environment,
            "secrets": self._secrets,
            "allowance": self._allowance,
            "shelf": self._shelf,
        }
        if claim.run.resumes is not None:
            return ResumedExecution(claim, before=self._shelf.take(claim.run.resumes), **parts)
        return Execution(claim, **parts)

    def perform(self, execution: AnyExecution) -> Run | None:
        """Perform a run that was taken; return it as it ended, None when it was taken away."""
        run_id, job = execution.claim.run.id, execution.claim.run.job
        _log.info("run %s of %s starts", run_id, job)
        run = execution.perform()
        if run is None:
            _log.warning("run %s was given to another worker meanwhile", run_id)
        else:
            _log.info("run %s of %s: %s", run_id, job, run.status)
        return run

    def release(self, execution: AnyExecution) -> None:
        """Stop minding a run."""
        with self._lock:
            self._going.pop(execution.claim.run.id, None)

    def _mind_leases(self) -> None:
        while not self._stop.wait(self._beat):
            try:
                for execution in list(self._going.values()):
                    self._mind(execution, self._runs.beat(execution.claim))
                self._workers.upsert(self.id, self._record())
                for run_id in self._runs.kept.held(self.id):  # that the feed did not tell of
                    self._resume(run_id)
            except OmegaError as error:
                # The runs go on: what they compute is kept once the database is back.
                _log.warning("no heartbeat: %s", error)

    def _mind_cancels(self) -> None:
        for run in self._runs.changes(
            self._stop, to={"cancel_requested": [True], "held_by": [self.id]}
        ):
            if run is None:
                continue
            if run.held_by == self.id and run.status is Status.QUEUED:
                self._resume(run.id)
            if not run.cancel_requested:
                continue
            with self._lock:
                execution = self._going.get(run.id)
                if run.id in self._taking:
                    self._taking[run.id] = True
            if execution is not None:
                execution.stop(StopReason.CANCELLED)

    def _mind(self, execution: AnyExecution, run: Run | None) -> None:
        if run is None:
            # Void, or ended by itself a moment ago: then there is nothing left to stop.
            execution.stop(StopReason.VOID)
        elif run.cancel_requested:
            execution.stop(StopReason.CANCELLED)

    def _record(self) -> dict[str, object]:
        return {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "label": self._label,
            "concurrency": self._concurrency,
            "busy": self.busy,
            "started_at": self._started,
            "heartbeat_at": utcnow(),
            **self._news(),
        }

    def _news(self) -> Mapping[str, object]:
        """Return what the worker offers when it is time to tell; it is long."""
        if time.monotonic() - self._offered_at < _OFFER:
            return {}
        self._offered_at = time.monotonic()
        try:
            offered = self._offer()
        except (OSError, ValueError) as error:
            # Something is installed or removed just now, say. It must not cost a heartbeat,
            # without which the runs that go on here are given to others.
            _log.warning("what is offered here is told later: %s", error)
            return {}
        names = offered.get("kernels")
        self._kernel_names = names if isinstance(names, list) else ()
        return offered
