"""The sweeper: sends lost messages again, and takes runs from workers that fell silent.

It trusts no clock but its own: a run is lost when the sweeper itself has not seen a sign of
life for a whole lease. Any number of sweepers may run; each change is a compare-and-set.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import (
    BrokerUnavailableError,
    StorageFullError,
    StorageUnavailableError,
)
from omegaml_lab.core.runs import Failure, Status
from omegaml_lab.runtime.runs import utcnow
from omegaml_lab.runtime.runtime import living_workers, waiting_for

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from omegaml_lab.core.runs import Run
    from omegaml_lab.runtime.broker import Broker
    from omegaml_lab.runtime.runs import RunRecords
    from omegaml_lab.storage.storage import Storage

__all__ = ["Sweeper"]

_ROUND = 1.0
_FIRST_HINT = 3.0
_LONGEST_PAUSE = 60.0
_BATCH = 500
_FORGET = timedelta(hours=1)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Seen:
    """The last sign of life of a run, and when this sweeper first saw it, by its own clock."""

    beat: tuple[str, int]
    at: float


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
        self, *, storage: Storage, runs: RunRecords, broker: Broker, lease: float = 20.0
    ) -> None:
        self.id = f"{socket.gethostname()}-{os.getpid()}-{os.urandom(2).hex()}"
        self._storage = storage
        self._schedulers = storage.records("schedulers")
        self._runs = runs
        self._broker = broker
        self._lease = lease
        self._seen: dict[str, _Seen] = {}
        self._started = utcnow()
        self._told = 0.0
        self._broker_away: str | None = None

    def run(self, stop: threading.Event) -> None:
        """Sweep about every second until `stop` is set; a database that is away is waited for."""
        while not stop.is_set():
            try:
                self.sweep()
            except (StorageUnavailableError, StorageFullError) as error:
                # While nobody could write, nobody could give a sign of life either.
                self._seen.clear()
                _log.warning("sweeping pauses: %s", error)
            stop.wait(_ROUND)
        try:
            self._schedulers.delete(self.id)
        except StorageUnavailableError as error:
            _log.warning("the record of this scheduler stays: %s", error)

    def sweep(self) -> None:
        """Look at all runs that are not over once."""
        self._beat()
        for record in self._runs.query({"status": Status.LOST.value}):
            self._retry(record)
        self._mind_running()
        self._mind_queue()

    # -- running -------------------------------------------------------------------------------

    def _mind_running(self) -> None:
        running = self._runs.query({"status": Status.RUNNING.value})
        now = time.monotonic()
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
                self._retry(record)

    def _retry(self, record: Mapping[str, Any]) -> None:
        notice = f"Worker {record['worker']} was lost; the run waits for another one."
        run = self._runs.requeue(record["id"], notice=notice)
        if run is not None:
            self._hint(run)

    # -- queued --------------------------------------------------------------------------------

    def _mind_queue(self) -> None:
        queued = self._runs.query({"status": Status.QUEUED.value}, limit=_BATCH)
        if not queued:
            return
        workers = living_workers(self._storage)
        now = utcnow()
        for record in queued:
            if _is_due(record, now) and not self._hint(self._runs.get(record["id"])):
                return  # the broker is away: it will be so for the others too
            notice = self._broker_away or waiting_for(record["label"], workers)
            if notice != record["notice"]:
                self._runs.notify(record["id"], notice)

    def _hint(self, run: Run) -> bool:
        try:
            self._broker.send(run)
        except BrokerUnavailableError as error:
            self._broker_away = str(error)
            self._runs.notify(run.id, self._broker_away)
            return False
        self._broker_away = None
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
                records.delete(old["id"])


def _is_due(record: Mapping[str, Any], now: datetime) -> bool:
    """Say whether a message must have got lost: ever more patiently, for queues may be long."""
    last: datetime = record.get("hinted_at") or record["queued_at"]
    pause = min(_FIRST_HINT * 2 ** min(record.get("hints", 0), 10), _LONGEST_PAUSE)
    return (now - last).total_seconds() >= (pause if record.get("hinted_at") else _FIRST_HINT)
