"""The sweeper: sends lost messages again, and takes runs from workers that fell silent.

Any number of sweepers may run; each change is a compare-and-set.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import (
    BrokerUnavailableError,
    StorageFullError,
    StorageUnavailableError,
)
from omegaml_lab.runtime.records.group_records import GroupRecords
from omegaml_lab.runtime.records.presence import waiting_for
from omegaml_lab.runtime.records.run_records import utcnow
from omegaml_lab.runtime.records.successors import Successors
from omegaml_lab.runtime.workers.courier import Courier
from omegaml_lab.runtime.workers.leases import Leases

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.workers import Worker
    from omegaml_lab.runtime.broker.broker import Broker
    from omegaml_lab.runtime.records.run_records import RunRecords
    from omegaml_lab.storage.storage import Storage

__all__ = ["Sweeper"]

_BATCH = 500
_FORGET = timedelta(hours=1)

_log = logging.getLogger(__name__)


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
        self._courier = Courier(broker)
        groups = GroupRecords(storage, runs)
        self._successors = Successors(storage, runs=runs, groups=groups, broker=self._courier)
        self._leases = Leases(storage=storage, runs=runs, lease=lease)
        self._lease = lease
        self._round = min(1.0, lease / 8)
        self._started = utcnow()
        self._told = 0.0

    def run(self, stop: threading.Event) -> None:
        """Sweep every second or more often until `stop` is set, whether the database is there.

        The leases are looked after in a thread of their own: a broker that does not answer
        keeps no run of a dead worker from being lost.
        """
        with ThreadPoolExecutor(1) as pool:
            leases = pool.submit(self._repeat, stop, self._leases.look, self._leases.forget)
            leases.add_done_callback(lambda _: stop.set())  # neither goes on without the other
            try:
                self._repeat(stop, self.mind_queue)
            finally:
                stop.set()
        leases.result()
        try:
            self._schedulers.delete(self.id)
        except StorageUnavailableError as error:
            _log.warning("the record of this scheduler stays: %s", error)

    def _repeat(
        self,
        stop: threading.Event,
        act: Callable[[], object],
        paused: Callable[[], object] = lambda: None,
    ) -> None:
        while not stop.is_set():
            try:
                act()
            except (StorageUnavailableError, StorageFullError) as error:
                # While nobody could write, nobody could give a sign of life either.
                paused()
                _log.warning("sweeping pauses: %s", error)
            stop.wait(self._round)

    def sweep(self) -> None:
        """Look at all runs that are not over once."""
        self._leases.look()
        self.mind_queue()

    def mind_queue(self) -> None:
        """Send what nobody has been told of, or for too long."""
        self._beat()
        self._courier.begin()
        self._successors.sweep()
        if (workers := self._leases.living) is not None:
            self._mind_queued(workers)
        self._courier.mend()

    def _mind_queued(self, workers: list[Worker]) -> None:
        labels = {worker.label for worker in workers}
        for run in self._runs.unserved(labels, limit=_BATCH):
            self._runs.notify(run.id, waiting_for(run.label, workers))
        # Nobody would read a message to workers that are not there: it would just lie about.
        for run in self._runs.due(labels, limit=_BATCH):
            self._hint(run)
        self._runs.relieve(labels - self._courier.away)

    def _hint(self, run: Run) -> None:
        try:
            self._courier.send_many([run])
        except BrokerUnavailableError as error:
            self._runs.notify(run.id, str(error))
        else:
            self._runs.hinted(run.id)

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
                if not self._leases.lives(old["id"]):
                    records.delete(old["id"])
