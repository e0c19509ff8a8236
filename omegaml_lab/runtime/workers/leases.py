"""Leases: which workers live, and which runs and kept kernels went with those that do not.

No clock is trusted but one's own: a run is lost when who looks has not seen a sign of life for
a whole lease, and a worker lives as long as its record is seen to change. Any number may look;
each change is a compare-and-set. It waits for the database only, never for the broker.
"""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.runs import Failure, Status
from omegaml_lab.runtime.records.presence import SILENCE, readable_workers
from omegaml_lab.runtime.records.run_records import utcnow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.workers import Worker
    from omegaml_lab.runtime.records.run_records import RunRecords
    from omegaml_lab.storage.storage import Storage

__all__ = ["Leases"]

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Seen:
    """The last sign of life of a run, and when it was first seen here, by the clock here."""

    beat: tuple[str, int]
    at: float


@dataclass(slots=True)
class _Heard:
    """A worker, and when it was last seen to change, by the clock here; None if never."""

    worker: Worker
    at: float | None

    @property
    def lives(self) -> bool:
        return self.at is not None and time.monotonic() - self.at < SILENCE.total_seconds()


class Leases:
    """Looks for signs of life in one repository.

    Parameters
    ----------
    storage
        The repository.
    runs
        Its runs.
    lease
        Seconds of silence after which a run is lost.
    """

    def __init__(self, *, storage: Storage, runs: RunRecords, lease: float) -> None:
        self._storage = storage
        self._runs = runs
        self._lease = lease
        self._seen: dict[str, _Seen] = {}
        self._heard: dict[str, _Heard] = {}
        self._listened = False
        self._looked = 0.0
        self._looking_since = time.monotonic()

    def look(self) -> None:
        """Look at all workers, and all runs that go on, once."""
        for run in self._runs.retryable():
            self._retry(run)
        self._mind_running()
        self._listen()
        self._mind_kept()

    def forget(self) -> None:
        """Blame nobody for the time until now: nobody could be seen, or give a sign."""
        self._seen.clear()
        self._heard, self._listened = {}, False
        self._looking_since = time.monotonic()

    @property
    def living(self) -> list[Worker] | None:
        """The workers that live, the newest first, None while nobody knows; from any thread."""
        heard = list(self._heard.values()) if self._listened else None
        return None if heard is None else [each.worker for each in heard if each.lives]

    def lives(self, worker: str) -> bool:
        """Say whether a worker lives; from any thread."""
        heard = self._heard.get(worker)
        return heard is not None and heard.lives

    def _listen(self) -> None:
        now, heard = time.monotonic(), dict[str, _Heard]()
        workers, newest_first = self._storage.records("workers"), [("started_at", -1)]
        for worker in readable_workers(workers.query(sort=newest_first, without=["packages"])):
            before = self._heard.get(worker.id)
            if before is None:
                # Until it beats again, its own clock is all there is to judge it by.
                at = now if utcnow() - worker.heartbeat_at < SILENCE else None
            else:
                at = before.at if before.worker.heartbeat_at == worker.heartbeat_at else now
            heard[worker.id] = _Heard(worker, at)
        self._heard, self._listened = heard, True

    def _mind_running(self) -> None:
        running = self._runs.records(Status.RUNNING)
        now = time.monotonic()
        if now - self._looked > self._lease / 2:
            # Who looks was away, perhaps with the whole machine: nobody is to blame.
            self.forget()
        self._looked = now
        seen: dict[str, _Seen] = {}
        for record in running:
            beat = (str(record["claim"]), int(record["beat"]))
            before = self._seen.get(record["id"])
            seen[record["id"]] = before if before and before.beat == beat else _Seen(beat, now)
        self._seen = seen
        for record in running:
            if now - seen[record["id"]].at > self._lease:
                self._lose(record)

    def _lose(self, record: Mapping[str, Any]) -> None:
        worker, attempt = record["worker"], record["attempt"]
        message = f"Worker {worker} was not heard of for {self._lease:g} s, in attempt {attempt}."
        if attempt >= record["max_attempts"]:
            message += " No attempts are left: run it again when the cause is found."
        lost = self._runs.lose(record, Failure(name="WorkerLost", message=message))
        if lost is not None:
            _log.warning("run %s is lost: %s", lost.id, message)
            if lost.retryable:
                self._retry(lost)

    def _retry(self, lost: Run) -> None:
        notice = f"Worker {lost.worker} was lost; the run waits for another one."
        wait = lost.limits.wait(lost.attempt, chance=random.random())  # noqa: S311 - no secret
        self._runs.requeue(lost, notice=notice, wait=wait)

    def _mind_kept(self) -> None:
        """Fail what was to go on in a kernel that has gone with its worker."""
        since = time.monotonic() - self._lease
        if self._looking_since > since:
            return  # a worker that lives need not have beaten since
        heard = [w for w, each in self._heard.items() if each.at is not None and each.at > since]
        for run in self._runs.kept.sweep(heard):
            _log.warning("run %s cannot go on: its worker is gone", run.id)
