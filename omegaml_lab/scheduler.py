"""The scheduler: makes what is due, minds the queue, tells people, collects garbage.

Any number may run.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from omegaml_lab.config import Config
from omegaml_lab.core.errors import NotificationError, OmegaError, ServiceError
from omegaml_lab.omega import Omega
from omegaml_lab.runtime.schedules.timetable import Timetable
from omegaml_lab.runtime.workers.daily import Daily
from omegaml_lab.runtime.workers.sweeper import Sweeper

if TYPE_CHECKING:
    from types import FrameType

    from omegaml_lab.core.gc import Collected
    from omegaml_lab.core.notifications import Notification
    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.schedules import Schedule
    from omegaml_lab.runtime.notifications.postman import Postman

__all__ = ["main"]

_log = logging.getLogger(__name__)


def main(config: Config, *, log_level: str = "INFO") -> int:
    """Mind schedules and queue until SIGTERM or SIGINT; return the exit code."""
    logging.basicConfig(
        level=log_level,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - Python's signature
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with Omega(config=config) as omega, contextlib.ExitStack() as others:
        sweeper = Sweeper(
            storage=omega.storage,
            runs=omega.runtime.runs.records,
            broker=omega.runtime.broker,
            lease=config.lease_seconds,
        )
        _log.info("scheduler %s is ready", sweeper.id)
        daily = Daily(omega.storage.records("daily"), "gc", lambda: _collect(omega, stop))
        with ThreadPoolExecutor(3) as pool:
            timetable = pool.submit(_timetable(omega, others).run, stop)
            collector = pool.submit(daily.run, stop)
            postman = pool.submit(_postman(omega).run, stop)
            for other in (timetable, collector, postman):
                other.add_done_callback(lambda _: stop.set())  # none goes on without the others
            try:
                sweeper.run(stop)
            finally:
                stop.set()
        timetable.result()
        collector.result()
        postman.result()
    return 0


def _collect(omega: Omega, stop: threading.Event) -> Collected:
    def unless_ending(what: str, done: int) -> None:
        if stop.is_set():
            raise ServiceError("gc", f"the scheduler ends, after {done} {what}")

    try:
        return omega.gc(progress=unless_ending)
    except OmegaError:
        raise
    except Exception as error:
        # The edge of the scheduler: garbage that cannot be collected must not stop schedules.
        _log.exception("gc")
        raise ServiceError("gc", f"{type(error).__name__}: {error}") from error


def _postman(omega: Omega) -> Postman:
    def send(notification: Notification) -> None:
        try:
            omega.notifications.notifiers.notifier(notification.channel).send(notification)
        except OmegaError:
            raise
        except Exception as error:
            # The edge of the scheduler: a channel that fails in its own way must stop no other.
            _log.exception("notification %s by %s", notification.id, notification.channel)
            reason = f"the channel itself failed: {type(error).__name__}"
            raise NotificationError(notification.channel, reason) from error

    return omega.notifications.postman(send)


def _timetable(omega: Omega, others: contextlib.ExitStack) -> Timetable:
    buckets = {omega.bucket: omega}

    def seen_through(bucket: str) -> Omega:
        if bucket not in buckets:
            other = Omega(omega.url, bucket=bucket, config=omega.config)
            buckets[bucket] = others.enter_context(other)
        return buckets[bucket]

    def start(schedule: Schedule, run: str) -> Run:
        try:
            return seen_through(schedule.bucket).runtime.schedules.start(schedule, id=run)
        except OmegaError:
            raise
        except Exception as error:
            # The edge of the scheduler: what one job makes go wrong must not stop the others.
            _log.exception("schedule %s of %s", schedule.id, schedule.job)
            raise ServiceError("scheduler", f"{type(error).__name__}: {error}") from error

    return Timetable(
        schedules=omega.runtime.schedules.records, runs=omega.runtime.runs.records, start=start
    )


if __name__ == "__main__":
    sys.exit(main(Config.load()))
