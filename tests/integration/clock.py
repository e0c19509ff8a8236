"""A repository whose schedules live at a time that a test sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.client.schedules import Schedules
from omegaml_lab.runtime.notebooks.execution import result_name
from omegaml_lab.runtime.records.schedule_records import ScheduleRecords
from omegaml_lab.runtime.schedules.timetable import Timetable
from tests.integration.notebooks import notebook

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.schedules import Schedule
    from omegaml_lab.omega import Omega

SIX = datetime(2026, 3, 2, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Clock:
    """A repository whose schedules live at a time that a test sets."""

    def __init__(self, omega: Omega, now: datetime) -> None:
        self.omega = omega
        self.now = now
        self.records = ScheduleRecords(omega.storage.records("schedules"), clock=lambda: self.now)
        self.schedules = Schedules(omega.runtime, self.records, "ada")
        omega.jobs.put(notebook("print(n)", parameters="n = 1"), "job")

    def add(self, when: str = "every hour", **options: Any) -> Schedule:
        return self.schedules.add("job", when, timezone="UTC", **options)

    def timetable(
        self, start: Callable[[Schedule, str], Run] | None = None, records: Any = None
    ) -> Timetable:
        return Timetable(
            schedules=records or self.records,
            runs=self.omega.runtime.runs.records,
            start=start or (lambda schedule, run: self.schedules.start(schedule, id=run)),
        )

    def fire(self, now: datetime | None = None) -> None:
        self.now = now or self.now
        self.timetable().fire()

    def runs(self) -> list[Run]:
        """Return all runs, the oldest first."""
        return self.omega.runtime.runs.list().items[::-1]


def end(omega: Omega, run: Run) -> None:
    runs = omega.runtime.runs.records
    claim = runs.claim(run.id, worker="w", result=result_name)
    assert claim is not None
    runs.finish(claim, Status.SUCCEEDED, progress=run.progress, log="")
