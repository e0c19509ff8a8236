"""One attempt at a call: from the claim to the final status."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import CalleeDiedError
from omegaml_lab.core.runs import Failure, Progress, Run, Status
from omegaml_lab.runtime.calls.ahead import request_of
from omegaml_lab.runtime.notebooks.execution import StopReason
from omegaml_lab.runtime.notebooks.log import LogTail
from omegaml_lab.runtime.records.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omegaml_lab.runtime.calls.ahead import Ahead
    from omegaml_lab.runtime.calls.callees import Callee, Callees
    from omegaml_lab.runtime.records.run_records import Claim, RunRecords

__all__ = ["CallExecution"]


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
        self._reason: StopReason | None = None
        self._lock = threading.Lock()

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
        fresh = self.claim.run.kind == "script"
        try:
            callee = self._ahead.callee if self._ahead else self._take(fresh=fresh)
        except (OSError, CalleeDiedError) as error:
            self._log.write(getattr(error, "said", ""))
            return self.fail(error)
        try:
            return self._conclude(self._ask(callee))
        except CalleeDiedError as error:
            self._log.write(error.said)
            return self._stopped(error, lost=callee.abandoned)
        finally:
            with self._lock:
                self._callee = None
            self._callees.give_back(callee, self._environment, fresh=fresh)

    def fail(self, error: BaseException) -> Run | None:
        """End the run as failed for a reason that nobody foresaw."""
        return self._finish(Status.FAILED, _failure_of(error))

    def _take(self, *, fresh: bool) -> Callee:
        return self._callees.take(self._environment, fresh=fresh)

    def _ask(self, callee: Callee) -> dict[str, Any]:
        request = request_of(self.claim.run)
        with self._lock:
            if self._reason is not None:
                if self._ahead is not None:  # or its next caller would hear this answer
                    callee.kill()
                raise CalleeDiedError(None)
            self._callee = callee
        if self._ahead is None:
            return callee.ask(request)
        came = callee.answer()
        # What the message said may be of somebody who can send messages, and nothing else.
        return came if request == self._ahead.request else callee.ask(request)

    def _conclude(self, came: Mapping[str, Any]) -> Run | None:
        self._log.write(came["log"])
        if (error := came.get("error")) is None:
            return self._finish(Status.SUCCEEDED, None, came["answer"])
        failure = Failure(
            name=error["name"],
            message=self._log.clean(error["message"]),
            traceback=tuple(self._log.clean(line) for line in error["traceback"]),
        )
        return self._finish(Status.FAILED, failure)

    def _stopped(self, error: CalleeDiedError, *, lost: bool) -> Run | None:
        if self._reason is StopReason.VOID:
            return None
        if self._reason is StopReason.CANCELLED:
            return self._finish(Status.CANCELLED, None)
        if self._reason is StopReason.GIVEN_BACK:
            notice = f"Worker {self.claim.run.worker} shut down; the run waits for another one."
            return self._runs.give_back(self.claim, notice=notice)
        return self._lose(error) if lost else self.fail(error)

    def _lose(self, error: CalleeDiedError) -> Run | None:
        """End an attempt that went with the nursery, as one that went with its worker."""
        run, failure, again = self.claim.run, _failure_of(error), None
        if run.attempt < run.max_attempts:
            again = patiently(
                lambda: self._runs.retry(
                    self.claim, failure, Status.LOST, log=self._log.text(), usage=None, wait=0.0
                ),
                what=f"run {run.id}",
                hurried=lambda: self._reason is StopReason.GIVEN_BACK,
            )
        return again or self._finish(Status.LOST, failure)

    def _finish(
        self,
        status: Status,
        failure: Failure | None,
        answer: Mapping[str, Any] | None = None,
    ) -> Run | None:
        return patiently(
            lambda: self._runs.finish(
                self.claim,
                status,
                progress=Progress(),
                log=self._log.text(),
                error=failure,
                answer=answer,
            ),
            what=f"run {self.claim.run.id}",
            hurried=lambda: self._reason is StopReason.GIVEN_BACK,
        )


def _failure_of(error: BaseException) -> Failure:
    return Failure(name=type(error).__name__, message=str(error))
