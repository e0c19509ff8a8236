"""The records of runs: the one truth about them, changed by compare-and-set only.

A worker that takes a run gets a :class:`Claim`. Whatever it writes later holds only while the
claim does, so that a worker that was given up for lost cannot spoil the next attempt.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidTransitionError
from omegaml_lab.core.limits import duration_text
from omegaml_lab.core.runs import FINAL, Attempt, Failure, Progress, Run, Status, can_become
from omegaml_lab.runtime.records.run_claims import Claim, RunClaims
from omegaml_lab.runtime.records.run_documents import (
    CANCELLED,
    LOST_FOR_NOW,
    UNWANTED,
    WAITING,
    WANTED,
    attempts_document,
    failure_document,
    recorded_text,
    run_document,
    run_of,
)
from omegaml_lab.runtime.records.run_indexes import INDEXES
from omegaml_lab.runtime.records.run_reader import LONGEST_PAUSE, utcnow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omegaml_lab.core.limits import Usage

__all__ = ["Claim", "RunRecords", "utcnow"]

_log = logging.getLogger(__name__)

_FIRST_HINT = 3.0
_HINTS_A_SECOND = 200
_HINTS_FOR_ANY = 2  # so that the pause between them grows no longer


class RunRecords(RunClaims):
    """Runs in a repository, read and changed."""

    def create(
        self,
        job: str,
        revision: int,
        *,
        parameters: Mapping[str, Any],
        id: str | None = None,  # noqa: A002 - the field is named so
        needs: str | None = None,
        safely: bool = True,
        **values: Any,
    ) -> Run:
        """Queue a new run; `values` are further fields of :class:`Run`.

        One that `needs` a kernel is only for a worker that has that. One that is not queued
        `safely` is there a moment later; until it ends the database may forget it, or never have
        taken it, without a word.

        Raises
        ------
        DuplicateRecordError
            If there is a run with this `id`.
        """
        self._records.index(*INDEXES)
        run = Run(
            id=id or secrets.token_hex(8),
            job=job,
            revision=revision,
            status=Status.QUEUED,
            queued_at=self._now(),
            parameters=dict(parameters),
            **values,
        )
        record = self._new(run, hint_at=self.hint_at(0))
        record["needs"] = needs and needs.lower()
        if safely:
            self._records.insert(record)
        else:
            self._records.send(record)
        return run

    def create_many(self, runs: Iterable[Run]) -> None:
        """Queue new runs; those that there are stay as they are.

        A run has to come after those that it follows: whoever sees it then finds them.
        """
        self._records.index(*INDEXES)
        at, gap = self.hint_at(0), timedelta(seconds=1 / _HINTS_A_SECOND)
        # Messages to many take their time: they are not sent again while they still are sent.
        self._records.insert_many(
            [self._new(run, hint_at=at + number * gap) for number, run in enumerate(runs)]
        )

    def _new(self, run: Run, *, hint_at: datetime) -> dict[str, Any]:
        minded = {"beat": 0, "hints": 0, "hint_at": hint_at, "unpublished": run.publish}
        minded["untold"] = run.kind == "job"  # who calls a model gets an answer
        return {**run_document(run), **minded}

    def begin(self, name: str, *, worker: str, **values: Any) -> Claim:
        """Note a run that its caller performs itself, as running from now on."""
        self._records.index(*INDEXES)
        now, token = self._now(), secrets.token_hex(8)
        run = Run(
            id=secrets.token_hex(8),
            job=name,
            revision=0,
            status=Status.RUNNING,
            kind="local",
            queued_at=now,
            started_at=now,
            heartbeat_at=now,
            worker=worker,
            max_attempts=1,  # nobody else can perform it
            **values,
        )
        minded = {"claim": token, "beat": 0, "hints": 0, "hint_at": now}
        told = {"unpublished": False, "untold": False}
        self._records.insert({**run_document(run), **minded, **told})
        return Claim(run=run, token=token)

    def join(self, run_id: str, experiment: str, *, bucket: str) -> Run | None:
        """Make a run part of an experiment too; None when the bucket has no such run."""
        where, add = {"bucket": bucket}, {"experiments": experiment}
        joined = self._records.update(run_id, where=where, add=add)
        return run_of(joined) if joined else None

    def leave(self, run_id: str, experiment: str) -> None:
        """Take a run out of an experiment; one that was nothing but part of that is removed."""
        run = self.find(run_id)
        if run is None:
            return
        rest = [name for name in run.experiments if name != experiment]
        if not rest and run.kind == "local":
            self._records.delete(run_id)
        else:
            where = {"experiments": {"$eq": list(run.experiments)}}
            self._records.update(run_id, where=where, set={"experiments": rest})

    def published(self, run_id: str, *, notice: str | None = None) -> None:
        """Note that the report of a run was seen to; `notice` says what went wrong, for good."""
        self._records.update(run_id, set={"unpublished": False, "notice": notice})

    def without_result(self, run_id: str) -> None:
        """Note that the result of a run that has ended is not kept any longer."""
        self._records.update(run_id, set={"result": None})

    # -- the queue -----------------------------------------------------------------------------

    def hinted(self, run_id: str) -> None:
        """Note that a message about a queued run is on its way; see :meth:`due`."""
        record = self._records.find(run_id) or {}
        hints = int(record.get("hints", 0)) + 1
        if record.get("needs"):
            # Any worker may have read the message, also one without the kernel that is needed.
            hints = min(hints, _HINTS_FOR_ANY)
        self._records.update(
            run_id,
            where={"status": Status.QUEUED.value},
            set={"hints": hints, "hint_at": self.hint_at(hints)},
        )

    def relieve(self, labels: Iterable[str]) -> None:
        """Take the notices off queued runs that require one of `labels`: nothing is amiss."""
        where = {"status": Status.QUEUED.value, "label": {"$in": list(labels)}}
        amiss = {**where, "notice": {"$ne": None}, **self.may_start()}
        self._records.update_many(amiss, set={"notice": None})

    def notify(self, run_id: str, notice: str | None) -> Run:
        """Say what keeps a queued run waiting; nothing happens to a run that waits no more."""
        self._records.update(
            run_id,
            where={"status": Status.QUEUED.value, "notice": {"$ne": notice}},
            set={"notice": notice},
        )
        return self.get(run_id)

    def cancel(self, run_id: str) -> Run:
        """Cancel a run: at once when it waits, by its worker (within about a second) otherwise.

        Raises
        ------
        InvalidTransitionError
            If the run has ended already.
        """
        waiting = {"$or": [{"status": Status.QUEUED.value}, LOST_FOR_NOW]}
        ended = {**self.cancelled(), "cancel_requested": True}
        changed = self._records.update(run_id, where=waiting, set=ended) or self._records.update(
            run_id, where={"status": Status.RUNNING.value}, set={"cancel_requested": True}
        )
        if changed is None:
            raise InvalidTransitionError(run_id, self.get(run_id).status, Status.CANCELLED)
        return run_of(changed)

    def lose(self, record: Mapping[str, Any], failure: Failure) -> Run | None:
        """Mark a run that fell silent as lost, unless it has been heard of since `record`."""
        lost = self._records.update(
            record["id"],
            where={
                "status": Status.RUNNING.value,
                "claim": record["claim"],
                "beat": record["beat"],
            },
            set={
                "status": Status.LOST.value,
                "notice": None,
                "ended_at": self._now(),
                "error": failure_document(failure),
            },
        )
        return next(iter(self.readable([lost])), None) if lost else None

    def requeue(self, lost: Run, *, notice: str, wait: float = 0.0) -> Run | None:
        """Queue a lost run for its next attempt in `wait` seconds; None when somebody else did.

        One whose cancel its worker did not live to carry out is cancelled now.
        """
        where = {"status": Status.LOST.value, "attempt": lost.attempt}
        ended = Attempt.of(lost, Status.LOST, ended_at=lost.ended_at, error=lost.error)
        again = self._next_attempt(lost, ended, wait)
        if not wait:  # nobody but who sends what is late will send a message
            again["hint_at"] = self._now()
        queued = self._records.update(
            lost.id,
            where={**where, **WANTED},
            set={**again, "notice": notice},
            inc={"attempt": 1},
        )
        if queued is None:
            self._records.update(lost.id, where={**where, **UNWANTED}, set=self.cancelled())
        return run_of(queued) if queued else None

    def _next_attempt(self, run: Run, ended: Attempt, wait: float) -> dict[str, Any]:
        now = self._now()
        at = now + timedelta(seconds=wait) if wait else None
        return {
            **WAITING,
            "attempts": attempts_document([*run.attempts, ended]),
            "retry_at": at,
            "hint_at": at or self.hint_at(0),
        }

    # -- what the holder of a claim may do -----------------------------------------------------

    def beat(self, claim: Claim) -> Run | None:
        """Show that the worker lives; None when the claim is void."""
        return self._held(claim, {"heartbeat_at": self._now()})

    def report(
        self,
        claim: Claim,
        progress: Progress,
        log: str,
        usage: Usage | None = None,
        notice: str | None = None,
    ) -> Run | None:
        """Tell how far the run has come; None when the claim is void."""
        told = {"progress": asdict(progress), "log": log, "notice": notice}
        return self._held(claim, {**told, **({"usage": asdict(usage)} if usage else {})})

    def retry(
        self,
        claim: Claim,
        failure: Failure,
        status: Status = Status.FAILED,
        *,
        log: str,
        usage: Usage | None,
        wait: float,
    ) -> Run | None:
        """End an attempt that failed or was lost, and queue the next one in `wait` seconds.

        None when the claim is void, or when somebody cancelled the run in the meantime.
        """
        now, run = self._now(), replace(claim.run, usage=usage)
        ended = Attempt.of(run, status, ended_at=now, error=failure)
        how = "was lost" if status is Status.LOST else "failed"
        document = failure_document(failure)
        values = {
            **self._next_attempt(run, ended, wait),
            "error": document,
            "log": log,
            "attempt": run.attempt + 1,
            "notice": f"Attempt {run.attempt} of {run.max_attempts} {how}: {failure.name}."
            # By no clock: readers have clocks of their own, and `retry_at` for them.
            f" The next one starts after {_roughly(wait)}.",
        }
        if (again := self._held(claim, values, where=WANTED)) is not None:
            return again
        # As in finish(): it may be done already.
        record = self._records.find(run.id) or {}
        done = record.get("attempt") == run.attempt + 1 and record.get("error") == document
        return run_of(record) if done else None

    def finish(  # noqa: PLR0913 - what is to be said of an end
        self,
        claim: Claim,
        status: Status,
        *,
        progress: Progress,
        log: str,
        error: Failure | None = None,
        answer: Mapping[str, Any] | None = None,
        usage: Usage | None = None,
        recorded: Mapping[str, Any] | None = None,
        kept: Mapping[str, Any] | None = None,
    ) -> Run | None:
        """End the run, with what there is to say of a `kept` kernel; None: the claim is void."""
        if status not in FINAL or not can_become(Status.RUNNING, status):
            raise InvalidTransitionError(claim.run.id, Status.RUNNING, status)
        ended = {
            "status": status.value,
            "progress": asdict(progress),
            "log": log,
            "error": failure_document(error) if error else None,
            "answer": dict(answer) if answer else None,
            "usage": asdict(usage) if usage else None,
            "recorded": recorded_text(recorded or {}),
            "notice": None,
            "ended_at": self._now(),
            **(kept or {}),
        }
        if (run := self._held(claim, ended)) is not None:
            return run
        # When the answer to an earlier try was lost with the connection, it is done already.
        record = self._records.find(claim.run.id) or {}
        done = record.get("claim") == claim.token and record.get("status") == status.value
        return run_of(record) if done else None

    def give_back(self, claim: Claim, *, notice: str) -> Run | None:
        """Queue the run again, as if it had not been started; None when the claim is void.

        One that somebody cancelled in the meantime is cancelled instead.
        """
        waiting = {**WAITING, "notice": notice, "hint_at": self._now()}
        given = self._held(claim, waiting, where=WANTED)
        return given or self._held(claim, self.cancelled(), where=UNWANTED)

    def cancelled(self) -> dict[str, Any]:
        """Return what a run is set to that is cancelled."""
        return {**CANCELLED, "ended_at": self._now()}

    def _held(
        self, claim: Claim, values: Mapping[str, Any], *, where: Mapping[str, Any] | None = None
    ) -> Run | None:
        record = self._records.update(
            claim.run.id,
            where={"status": Status.RUNNING.value, "claim": claim.token, **(where or {})},
            set=values,
            inc={"beat": 1},
        )
        return run_of(record) if record else None

    def hint_at(self, hints: int) -> datetime:
        """Return when a queued run is sent a message again, of which there were so many."""
        seconds = min(_FIRST_HINT * 2 ** min(hints, 10), LONGEST_PAUSE)
        return self._now() + timedelta(seconds=seconds)


def _roughly(seconds: float) -> str | None:
    """Return a duration as people say it: long ones in whole minutes."""
    minute = 60
    whole = round(seconds / minute) * minute
    return duration_text(whole if seconds > 2 * minute else round(seconds))
