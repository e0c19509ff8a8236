"""The timetable: makes the runs that schedules are due for. Any number of them may be kept."""

from __future__ import annotations

import contextlib
import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import (
    DuplicateRecordError,
    InvalidTransitionError,
    NotebookGoneError,
    ObjectNotFoundError,
    OmegaError,
    StorageFullError,
    StorageUnavailableError,
)
from omegaml_lab.core.schedules import Misfire, Overlap
from omegaml_lab.runtime.records.schedule_records import run_id, start_of
from omegaml_lab.runtime.schedules.due import Rule

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.schedules import Schedule
    from omegaml_lab.runtime.records.run_records import RunRecords
    from omegaml_lab.runtime.records.schedule_records import ScheduleRecords

__all__ = ["GRACE", "Timetable"]

GRACE = timedelta(seconds=60)
"""What is later than this was missed: a scheduler that lives is late by a second or two."""

_ROUND = 0.5  # seconds between two looks
_PATIENCE = 10.0  # seconds that one look may take to make runs
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
        self._served = ""  # the schedule that was served last, in a look that took too long

    def run(self, stop: threading.Event) -> None:
        """Make what is due until `stop` is set, whether the database is there or not."""
        while not stop.is_set():
            try:
                self.fire(stop)
            except OmegaError as error:
                _log.warning("schedules wait: %s", error)
            stop.wait(_ROUND)

    def fire(self, stop: threading.Event | None = None) -> None:
        """Make the runs that are due now, each once, whoever else does so.

        What takes long goes on in the next call, so that due times are claimed in time.
        """
        now = self._schedules.now()
        for schedule in self._schedules.due(now):
            with _minded(schedule):
                self._claim(schedule, now)
        end = time.monotonic() + _PATIENCE
        for schedule in self._schedules.waiting(after=self._served):
            if self._schedules.now() < start_of(schedule, schedule.waiting[0]):
                continue
            with _minded(schedule):
                self._serve(schedule)
            self._served = schedule.id
            if time.monotonic() > end or (stop is not None and stop.is_set()):
                return
        self._served = ""

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

    def _serve(self, before: Schedule) -> None:
        """Make the run of the first due time that waits, unless that is somebody else's now."""
        due = before.waiting[0]
        wanted = run_id(before.id, due)
        made = self._runs.find(wanted)
        earlier = [run for run in self._going(before.id) if run.id != wanted]
        if made is None and earlier and before.overlap is Overlap.QUEUE:
            return
        schedule = self._schedules.set(before, {})
        if schedule is None:  # served, paused or edited meanwhile: it is looked at anew
            return
        served = {"waiting": list(schedule.waiting[1:])}
        if made is None and earlier and schedule.overlap is Overlap.SKIP:
            notice = f"{_told(due)} was skipped: the run {earlier[-1].id} was still going."
            self._schedules.set(schedule, {**served, "notice": notice})
            return
        made = made or self._begin(schedule, due, served)
        if made is None:
            return
        if schedule.overlap is Overlap.REPLACE:
            self._cancel([run for run in earlier if run.queued_at <= made.queued_at])
        done = {"last_run": wanted, "notice": None, "unable": None}
        self._schedules.set(schedule, {**served, **done})

    def _begin(self, schedule: Schedule, due: datetime, served: dict[str, Any]) -> Run | None:
        """Make the run of a due time; None if there is none, which is noted, or not yet."""
        try:
            return self._start(schedule, run_id(schedule.id, due))
        except DuplicateRecordError:
            return None  # somebody made it a moment ago: the next look finds it
        except (StorageUnavailableError, StorageFullError):
            raise  # it waits until one can write again
        except NotebookGoneError as error:
            # What goes by its name only may not have gone along with a new one yet.
            if schedule.object or self._schedules.now() - due >= GRACE:
                self._rest(schedule, served, due, error)
            return None
        except OmegaError as error:
            if isinstance(error, ObjectNotFoundError) and self._schedules.now() - due < GRACE:
                return None  # it may have been renamed just now: the next look finds it
            _log.warning("schedule %s of %s made no run: %s", schedule.id, schedule.job, error)
            notice = f"{_told(due)} made no run: {error}"
            # Who is to be told of failures is told of this one, which has no run: see `Outbox`.
            untold = {"due": due, "reason": str(error)}
            self._schedules.set(schedule, {**served, "notice": notice, "untold": untold})
            return None

    def _rest(
        self, schedule: Schedule, served: dict[str, Any], due: datetime, error: NotebookGoneError
    ) -> None:
        """Let what is due pass while the notebook of a schedule is not there: that is told once.

        Nothing has to be done when it is back: what is due then is run.
        """
        values: dict[str, Any] = {**served, "unable": error.reason}
        if schedule.unable is None:
            _log.warning("%s", error)
            values["notice"] = f"From {_told(due)} on it made no runs: its notebook was not there."
            values["untold"] = {"due": due, "reason": error.reason}
        self._schedules.set(schedule, values)

    def _going(self, schedule_id: str) -> list[Run]:
        """Return the runs of a schedule that have not ended for good, the oldest first."""
        where = {"schedule": schedule_id, "status": {"$in": ["queued", "running", "lost"]}}
        return [r for r in reversed(self._runs.page(where, limit=None).items) if not r.final]

    def _cancel(self, runs: list[Run]) -> None:
        for run in runs:
            with contextlib.suppress(InvalidTransitionError):  # it has just ended
                self._runs.cancel(run.id)


@contextlib.contextmanager
def _minded(schedule: Schedule) -> Iterator[None]:
    """Let one schedule that cannot be met keep no other from being so."""
    try:
        yield
    except (StorageUnavailableError, StorageFullError):
        raise  # it is so for all
    except OmegaError as error:
        _log.warning("schedule %s of %s: %s", schedule.id, schedule.job, error)


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
