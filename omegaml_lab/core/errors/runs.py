"""Errors about notebooks, runs, schedules and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.errors.base import OmegaError
from omegaml_lab.core.errors.objects import ObjectNotFoundError
from omegaml_lab.core.suggestions import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CalleeDiedError",
    "DuplicateRecordError",
    "GroupNotFoundError",
    "GroupTimeoutError",
    "InvalidCallError",
    "InvalidGroupError",
    "InvalidLimitError",
    "InvalidNotebookError",
    "InvalidParameterError",
    "InvalidScheduleError",
    "InvalidTransitionError",
    "LocalRunError",
    "NotebookGoneError",
    "ReportNotFoundError",
    "ReportNotReadyError",
    "ResumeError",
    "RunFailedError",
    "RunNotFoundError",
    "RunTimeoutError",
    "ScheduleNotFoundError",
]


class InvalidNotebookError(OmegaError, ValueError):
    """What was given is not a notebook."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name!r} is not a notebook that can be read: {reason}")


class InvalidParameterError(OmegaError, ValueError):
    """A run was asked for with a parameter that the notebook does not take."""

    def __init__(
        self, job: str, parameter: str, reason: str, *, known: Iterable[str] = ()
    ) -> None:
        known = list(known)
        self.job = job
        self.parameter = parameter
        self.reason = reason
        self.known = tuple(known)
        listed = f" It takes: {', '.join(known)}." if known else ""
        super().__init__(
            f"Parameter {parameter!r} of {job!r}: {reason}.{suggestion(parameter, known)}{listed}"
        )


class InvalidLimitError(OmegaError, ValueError):
    """A run was asked for with a limit that cannot be."""

    def __init__(
        self, limit: str, given: object, reason: str, *, known: Iterable[str] = ()
    ) -> None:
        known = list(known)
        self.limit = limit
        self.given = given
        self.reason = reason
        self.known = tuple(known)
        listed = f" There are: {', '.join(known)}." if known else ""
        super().__init__(
            f"Limit {limit!r} = {given!r}: {reason}.{suggestion(limit, known)}{listed}"
        )


class DuplicateRecordError(OmegaError, KeyError):
    """A record with this id is already kept."""

    def __init__(self, collection: str, record: str) -> None:
        self.collection = collection
        self.record = record
        super().__init__(f"{collection} already has a record {record!r}.")


class RunNotFoundError(OmegaError, LookupError):
    """No run has this id."""

    def __init__(self, run: str) -> None:
        self.run = run
        super().__init__(f"There is no run {run!r}. `omega runs list` shows the runs there are.")


class InvalidTransitionError(OmegaError, RuntimeError):
    """A run cannot go from its status to the one that was asked for."""

    def __init__(self, run: str, status: str, wanted: str) -> None:
        self.run = run
        self.status = status
        self.wanted = wanted
        super().__init__(f"Run {run} is {status} and cannot become {wanted}.")


class NotebookGoneError(ObjectNotFoundError):
    """A schedule cannot run, because its notebook is not there (any more)."""

    def __init__(self, schedule: str, job: str, reason: str) -> None:
        self.schedule = schedule
        self.store = "jobs"
        self.name = job
        self.reason = reason
        OmegaError.__init__(self, f"Schedule {schedule} of {job!r} cannot run. {reason}")


class ResumeError(OmegaError, RuntimeError):
    """A run cannot be resumed (any more); `cell` is the index of one that stands in the way."""

    def __init__(
        self,
        run: str,
        reason: str,
        *,
        cell: int | None = None,
        advice: str = "Run its notebook again.",
    ) -> None:
        self.run = run
        self.reason = reason
        self.cell = cell
        super().__init__(f"Run {run} cannot be resumed: {reason}. {advice}")


class RunFailedError(OmegaError, RuntimeError):
    """The run that was waited for did not succeed."""

    def __init__(self, run: str, status: str, reason: str) -> None:
        self.run = run
        self.status = status
        self.reason = reason
        super().__init__(f"Run {run} {status}: {reason}")


