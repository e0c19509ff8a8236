"""The timetable: makes the runs that schedules are due for. Any number of them may be kept."""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import (
    DuplicateRecordError,
    InvalidTransitionError,
    OmegaError,
    StorageFullError,
    StorageUnavailableError,
)
from omegaml_lab.core.schedules import Misfire, Overlap
from omegaml_lab.runtime.due import Rule
from omegaml_lab.runtime.schedule_records import run_id

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from datetime import datetime

    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.schedules import Schedule
    from omegaml_lab.runtime.runs import RunRecords
    from omegaml_lab.runtime.schedule_records import ScheduleRecords

__all__ = ["GRACE", "Timetable"]

GRACE = timedelta(seconds=60)
"""What is later than this was missed: a scheduler that lives is late by a second or two."""

_BATCH = 200
_ROUND = 0.5  # seconds between two looks
_MOST_WAITING = 10

_log = logging.getLogger(__name__)


class Timetable:
    """Makes the runs of one repository that are due.

    Parameters
    ----------
    schedules
        The schedules of the repository.
    runs
        Its runs.
    start
        Queues a run of a schedule, under an id.
    """

    def __init__(
        self,
        *,
        schedules: ScheduleRecords,
        runs: RunRecords,
        start: Callable[[Schedule, str], Run],
    ) -> None:
        self._schedules = schedules
        self._runs = runs
        self._start = start

    def run(self, stop: threading.Event) -> None:
        """Make what is due until `stop` is set, whether the database is there or not."""
        while not stop.is_set():
            try:
                self.fire()
            except (StorageUnavailableError, StorageFullError) as error:
                _log.warning("schedules wait: %s", error)
            stop.wait(_ROUND)

    def fire(self) -> None:
        """Make the runs that are due now, each once, whoever else does so."""
        now = self._schedules.now()
        for schedule in self._schedules.due(now, limit=_BATCH):
            self._claim(schedule, now)
        for schedule in self._schedules.waiting(limit=_BATCH):
            self._serve(schedule)

    def _claim(self, schedule: Schedule, now: datetime) -> None:
        """Move the due time that has come to those that wait, unless somebody else does."""
        assert schedule.next_due is not None  # noqa: S101 - it is due
        rule = Rule.of_schedule(schedule)
        latest = rule.last(since=schedule.next_due, until=now) or schedule.next_due
        following = next(rule.after(now), None)
        waiting, notice = list(schedule.waiting), schedule.notice
        if now - latest > GRACE and schedule.misfire is Misfire.SKIP:
            notice = f"No scheduler was there at {_told(latest)}, and missed times are skipped."
        elif len(waiting) >= _MOST_WAITING:
            notice = f"{_told(latest)} was left out: {len(waiting)} due times wait already."
        else:
            waiting.append(latest)
        claimed = self._schedules.set(
            schedule,
            {"next_due": following, "last_due": latest, "waiting": waiting, "notice": notice},
        )
        if claimed is not None:
            _log.info("schedule %s of %s is due", schedule.id, schedule.job)

    def _serve(self, schedule: Schedule) -> None:
        """Make the run of the first due time that waits."""
        due = schedule.waiting[0]
        served = {"waiting": list(schedule.waiting[1:])}
        wanted = run_id(schedule.id, due)
        earlier = [run for run in self._runs.going(schedule.id) if run.id != wanted]
        if earlier and schedule.overlap is Overlap.QUEUE:
            return
        if earlier and schedule.overlap is Overlap.SKIP:
            notice = f"{_told(due)} was skipped: the run {earlier[-1].id} was still going."
            self._schedules.set(schedule, {**served, "notice": notice})
            return
        try:
            self._start(schedule, wanted)
        except DuplicateRecordError:
            pass  # somebody made it, and may have died before they could say so
        except (StorageUnavailableError, StorageFullError):
            raise  # it waits until one can write again
        except OmegaError as error:
            _log.warning("schedule %s of %s made no run: %s", schedule.id, schedule.job, error)
            notice = f"{_told(due)} made no run: {error}"
            self._schedules.set(schedule, {**served, "notice": notice})
            return
        for run in earlier:
            with contextlib.suppress(InvalidTransitionError):  # it has just ended
                self._runs.cancel(run.id)
        self._schedules.set(schedule, {**served, "last_run": wanted, "notice": None})


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
