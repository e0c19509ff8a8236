"""The sweeper: sends lost messages again, and takes runs from workers that fell silent.

It trusts no clock but its own: a run is lost when the sweeper itself has not seen a sign of
life for a whole lease, and a worker lives as long as the sweeper sees its record change. Any
number of sweepers may run; each change is a compare-and-set.
"""

from __future__ import annotations

import logging
import os
import random
import socket
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import (
    BrokerUnavailableError,
    StorageFullError,
    StorageUnavailableError,
)
from omegaml_lab.core.runs import Failure, Status
from omegaml_lab.core.workers import Worker
from omegaml_lab.runtime.group_records import GroupRecords
from omegaml_lab.runtime.presence import SILENCE, waiting_for
from omegaml_lab.runtime.run_records import utcnow
from omegaml_lab.runtime.successors import Successors

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from omegaml_lab.core.runs import Run
    from omegaml_lab.runtime.broker import Broker
    from omegaml_lab.runtime.run_records import RunRecords
    from omegaml_lab.storage.storage import Storage

__all__ = ["Sweeper"]

_BATCH = 500
_FORGET = timedelta(hours=1)
_LONGEST_SEND = 15.0  # seconds; what takes longer has stood still with the machine

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Seen:
    """The last sign of life of a run, and when this sweeper first saw it, by its own clock."""

    beat: tuple[str, int]
    at: float


@dataclass(slots=True)
class _Heard:
    """A worker, and when this sweeper last saw it change, by its own clock; None if never."""

    worker: Worker
    at: float | None

    @property
    def lives(self) -> bool:
        return self.at is not None and time.monotonic() - self.at < SILENCE.total_seconds()


class Sweeper:
    """Minds the queue of one repository.

    Parameters
    ----------
    storage
        The repository.
    runs
        Its runs.
    broker
        Tells the workers.
    lease
        Seconds of silence after which a run is lost.
    """

    def __init__(
        self,
        *,
        storage: Storage,
        runs: RunRecords,
        broker: Broker,
        lease: float = 20.0,
    ) -> None:
        self.id = f"{socket.gethostname()}-{os.getpid()}-{os.urandom(2).hex()}"
        self._storage = storage
        self._schedulers = storage.records("schedulers")
        self._runs = runs
        self._broker = broker
        groups = GroupRecords(storage, runs)
        self._successors = Successors(storage, runs=runs, groups=groups, broker=broker)
        self._lease = lease
        self._round = min(1.0, lease / 8)
        self._seen: dict[str, _Seen] = {}
        self._heard: dict[str, _Heard] = {}
        self._started = utcnow()
        self._told = 0.0
        self._looked = 0.0
        self._looking_since = time.monotonic()
        self._broker_away = False
        self._sending = 0.0

    def run(self, stop: threading.Event) -> None:
        """Sweep every second or more often until `stop` is set, whether the database is there."""
        while not stop.is_set():
            try:
                self.sweep()
            except (StorageUnavailableError, StorageFullError) as error:
                # While nobody could write, nobody could give a sign of life either.
                self._forget()
                _log.warning("sweeping pauses: %s", error)
            stop.wait(self._round)
        try:
            self._schedulers.delete(self.id)
        except StorageUnavailableError as error:
            _log.warning("the record of this scheduler stays: %s", error)

    def sweep(self) -> None:
        """Look at all runs that are not over once."""
        self._beat()
        for run in self._runs.retryable():
            self._retry(run)
        self._mind_running()
        self._successors.sweep()
        self._mind_queue()
        self._mind_kept()

    def _forget(self) -> None:
        self._seen.clear()
        self._heard.clear()
        self._looking_since = time.monotonic()

    # -- running -------------------------------------------------------------------------------

    def _mind_running(self) -> None:
        running = self._runs.records(Status.RUNNING)
        now = time.monotonic()
        if now - self._looked - self._sending > self._lease / 2:
            # The sweeper itself was away, perhaps with the whole machine: nobody is to blame.
            self._forget()
        self._looked, self._sending = now, 0.0
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
        run = self._runs.requeue(lost, notice=notice, wait=wait)
        # While the broker is away it is sent with those that are due: it is waited for once.
        if run is not None and run.retry_at is None and not self._broker_away:
            self._hint(run)

    # -- queued --------------------------------------------------------------------------------

    def _mind_queue(self) -> None:
        workers = self._living()
        labels = {worker.label for worker in workers}
        for run in self._runs.unserved(labels, limit=_BATCH):
            self._runs.notify(run.id, waiting_for(run.label, workers))
        # Nobody would read a message to workers that are not there: it would just lie about.
        for run in self._runs.due(labels, limit=_BATCH):
            if not self._hint(run):
                return  # the broker is away: it will be so for the others too
        if not self._broker_away:
            self._runs.relieve(labels)

    def _mind_kept(self) -> None:
        """Fail what was to go on in a kernel that has gone with its worker."""
        since = time.monotonic() - self._lease
        if self._looking_since > since:
            return  # a worker that lives need not have beaten since
        heard = [w for w, each in self._heard.items() if each.at is not None and each.at > since]
        for run in self._runs.kept.sweep(heard):
            _log.warning("run %s cannot go on: its worker is gone", run.id)
            self._successors.release(run)

    def _living(self) -> list[Worker]:
        now, heard = time.monotonic(), dict[str, _Heard]()
        workers, newest_first = self._storage.records("workers"), [("started_at", -1)]
        for record in workers.query(sort=newest_first, without=["packages"]):
            if "started_at" not in record:
                continue
            worker = Worker.from_record(record)
            before = self._heard.get(worker.id)
            if before is None:
                # Until it beats again, its own clock is all there is to judge it by.
                at = now if utcnow() - worker.heartbeat_at < SILENCE else None
            else:
                at = before.at if before.worker.heartbeat_at == worker.heartbeat_at else now
            heard[worker.id] = _Heard(worker, at)
        self._heard = heard
        return [each.worker for each in heard.values() if each.lives]

    def _hint(self, run: Run) -> bool:
        began = time.monotonic()
        try:
            self._broker.send(run)
        except BrokerUnavailableError as error:
            self._broker_away = True
            self._runs.notify(run.id, str(error))
            return False
        finally:  # a broker that does not answer keeps it that long, and it knows what from
            self._sending += min(time.monotonic() - began, _LONGEST_SEND)
        self._broker_away = False
        self._runs.hinted(run.id)
        return True

    def _beat(self) -> None:
        now = time.monotonic()
        if self._told and now - self._told < min(5.0, self._lease / 4):
            return
        self._told = now
        record = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started_at": self._started,
            "heartbeat_at": utcnow(),
        }
        self._schedulers.upsert(self.id, record)
        for collection in ("workers", "schedulers"):
            records = self._storage.records(collection)
            for old in records.query({"heartbeat_at": {"$lt": utcnow() - _FORGET}}):
                if not (heard := self._heard.get(old["id"])) or not heard.lives:
                    records.delete(old["id"])