class RunTimeoutError(OmegaError, TimeoutError):
    """The run that was waited for is not final yet; it goes on."""

    def __init__(
        self, run: str, seconds: float, status: str, *, notice: str | None = None
    ) -> None:
        self.run = run
        self.seconds = seconds
        self.status = status
        self.notice = notice
        hint = f" {notice}" if notice else ""
        super().__init__(f"Run {run} is still {status} after {seconds:g} s and goes on.{hint}")


class InvalidGroupError(OmegaError, ValueError):
    """Runs were asked for together that cannot be."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"These runs cannot be asked for together: {reason}.")


class GroupNotFoundError(OmegaError, LookupError):
    """No group of runs has this id."""

    def __init__(self, group: str) -> None:
        self.group = group
        super().__init__(
            f"There is no group of runs {group!r}. `omega groups list` shows those there are."
        )


class GroupTimeoutError(OmegaError, TimeoutError):
    """Not all runs of the group that was waited for have ended; they go on."""

    def __init__(self, group: str, seconds: float, unfinished: int) -> None:
        self.group = group
        self.seconds = seconds
        self.unfinished = unfinished
        super().__init__(
            f"Group {group} has {unfinished} unfinished runs after {seconds:g} s; they go on."
        )


class CalleeDiedError(OmegaError, RuntimeError):
    """The process that performed a call ended before it answered; `said` is what it left."""

    def __init__(self, code: int | None, said: str = "") -> None:
        self.code = code
        self.said = said
        how = f"by signal {-code}" if code is not None and code < 0 else f"with code {code}"
        hint = " It may have run out of memory." if code == -9 else ""
        super().__init__(f"The process that performed the call ended {how}.{hint}")


class InvalidCallError(OmegaError, TypeError):
    """A model or script has nothing of this name to call."""

    def __init__(self, name: str, method: str, what: str, *, known: Iterable[str] = ()) -> None:
        self.name = name
        self.method = method
        self.known = tuple(known)
        has = f" It has: {', '.join(self.known)}." if self.known else ""
        super().__init__(
            f"{name!r} is a {what} and has no {method!r}.{suggestion(method, self.known)}{has}"
        )


class LocalRunError(InvalidCallError):
    """A run cannot be asked for again: its caller performed code that no repository has."""

    def __init__(self, run: str, name: str) -> None:
        self.run = run
        self.name = name
        self.method = "rerun"
        self.known = ()
        OmegaError.__init__(
            self,
            f"Run {run} of {name!r} is local: it was performed where it was asked for, and workers"
            " have not its code. Run that code again, or keep it as a notebook or script.",
        )


class InvalidScheduleError(OmegaError, ValueError):
    """A schedule cannot be what it was asked to be; `what` of it is wrong."""

    def __init__(
        self, given: object, reason: str, *, what: str = "schedule", suggestion: str | None = None
    ) -> None:
        self.given = given
        self.reason = reason
        self.suggestion = suggestion
        hint = f" Did you mean {suggestion!r}?" if suggestion else ""
        super().__init__(f"{given!r} is no {what}: {reason}.{hint}")


class ScheduleNotFoundError(OmegaError, LookupError):
    """There is no schedule with this id."""

    def __init__(self, schedule_id: str) -> None:
        self.schedule_id = schedule_id
        super().__init__(
            f"There is no schedule {schedule_id!r}. `omega schedules list` lists all."
        )


class ReportNotFoundError(OmegaError, LookupError):
    """Nothing is published under this name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"Nothing is published as {name!r}. `omega jobs publish` publishes a job."
        )


class ReportNotReadyError(OmegaError, LookupError):
    """The job has no succeeded run that a report could show."""

    def __init__(self, job: str) -> None:
        self.job = job
        super().__init__(
            f"{job!r} has no succeeded run to publish yet: run it first, or run it with"
            " publish=True (`omega run --publish`)."
        )
