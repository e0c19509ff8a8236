"""The records of runs: the one truth about them, changed by compare-and-set only.

A worker that takes a run gets a :class:`Claim`. Whatever it writes later holds only while the
claim does, so that a worker that was given up for lost cannot spoil the next attempt.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import IntegrityError, InvalidTransitionError, RunNotFoundError
from omegaml_lab.core.pages import Page
from omegaml_lab.core.runs import FINAL, Failure, Progress, Run, Status, can_become
from omegaml_lab.runtime.run_documents import failure_document, run_document, run_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from omegaml_lab.storage.records import Records

__all__ = ["Claim", "RunRecords", "utcnow"]

_log = logging.getLogger(__name__)

_FIRST_HINT = 3.0
_LONGEST_PAUSE = 60.0


def utcnow() -> datetime:
    """Return the present moment, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right of one worker to perform one attempt of a run; `token` is unique to it."""

    run: Run
    token: str


class RunRecords:
    """Runs in a repository.

    Parameters
    ----------
    records
        The collection they are kept in.
    clock
        Returns the present moment, aware and in UTC.
    """

    def __init__(self, records: Records, *, clock: Callable[[], datetime] = utcnow) -> None:
        self._records = records
        self._now = clock
        self._indexed = False
        self._unreadable: set[str] = set()

    def create(
        self,
        job: str,
        revision: int,
        *,
        parameters: Mapping[str, Any],
        id: str | None = None,  # noqa: A002 - the field is named so
        object: str | None = None,  # noqa: A002
        **values: Any,
    ) -> Run:
        """Queue a new run; `values` are further fields of :class:`Run`.

        `object` is the id of what is run: that is kept for the run whatever it is called later.

        Raises
        ------
        DuplicateRecordError
            If there is a run with this `id`.
        """
        self._ensure_indexes()
        run = Run(
            id=id or secrets.token_hex(8),
            job=job,
            revision=revision,
            status=Status.QUEUED,
            queued_at=self._now(),
            parameters=dict(parameters),
            **values,
        )
        minded = {"beat": 0, "hints": 0, "hint_at": self._hint_at(0), "unpublished": run.publish}
        minded["untold"] = run.kind == "job"  # who calls a model gets an answer
        self._records.insert({**run_document(run), **minded, "object": object})
        return run

    def find(self, run_id: str) -> Run | None:
        """Return one run, or None."""
        record = self._records.find(run_id)
        return run_of(record) if record else None

    def get(self, run_id: str) -> Run:
        """Return one run.

        Raises
        ------
        RunNotFoundError
            If there is none with this id.
        """
        if (run := self.find(run_id)) is None:
            raise RunNotFoundError(run_id)
        return run

    def page(
        self, where: Mapping[str, Any], *, offset: int = 0, limit: int | None = 50
    ) -> Page[Run]:
        """Return runs that match, newest first; those that cannot be read are left out."""
        found = self._records.query(where, sort=[("queued_at", -1)], skip=offset, limit=limit)
        return Page(self._readable(found), self._records.count(where))

    def records(self, status: Status) -> list[dict[str, Any]]:
        """Return the raw records of runs in a status, for those who mind them."""
        return self._records.query({"status": status.value})

    def unfinished(self, run_ids: Iterable[str]) -> set[str]:
        """Return which of these runs wait or go on, or will be tried again."""
        goes_on = {"status": {"$in": [Status.QUEUED.value, Status.RUNNING.value]}}
        where = {"id": {"$in": list(run_ids)}, "$or": [goes_on, _LOST_FOR_NOW]}
        return {record["id"] for record in self._records.query(where)}

    def changes(self, stop: threading.Event, *, poll: float = 0.5) -> Iterator[Run | None]:
        """Yield each changed run, live, and None about every `poll` seconds without news."""
        for record in self._records.changes(stop, poll=poll):
            if record is None:
                yield None
            else:
                yield from self._readable([record])

    def _readable(self, records: Iterable[Mapping[str, Any]]) -> list[Run]:
        """Return the runs of records, without those that only a newer version understands."""
        runs = []
        for record in records:
            try:
                runs.append(run_of(record))
            except IntegrityError as error:
                if record["id"] not in self._unreadable:  # it is said once
                    self._unreadable.add(record["id"])
                    _log.warning("A run is passed over: %s", error)
        return runs

    def unpublished(self, *, limit: int = 100) -> list[Run]:
        """Return succeeded runs whose report waits to be published, the oldest first."""
        where = {"unpublished": True, "status": Status.SUCCEEDED.value}
        return self._readable(self._records.query(where, sort=[("queued_at", 1)], limit=limit))

    def published(self, run_id: str, *, notice: str | None = None) -> None:
        """Note that the report of a run was seen to; `notice` says what went wrong, for good."""
        self._records.update(run_id, set={"unpublished": False, "notice": notice})

    # -- the queue -----------------------------------------------------------------------------

    def hinted(self, run_id: str) -> None:
        """Note that a message about a queued run is on its way; see :meth:`due`."""
        record = self._records.find(run_id) or {}
        hints = int(record.get("hints", 0)) + 1
        self._records.update(
            run_id,
            where={"status": Status.QUEUED.value},
            set={"hints": hints, "hint_at": self._hint_at(hints)},
        )

    def due(self, labels: Iterable[str], *, limit: int) -> list[Run]:
        """Return queued runs that should have been taken by now, for one of `labels`.

        Their message may have got lost. The more messages there were, the longer is the next
        one waited for, up to a minute: the queue may just be long.
        """
        where = self._overdue({"$in": list(labels)})
        return self._readable(self._records.query(where, sort=[("hint_at", 1)], limit=limit))

    def unserved(self, labels: Iterable[str], *, limit: int) -> list[Run]:
        """Return queued runs that require none of `labels`, and do not say that they wait."""
        where = {**self._overdue({"$nin": list(labels)}), "notice": None}
        return self._readable(self._records.query(where, limit=limit))

    def _overdue(self, labels: Mapping[str, Any]) -> dict[str, Any]:
        now = self._now()
        # A time that is too far ahead is one of a clock that is wrong: it is not waited for.
        ahead = now + timedelta(seconds=2 * _LONGEST_PAUSE)
        when = [{"hint_at": {"$lte": now}}, {"hint_at": {"$gt": ahead}}]
        return {"status": Status.QUEUED.value, "label": dict(labels), "$or": when}

    def retryable(self) -> list[Run]:
        """Return lost runs that have attempts left."""
        return self._readable(self._records.query(_LOST_FOR_NOW))

    def relieve(self, labels: Iterable[str]) -> None:
        """Take the notices off queued runs that require one of `labels`: nothing is amiss."""
        where = {"status": Status.QUEUED.value, "label": {"$in": list(labels)}}
        self._records.update_many({**where, "notice": {"$ne": None}}, set={"notice": None})

    def notify(self, run_id: str, notice: str | None) -> Run:
        """Say what keeps a queued run waiting; nothing happens to a run that waits no more."""
        self._records.update(
            run_id,
            where={"status": Status.QUEUED.value, "notice": {"$ne": notice}},
            set={"notice": notice},
        )
        return self.get(run_id)

    def claim(
        self, run_id: str, *, worker: str, result: Callable[[Run], str | None]
    ) -> Claim | None:
        """Take a queued run for `worker`; None when it is not to be had (any more).

        `result` names the notebook that the attempt will write, given the run as started.
        """
        record = self._records.find(run_id)
        if record is None or record["status"] != Status.QUEUED.value:
            return None
        now, token = self._now(), secrets.token_hex(8)
        started = run_of({**record, "started_at": now})
        taken = self._records.update(
            run_id,
            where={"status": Status.QUEUED.value, "attempt": record["attempt"]},
            set={
                "status": Status.RUNNING.value,
                "claim": token,
                "worker": worker,
                "started_at": now,
                "heartbeat_at": now,
                "result": result(started),
                "progress": asdict(Progress()),
                "notice": None,
                "error": None,
                "log": "",
            },
            inc={"beat": 1},
        )
        return Claim(run=run_of(taken), token=token) if taken else None

    def cancel(self, run_id: str) -> Run:
        """Cancel a run: at once when it waits, by its worker (within about a second) otherwise.

        Raises
        ------
        InvalidTransitionError
            If the run has ended already.
        """
        waiting = {"$or": [{"status": Status.QUEUED.value}, _LOST_FOR_NOW]}
        ended = {**self._cancelled(), "cancel_requested": True}
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
                "ended_at": self._now(),
                "error": failure_document(failure),
            },
        )
        return run_of(lost) if lost else None

    def requeue(self, lost: Run, *, notice: str) -> Run | None:
        """Queue a lost run for its next attempt; None when somebody else did.

        One whose cancel its worker did not live to carry out is cancelled now.
        """
        where = {"status": Status.LOST.value, "attempt": lost.attempt}
        again = self._records.update(
            lost.id,
            where={**where, **_WANTED},
            set={**_WAITING, "notice": notice, "hint_at": self._hint_at(0)},
            inc={"attempt": 1},
        )
        if again is None:
            self._records.update(lost.id, where={**where, **_UNWANTED}, set=self._cancelled())
        return run_of(again) if again else None

    # -- what the holder of a claim may do -----------------------------------------------------

    def beat(self, claim: Claim) -> Run | None:
        """Show that the worker lives; None when the claim is void."""
        return self._held(claim, {"heartbeat_at": self._now()})

    def report(self, claim: Claim, progress: Progress, log: str) -> Run | None:
        """Tell how far the run has come; None when the claim is void."""
        return self._held(claim, {"progress": asdict(progress), "log": log})

    def finish(
        self,
        claim: Claim,
        status: Status,
        *,
        progress: Progress,
        log: str,
        error: Failure | None = None,
        answer: Mapping[str, Any] | None = None,
    ) -> Run | None:
        """End the run; None when the claim is void."""
        if status not in FINAL or not can_become(Status.RUNNING, status):
            raise InvalidTransitionError(claim.run.id, Status.RUNNING, status)
        ended = {
            "status": status.value,
            "progress": asdict(progress),
            "log": log,
            "error": failure_document(error) if error else None,
            "answer": dict(answer) if answer else None,
            "ended_at": self._now(),
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
        waiting = {**_WAITING, "notice": notice, "hint_at": self._now()}
        given = self._held(claim, waiting, where=_WANTED)
        return given or self._held(claim, self._cancelled(), where=_UNWANTED)

    def _cancelled(self) -> dict[str, Any]:
        return {
            "status": Status.CANCELLED.value,
            "ended_at": self._now(),
            "notice": None,
            "error": None,
        }

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

    def _hint_at(self, hints: int) -> datetime:
        seconds = min(_FIRST_HINT * 2 ** min(hints, 10), _LONGEST_PAUSE)
        return self._now() + timedelta(seconds=seconds)

    def _ensure_indexes(self) -> None:
        if not self._indexed:
            self._records.index("status", "hint_at")
            self._records.index("unpublished", "status")
            self._records.index("untold", "ended_at")
            self._records.index("bucket", "queued_at")
            self._records.index("bucket", "job", "queued_at")
            self._records.index("schedule", "status")
            self._indexed = True


_RETRYABLE: dict[str, Any] = {"$expr": {"$lt": ["$attempt", "$max_attempts"]}}
_LOST_FOR_NOW: dict[str, Any] = {"status": Status.LOST.value, **_RETRYABLE}
_WANTED: dict[str, Any] = {"cancel_requested": False}
_UNWANTED: dict[str, Any] = {"cancel_requested": True}
_WAITING: dict[str, Any] = {
    "status": Status.QUEUED.value,
    "claim": None,
    "worker": None,
    "started_at": None,
    "ended_at": None,
    "heartbeat_at": None,
    "result": None,
    "hints": 0,
    "progress": asdict(Progress()),
}
