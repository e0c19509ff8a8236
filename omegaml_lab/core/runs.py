"""Runs: one execution of a job, its status and the transitions that are allowed."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from omegaml_lab.core.calls import CALLS, shown_call
from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.core.groups import OnFailure
from omegaml_lab.core.limits import UNLIMITED, Limits, Usage
from omegaml_lab.core.shown import facts

__all__ = [
    "FINAL",
    "RESULTS",
    "RESULT_OF",
    "TRANSITIONS",
    "Attempt",
    "Failure",
    "Progress",
    "Run",
    "Status",
    "can_become",
]

# What colours text in a terminal and puts links there (ECMA-48: control sequences, commands).
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")


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
    # A worker that shuts down gives its runs back to the queue, and one that is to be tried
    # again goes there when it fails.
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


RESULTS = "results"
"""The folder of the jobs store in which runs keep the notebooks that they have executed."""

RESULT_OF = "omega"
"""What in the metadata of such a notebook tells its ``run`` and the ``job``."""


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

    def __str__(self) -> str:
        """Return it for people, in plain text: the colours are for what draws a traceback."""
        where = "" if self.cell is None else f" in cell {self.cell + 1}"
        told = "\n".join((f"{self.name}{where}: {self.message}", *self.traceback))
        return _ESCAPES.sub("", told)

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
class Attempt:
    """An attempt that was followed by another one: how it ended, ``failed`` or ``lost``."""

    number: int
    status: Status
    worker: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: Failure | None = None
    result: str | None = None
    usage: Usage | None = None

    @classmethod
    def of(
        cls, run: Run, status: Status, *, ended_at: datetime | None, error: Failure | None
    ) -> Attempt:
        """Return the present attempt of a run as it ended, without the traceback."""
        return cls(
            number=run.attempt,
            status=status,
            worker=run.worker,
            started_at=run.started_at,
            ended_at=ended_at,
            error=error.cut(message=_KEPT, traceback=0) if error else None,
            result=run.result,
            usage=run.usage,
        )

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Attempt:
        """Build an attempt from its stored record."""
        values = _known(cls, record)
        values["status"] = Status(values["status"])
        values["error"] = _failure(values.get("error"))
        values["usage"] = _usage(values.get("usage"))
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a job. Times are aware and in UTC.

    `revision` is that of the job when it was asked for; `result` names the executed notebook
    in the jobs store; `notice` tells what keeps a queued run waiting, or why the report of a
    succeeded one does not show it; `publish_options` are those of `Reports.publish`, for the
    report that `publish` asks for; `schedule` is the id of the one that it was due by.

    `attempts` are the earlier ones, the first first, while worker, times, result, error and
    `usage` are those of the present `attempt`; `retry_at` is when a run that waits for its
    next one may start; `tags` are words to find it by.

    `after` are the ids of runs that it follows, `waits_for` those of them that have not ended,
    and `on_failure` says what becomes of it when one of them does not succeed. `group` is what
    it was asked for with, `place` its own among these, `turn` the order in which it may start
    when others of the group have to end first, and `replaced` says that a later run has its
    place. `recorded` are values that its notebook has left to compare it by.

    `kept_until` is how long the kernel of a failed run is kept, None when it is not (any more),
    and `resumed_by` the run that goes on in it. That one `resumes` it, and is performed by the
    worker `held_by`, which has the kernel.

    A run of another `kind` than ``job`` performs a `call` of the ``model`` or ``script`` that
    `job` names, and has an `answer` in the end instead of a `result`. One of the kind ``local``
    was performed by who asked for it, and `job` names its experiment.

    `job` is what its notebook was called when it was asked for, and `object` the id of that,
    which stays when it is renamed; None for what is older, and for ``local``.
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
    limits: Limits = UNLIMITED
    usage: Usage | None = None
    attempts: tuple[Attempt, ...] = ()
    retry_at: datetime | None = None
    tags: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    on_failure: OnFailure = OnFailure.STOP
    group: str | None = None
    place: int | None = None
    turn: int | None = None
    replaced: bool = False
    recorded: dict[str, Any] = field(default_factory=dict)
    kept_until: datetime | None = None
    resumed_by: str | None = None
    resumes: str | None = None
    held_by: str | None = None
    object: str | None = None

    @property
    def title(self) -> str:
        """What was executed, in few words: the job, or the method of what was called."""
        return f"{self.call['method']} {self.job}" if self.call else self.job

    @property
    def waits(self) -> bool:
        """Whether other runs have to end before it may start."""
        return self.status is Status.QUEUED and (bool(self.waits_for) or self.turn is not None)

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

    def _repr_html_(self) -> str:
        known = {
            "job": f"{self.job}@{self.revision}", "status": self.status.value,
            "parameters": self.parameters, "queued": self.queued_at,
            "started": self.started_at, "ended": self.ended_at, "worker": self.worker,
            "result": self.result, "notice": self.notice, "error": self.error,
        }  # fmt: skip
        return facts(f"Run {self.id}", known)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, times as ISO 8601."""
        plain = _iso(asdict(self))
        plain["status"] = self.status.value
        plain["attempts"] = [_iso(attempt) for attempt in plain["attempts"]]
        for name in _LISTS:
            plain[name] = list(plain[name])
        plain["on_failure"] = self.on_failure.value
        plain["call"] = shown_call(self.call)
        del plain["answer"]  # it is of any size, and for who asked
        del plain["object"]  # outside, things have names
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
            values["error"] = _failure(values.get("error"))
            values["limits"] = Limits(**_known(Limits, values.get("limits") or {}))
            values["usage"] = _usage(values.get("usage"))
            attempts = values.get("attempts") or ()
            values["attempts"] = tuple(Attempt.from_record(each) for each in attempts)
            for name in _LISTS:
                values[name] = tuple(values.get(name) or ())
            values["on_failure"] = OnFailure(values.get("on_failure") or OnFailure.STOP)
            run = cls(**values)
            _check_kind(run)
            return replace(run, notice=run.notice or _awaited(run)) if run.waits else run
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityError(f"run {record.get('id')}", str(error)) from error


_LISTS = ("tags", "experiments", "after", "waits_for")
_KEPT = 1000
"""Characters of the error of an earlier attempt that are kept."""


def _check_kind(run: Run) -> None:
    """Raise unless this version can tell what is executed."""
    shown_call(run.call)
    if run.kind not in {"job", "local", *CALLS}:
        raise ValueError(f"it is of the kind {run.kind!r}")


def _awaited(run: Run) -> str:
    """Return what a run waits for that may not start before others have ended."""
    if not run.waits_for:
        return "It waits for other runs of its group to end."
    first, others = run.waits_for[0], len(run.waits_for) - 1
    more = f" and {others} other{'s' if others > 1 else ''}" if others else ""
    return f"It waits for run {first}{more} to end."


def _failure(given: dict[str, Any] | None) -> Failure | None:
    if not given:
        return None
    values = _known(Failure, given)
    return Failure(**{**values, "traceback": tuple(values.get("traceback") or ())})


def _usage(given: dict[str, Any] | None) -> Usage | None:
    return Usage(**_known(Usage, given)) if given else None


def _iso(plain: dict[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in plain.items()}


def _known(kind: type[Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return what this version knows of `given`: a newer one may have written more."""
    names = {f.name for f in fields(kind)}
    return {key: value for key, value in given.items() if key in names}
