"""One attempt at a call: from the claim to the final status."""

from __future__ import annotations

import random
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import CalleeDiedError
from omegaml_lab.core.runs import Failure, Progress, Run, Status
from omegaml_lab.runtime.calls.ahead import request_of
from omegaml_lab.runtime.kernels.watch import Breach, Watch
from omegaml_lab.runtime.notebooks.execution import StopReason
from omegaml_lab.runtime.notebooks.log import LogTail
from omegaml_lab.runtime.records.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omegaml_lab.core.limits import Usage
    from omegaml_lab.runtime.calls.ahead import Ahead
    from omegaml_lab.runtime.calls.callees import Callee, Callees
    from omegaml_lab.runtime.records.run_records import Claim, RunRecords

__all__ = ["CallExecution"]

_FIRST_LOOK = 0.1  # most calls have been answered by then, and cost no look


class CallExecution:
    """Performs a claimed run that calls a model or a script, in a process of its own.

    Parameters
    ----------
    claim
        The right to do so.
    runs
        Where the run is kept.
    callees
        The processes that perform calls.
    environment
        What the process has in its environment beside that of the worker.
    secrets
        Texts that must not show up in log and error.
    ahead
        The process that was asked already.
    """

    def __init__(
        self,
        claim: Claim,
        *,
        runs: RunRecords,
        callees: Callees,
        environment: Mapping[str, str],
        secrets: Sequence[str] = (),
        ahead: Ahead | None = None,
    ) -> None:
        self.claim = claim
        self._runs = runs
        self._callees = callees
        self._environment = environment
        self._ahead = ahead
        self._log = LogTail(secrets)
        self._callee: Callee | None = None
        self._watch: Watch | None = None
        self._late: Breach | None = None  # before there was anything to watch
        self._usage: Usage | None = None
        self._reason: StopReason | None = None
        self._lock = threading.Lock()
        self._began = time.monotonic()
        limits = claim.run.limits
        # What a model's process has in memory beside the model is of other calls.
        self._alone = claim.run.kind == "script" or limits.memory is not None
        self._measured = self._alone or limits.timeout is not None

    def stop(self, reason: StopReason) -> None:
        """End the process; :meth:`perform` then returns soon."""
        with self._lock:
            self._reason = self._reason or reason
            if self._callee is not None:
                self._callee.kill()

    def perform(self) -> Run | None:
        """Perform the call and end the run.

        Returns
        -------
        The run as it ended (or was given back), None when the claim had become void.
        """
        try:
            callee = self._ahead.callee if self._ahead else self._take()
        except (OSError, CalleeDiedError) as error:
            self._log.write(getattr(error, "said", ""))
            return self._stopped(error, lost=False)
        try:
            came = self._ask(callee)
            if self._measured and self._watch is not None:
                self._watch.rest()
            return self._conclude(came)
        except CalleeDiedError as error:
            self._log.write(error.said)
            return self._stopped(error, lost=callee.abandoned)
        finally:
            with self._lock:
                self._callee = None
            self._callees.give_back(callee, self._environment, fresh=self._alone)

    def fail(self, error: BaseException) -> Run | None:
        """End the run as failed for a reason that nobody foresaw."""
        return self._finish(Status.FAILED, _failure_of(error))

    def _take(self) -> Callee:
        return self._callees.take(self._environment, fresh=self._alone, wanted=self._is_awaited)

    def _is_awaited(self) -> bool:
        """Say whether to wait on for the process, which takes of the time of the run."""
        limits = self.claim.run.limits
        if limits.timeout is not None and time.monotonic() - self._began > limits.timeout:
            self._late = Breach.of_time(limits, yet="its process had not started")
        return self._reason is None and self._late is None

    def _ask(self, callee: Callee) -> dict[str, Any]:
        request = request_of(self.claim.run)
        with self._lock:
            if self._reason is not None:
                if self._ahead is not None:  # or its next caller would hear this answer
                    callee.kill()
                raise CalleeDiedError(None)
            self._callee = callee
        watch = self._watch = self._watch_over(callee)
        hear = partial(callee.answer, partial(self._look, callee, watch), after=_FIRST_LOOK)
        if self._ahead is None:
            callee.begin(request)
        came = hear()
        if self._ahead is None or request == self._ahead.request:
            return came
        # What the message said may be of somebody who can send messages, and nothing else.
        callee.begin(request)
        return hear()

    def _watch_over(self, callee: Callee) -> Watch:
        run = self.claim.run
        if self._measured:
            callee.family.join(run.id)
        return Watch(callee.family, run.limits, began=self._began, tell=self._used)

    def _used(self, usage: Usage) -> None:
        if self._measured:
            self._usage = usage

    def _look(self, callee: Callee, watch: Watch) -> float:
        """End the process if a limit is not kept; return the seconds until the next look."""
        if watch.look():
            if watch.breach is not None and watch.breach.limit == "timeout":
                callee.tell_where()
            callee.kill()
        return watch.pause

    def _conclude(self, came: Mapping[str, Any]) -> Run | None:
        self._log.write(came["log"])
        if (breach := self._breach()) is not None:
            return self._end(breach)
        if (error := came.get("error")) is None:
            return self._finish(Status.SUCCEEDED, None, came["answer"])
        failure = Failure(
            name=error["name"],
            message=self._log.clean(error["message"]),
            traceback=tuple(self._log.clean(line) for line in error["traceback"]),
        )
        return self._end(failure)

    def _stopped(self, error: Exception, *, lost: bool) -> Run | None:
        if self._reason is StopReason.VOID:
            return None
        if self._reason is StopReason.CANCELLED:
            return self._finish(Status.CANCELLED, None)
        if self._reason is StopReason.GIVEN_BACK:
            notice = f"Worker {self.claim.run.worker} shut down; the run waits for another one."
            return self._runs.give_back(self.claim, notice=notice)
        if (breach := self._breach()) is not None:
            return self._end(breach)
        # What went with the nursery is lost, as what goes with its worker.
        return self._end(_failure_of(error), Status.LOST if lost else Status.FAILED)

    def _breach(self) -> Failure | None:
        """Return the failure that a limit was not kept, or that nobody let the process go on."""
        watch = self._watch
        breach = self._late if watch is None else watch.breach
        if breach is not None:
            return Failure(name=breach.error, message=f"The run was ended: {breach}")
        if watch is not None and watch.fault is not None:
            message = f"The process of the call was ended: {watch.fault}"
            return Failure(name=CalleeDiedError.__name__, message=message)
        return None

    def _end(self, failure: Failure, status: Status = Status.FAILED) -> Run | None:
        """End an attempt that did not succeed, and queue the next one if there is to be one."""
        run, again = self.claim.run, None
        wanted = run.limits.retries is not None or status is Status.LOST
        if wanted and run.attempt < run.max_attempts:
            wait = run.limits.wait(run.attempt, chance=random.random())  # noqa: S311 - no secret
            again = self._patiently(
                lambda: self._runs.retry(
                    self.claim,
                    failure,
                    status,
                    log=self._log.text(),
                    usage=self._usage,
                    wait=wait,
                )
            )
        return again or self._finish(status, failure)

    def _finish(
        self,
        status: Status,
        failure: Failure | None,
        answer: Mapping[str, Any] | None = None,
    ) -> Run | None:
        return self._patiently(
            lambda: self._runs.finish(
                self.claim,
                status,
                progress=Progress(),
                log=self._log.text(),
                error=failure,
                answer=answer,
                usage=self._usage,
            )
        )

    def _patiently(self, act: Callable[[], Run | None]) -> Run | None:
        what = f"run {self.claim.run.id}"
        return patiently(act, what=what, hurried=lambda: self._reason is StopReason.GIVEN_BACK)


def _failure_of(error: BaseException) -> Failure:
    return Failure(name=type(error).__name__, message=str(error))
