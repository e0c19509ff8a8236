"""The worker: a Celery app whose one task performs a run.

``omega worker`` calls :func:`main`. Who wants Celery's own options starts ``celery -A
omegaml_lab.worker:app worker --without-gossip --without-mingle`` instead, with the pool as it is.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from omegaml_lab.config import Config
from omegaml_lab.core.errors import (
    IntegrityError,
    OmegaError,
    StorageFullError,
    StorageUnavailableError,
)
from omegaml_lab.core.lineage import Relation
from omegaml_lab.core.runs import Status
from omegaml_lab.omega import Omega
from omegaml_lab.runtime.broker.broker import PERFORM, queue_of
from omegaml_lab.runtime.calls.parcels import expire
from omegaml_lab.runtime.records.run_records import utcnow
from omegaml_lab.runtime.workers import courier
from omegaml_lab.runtime.workers.autoscaling import PATIENCE, Autoscaler, Scale
from omegaml_lab.store.jobs import JobStore
from omegaml_lab.store.recording import Recorder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from celery import Celery

    from omegaml_lab.core.runs import Run
    from omegaml_lab.runtime.workers.performer import Performer

__all__ = ["main", "make_worker"]

GRACE = 5.0
"""Seconds that going runs have to end by themselves when the worker is asked to stop."""
_REPORTS = 60.0  # seconds between two looks for reports that nobody published
_ENVIRONMENTS = 3600.0  # and for environments that no run uses

_TURN = 0.0002
"""Seconds after which a thread that computes lets another one on: the longest are of Celery,
in the way of the thread that has a call to answer."""

_log = logging.getLogger(__name__)


def main(
    config: Config, *, log_level: str = "INFO", grace: float = GRACE, patience: float = PATIENCE
) -> int:
    """Perform runs until SIGTERM or SIGINT; return the exit code.

    On the first signal no run is taken any more, and those that still go after `grace` seconds
    are given back to the queue.
    """
    logging.basicConfig(
        level=log_level,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for told_by_us in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(told_by_us).setLevel(max(logging.WARNING, logging.getLogger().level))
    sys.setswitchinterval(_TURN)
    with Omega(config=config) as omega:
        worker = make_worker(omega, grace=grace, patience=patience).Worker(
            loglevel=log_level,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            quiet=True,
        )
        worker.start()
        return int(worker.exitcode or 0)


def make_worker(omega: Omega, *, grace: float = GRACE, patience: float = PATIENCE) -> Celery:
    """Return the Celery app with its task, wired to a repository.

    `patience` is how long slots that autoscaling has added are kept when nothing needs them.
    """
    from celery import signals

    from omegaml_lab.runtime.workers.slots import take_messages

    performer, stop = _performer(omega), threading.Event()
    app = omega.runtime.broker.app
    least, most = omega.config.slots
    slots = take_messages(app, queue_of(omega.storage.database, omega.config.label), least, most)
    slots.listen(lambda: performer.resize(slots.count))
    scaler = Autoscaler(
        Scale(least=least, most=most, patience=patience),
        slots,
        busy=lambda: performer.busy,
        runs=omega.runtime.runs.records,
        label=omega.config.label,
    )
    _mind_beginning(omega)

    @app.task(name=PERFORM)  # type: ignore[untyped-decorator]
    def perform(run_id: str, database: str, *told: Any) -> None:
        if database == omega.storage.database:
            _perform(performer, omega, run_id, *told[:2])  # and what newer versions tell

    @signals.worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]
    def ready(**_: Any) -> None:
        performer.start()
        for mind in (_mind_reports, _mind_environments):
            threading.Thread(target=mind, args=(omega, stop), daemon=True).start()
        if least < most:
            threading.Thread(target=scaler.run, args=(stop,), daemon=True).start()
        _log.info("worker %s is ready", performer.id)

    @signals.worker_shutting_down.connect(weak=False)  # type: ignore[untyped-decorator]
    def drain(**_: Any) -> None:
        for wait, act in ((0.0, performer.give_up_kernels), (grace, performer.give_back)):
            timer = threading.Timer(wait, act)
            timer.daemon = True
            timer.start()

    @signals.worker_shutdown.connect(weak=False)  # type: ignore[untyped-decorator]
    def done(**_: Any) -> None:
        stop.set()
        performer.stop(grace=grace)

    return app


def _performer(omega: Omega) -> Performer:
    # These load papermill and nbformat: once, before the first run waits for them.
    from omegaml_lab.runtime.calls.callees import Callees
    from omegaml_lab.runtime.environments.environments import Environments, index_urls
    from omegaml_lab.runtime.kernels import warm
    from omegaml_lab.runtime.kernels.kernels import KernelSource
    from omegaml_lab.runtime.notebooks.allowance import Allowance
    from omegaml_lab.runtime.notebooks.log import secrets_of
    from omegaml_lab.runtime.workers.offers import offered
    from omegaml_lab.runtime.workers.performer import Performer

    config, url = omega.config, omega.url
    nursery = warm.Nursery() if warm.available() else None
    for_calls = warm.Nursery("calls") if warm.available() else None
    if nursery is not None:
        nursery.start()
    if for_calls is not None and _has_callables(omega):  # else the first call starts it
        for_calls.start()

    def jobs(run: Run) -> JobStore:
        storage = omega.storage
        return JobStore(
            storage,
            "jobs",
            registry=omega.registry,
            bucket=run.bucket,
            owner=run.owner,
            recorder=Recorder(storage.lineage, run=run.id, relation=Relation.RAN),
        )

    performer = Performer(
        runs=omega.runtime.runs.records,
        workers=omega.storage.records("workers"),
        jobs=jobs,
        kernels=KernelSource(nursery, Environments.of(config)),
        callees=Callees(limit=config.slots[0], nursery=for_calls),
        environment=partial(_environment, omega),
        secrets=secrets_of(url, config.broker_url, *index_urls(config)),
        label=config.label,
        concurrency=config.slots[0],
        lease=config.lease_seconds,
        allowance=Allowance(files=config.files_megabytes * 1e6),
        kept_kernels=config.kept_kernels,
        resume=lambda run_id: _resume(performer, omega, run_id),
        offer=lambda: offered(config),
    )
    return performer


def _has_callables(omega: Omega) -> bool:
    """Say whether there is something to be called: only then processes for calls are prepared."""
    try:
        return any(store.entries(limit=1).total for store in (omega.models, omega.scripts))
    except OmegaError:
        return False


def _environment(omega: Omega, bucket: str, owner: str) -> dict[str, str]:
    """Return the variables with which the process of a run opens the repository."""
    config = omega.config
    given = {"OMEGA_BROKER_URL": config.broker_url, "OMEGA_DASK_URL": config.dask_url}
    return {
        "OMEGA_MONGO_URL": omega.url,
        "OMEGA_BUCKET": bucket,
        "OMEGA_HOME": str(config.home),
        "OMEGA_USER": owner or config.user,
        **{name: value for name, value in given.items() if value},
    }


def _perform(
    performer: Performer,
    omega: Omega,
    run_id: str,
    kind: str | None = None,
    told: Mapping[str, Any] | None = None,
) -> None:
    try:
        execution = performer.take(run_id, kind, told)
    except IntegrityError as error:
        _log.warning("run %s waits for a worker of the version that asked: %s", run_id, error)
        return
    if execution is None:
        return
    attempt = execution.claim.run.attempt
    try:
        run = performer.perform(execution)
    except Exception as error:  # noqa: BLE001
        # The edge of the worker: whatever it was, the run must come to an end.
        _log.exception("run %s failed in the worker itself", run_id)
        run = execution.fail(error)
    finally:
        performer.release(execution)
    if run is not None:
        _release(omega, run)
    if run is not None and run.status is Status.QUEUED and run.attempt > attempt:
        _send_later(omega, run)
    if run is not None and run.status is Status.SUCCEEDED and run.kind == "job":
        _follow(omega, run)


def _resume(performer: Performer, omega: Omega, run_id: str) -> None:
    """Perform a run beside those of Celery, which may be busy: its kernel is there already."""

    def perform() -> None:
        try:
            _perform(performer, omega, run_id)
        except OmegaError as error:  # the next heartbeat looks whether it waits
            _log.warning("run %s is resumed later: %s", run_id, error)

    threading.Thread(target=perform, daemon=True).start()


def _release(omega: Omega, run: Run) -> None:
    """Let the runs start that have waited for this one; what fails here the scheduler does."""
    try:
        omega.runtime.successors.release(run)
    except OmegaError as error:
        _log.warning("the scheduler will start what follows run %s: %s", run.id, error)


def _send_later(omega: Omega, run: Run) -> None:
    """Send the message about the next attempt when it is due.

    The scheduler does so from the record, whatever becomes of this worker: it is only needed
    where no scheduler is.
    """

    def send() -> None:
        try:
            omega.runtime.broker.send(run)
        except OmegaError as error:
            _log.warning("the scheduler will send run %s again: %s", run.id, error)

    wait = (run.retry_at or utcnow()) - utcnow()
    timer = threading.Timer(max(0.0, wait.total_seconds()) + 0.05, send)
    timer.daemon = True
    timer.start()


def _mind_beginning(omega: Omega) -> None:
    """Replace a queue without leader, which keeps the worker from coming to be.

    Later, the scheduler finds it that sends messages to it: to workers that are there.
    """
    from celery import signals

    begun = threading.Event()

    def mind() -> None:
        while not begun.wait(courier.PATIENCE):
            courier.mended(omega.runtime.broker, omega.config.label)

    def begin(**_: Any) -> None:
        threading.Thread(target=mind, daemon=True).start()

    def ready(**_: Any) -> None:
        begun.set()

    signals.worker_init.connect(begin, weak=False)
    signals.worker_ready.connect(ready, weak=False)


def _mind_reports(omega: Omega, stop: threading.Event) -> None:
    """Publish what a worker that died, or a database that was away, left unpublished.

    What calls left behind goes when it is old.
    """
    while not stop.is_set():
        try:
            for run in omega.runtime.runs.records.unpublished():
                _follow(omega, run)
            omega.runtime.successors.sweep()
            expire(omega.runtime.calls.stores.calls, omega.runtime.runs.records)
        except OmegaError as error:
            _log.warning("reports wait: %s", error)
        stop.wait(_REPORTS)


def _mind_environments(omega: Omega, stop: threading.Event) -> None:
    """Remove what no run of this machine has used for long, and what ended workers have left."""
    from omegaml_lab.runtime.environments.environments import Environments
    from omegaml_lab.runtime.kernels.run_folders import collect

    environments = Environments.of(omega.config)
    while not stop.is_set():
        if left := collect():
            _log.info("%d folders were removed that ended workers had left", len(left))
        try:
            for removed in environments.collect():
                requires = ", ".join(removed.requires)
                _log.info("the environment with %s was removed: no run uses it", requires)
        except OSError as error:
            _log.warning("environments stay: %s", error)
        stop.wait(_ENVIRONMENTS)


def _follow(omega: Omega, run: Run) -> None:
    notice = None
    try:
        if run.bucket == omega.bucket:
            omega.reports.follow(run)
        else:
            with Omega(omega.url, bucket=run.bucket, config=omega.config) as other:
                other.reports.follow(run)
    except (StorageUnavailableError, StorageFullError) as error:
        _log.warning("the report of run %s waits: %s", run.id, error)
        return
    except Exception as error:  # noqa: BLE001
        # The edge of the worker: the run is good, whatever its page made of it.
        _log.exception("the report of run %s was not rendered", run.id)
        notice = f"Its report does not show this run: {error}"
    if run.publish or notice:
        with contextlib.suppress(OmegaError):  # it is followed again, which does no harm
            omega.runtime.runs.records.published(run.id, notice=notice)


def __getattr__(name: str) -> Any:
    if name == "app":
        return make_worker(Omega(config=Config.load()))
    raise AttributeError(name)


if __name__ == "__main__":
    sys.exit(main(Config.load()))
