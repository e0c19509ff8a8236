"""Runs: one execution of a job, its status and the transitions that are allowed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from omegaml_lab.core.calls import shown_call
from omegaml_lab.core.errors import IntegrityError

__all__ = ["FINAL", "TRANSITIONS", "Failure", "Progress", "Run", "Status", "can_become"]


class Status(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.CANCELLED, Status.FAILED}),
    # A worker that shuts down gives its runs back to the queue.
    Status.RUNNING: frozenset(
        {Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.LOST, Status.QUEUED}
    ),
    # A lost run is started again when attempts are left: it goes back to the queue.
    Status.LOST: frozenset({Status.QUEUED, Status.CANCELLED}),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}

FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.LOST})
"""Where a run ends: only a retry takes it out of ``lost``, while it has attempts left."""


def can_become(status: Status, wanted: Status) -> bool:
    """Say whether a run in `status` may go to `wanted`."""
    return wanted in TRANSITIONS[status]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run has come: `done` of `total` cells, and the index of the `current` one.

    Only code cells count. `current` is the index among all cells of the result notebook.
    """

    done: int = 0
    total: int = 0
    current: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a run failed: the exception, and the index of its `cell` among all result cells.

    `cell` is None when no cell is to blame (a missing kernel, a dead worker).
    """

    name: str
    message: str
    cell: int | None = None
    traceback: tuple[str, ...] = ()

    def cut(self, *, message: int = 10_000, traceback: int = 100_000) -> Failure:
        """Return it with so many characters at most: the first of the message, the last lines."""
        lines: list[str] = []
        for line in reversed(self.traceback):
            traceback -= len(line)
            if traceback < 0:
                break
            lines.append(line)
        return replace(self, message=self.message[:message], traceback=tuple(reversed(lines)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a job. Times are aware and in UTC.

    `revision` is that of the job when it was asked for; `result` names the executed notebook
    in the jobs store; `notice` tells what keeps a queued run waiting, or why the report of a
    succeeded one does not show it; `publish_options` are those of `Reports.publish`, for the
    report that `publish` asks for; `schedule` is the id of the one that it was due by.

    A run of another `kind` than ``job`` performs a `call` of the ``model`` or ``script`` that
    `job` names, and has an `answer` in the end instead of a `result`.
    """

    id: str
    job: str
    revision: int
    status: Status
    queued_at: datetime
    bucket: str = "default"
    parameters: dict[str, Any] = field(default_factory=dict)
    progress: Progress = Progress()
    started_at: datetime | None = None
    ended_at: datetime | None = None
    heartbeat_at: datetime | None = None
    worker: str | None = None
    label: str = "default"
    attempt: int = 1
    max_attempts: int = 3
    error: Failure | None = None
    result: str | None = None
    log: str = ""
    owner: str = ""
    publish: bool = False
    publish_options: dict[str, Any] = field(default_factory=dict)
    schedule: str | None = None
    kind: str = "job"
    call: dict[str, Any] | None = None
    answer: dict[str, Any] | None = None
    cancel_requested: bool = False
    notice: str | None = None

    @property
    def final(self) -> bool:
        """Whether the run has ended for good."""
        return self.status in FINAL and not self.retryable

    @property
    def retryable(self) -> bool:
        """Whether the run is lost and will be queued again."""
        return self.status is Status.LOST and self.attempt < self.max_attempts

    @property
    def elapsed(self) -> float | None:
        """Seconds from start to end, None unless both are known."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, times as ISO 8601."""
        plain = asdict(self)
        for key, value in plain.items():
            if isinstance(value, datetime):
                plain[key] = value.isoformat()
        plain["status"] = self.status.value
        plain["call"] = shown_call(self.call)
        del plain["answer"]  # it is of any size, and for who asked
        plain["elapsed"] = self.elapsed
        return plain

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Run:
        """Build a run from its stored record; keys this version does not know are ignored.

        Raises
        ------
        IntegrityError
            If it is no run that this version understands.
        """
        try:
            values = _known(cls, record)
            values["status"] = Status(values["status"])
            values["progress"] = Progress(**_known(Progress, values.get("progress") or {}))
            if failure := values.get("error"):
                failure = {**failure, "traceback": tuple(failure.get("traceback") or ())}
                values["error"] = Failure(**_known(Failure, failure))
            return cls(**values)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityError(f"run {record.get('id')}", str(error)) from error


def _known(kind: type[Run | Progress | Failure], given: dict[str, Any]) -> dict[str, Any]:
    """Return what this version knows of `given`: a newer one may have written more."""
    names = {f.name for f in fields(kind)}
    return {key: value for key, value in given.items() if key in names}
