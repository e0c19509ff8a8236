"""Schedules on a real database: each due time makes its run once, whatever dies meanwhile."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.core.errors import (
    InvalidParameterError,
    InvalidScheduleError,
    ObjectNotFoundError,
    ScheduleNotFoundError,
)
from omegaml_lab.core.runs import Status
from omegaml_lab.omega import Omega
from omegaml_lab.runtime.execution import result_name
from omegaml_lab.runtime.runs import utcnow
from omegaml_lab.runtime.schedule_records import ScheduleRecords, run_id
from omegaml_lab.runtime.schedules import Schedules
from omegaml_lab.runtime.timetable import Timetable
from tests.integration.notebooks import WAIT, notebook
from tests.integration.processes import scheduler, until, worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.schedules import Schedule

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


@pytest.fixture
def clock(omega: Omega) -> Clock:
    return Clock(omega, SIX - MINUTE)


def end(omega: Omega, run: Run) -> None:
    runs = omega.runtime.runs.records
    claim = runs.claim(run.id, worker="w", result=result_name)
    assert claim is not None
    runs.finish(claim, Status.SUCCEEDED, progress=run.progress, log="")


def test_what_is_due_makes_a_run_with_all_that_was_asked_for(clock: Clock) -> None:
    schedule = clock.add(parameters={"n": 7}, label="gpu", publish={"hide_code": True})
    assert schedule.next_due == SIX
    clock.fire()
    assert clock.runs() == []
    clock.fire(SIX)
    (run,) = clock.runs()
    assert (run.job, run.parameters, run.label, run.owner) == ("job.ipynb", {"n": 7}, "gpu", "ada")
    assert (run.schedule, run.publish_options) == (schedule.id, {"hide_code": True})
    after = clock.schedules.get(schedule.id)
    assert (after.last_due, after.last_run) == (SIX, run.id)
    assert after.next_due == SIX + timedelta(hours=1)
    assert after.waiting == ()


def test_the_latest_revision_is_run(clock: Clock) -> None:
    clock.add()
    latest = clock.omega.jobs.put(notebook("2"), "job")
    clock.fire(SIX)
    assert clock.runs()[0].revision == latest.revision


def test_many_schedulers_make_each_run_once(clock: Clock) -> None:
    made = [clock.add("every minute") for _ in range(5)]
    stop, errors = threading.Event(), list[BaseException]()

    def fire() -> None:
        timetable = clock.timetable()
        try:
            while not stop.is_set():
                timetable.fire()
        except BaseException as error:  # noqa: BLE001 - it is looked at below
            errors.append(error)

    threads = [threading.Thread(target=fire) for _ in range(6)]
    for thread in threads:
        thread.start()
    for minute in range(4):
        clock.now = SIX + minute * MINUTE
        for schedule in made:
            until(lambda s=schedule: clock.schedules.get(s.id).last_due == clock.now)
            until(lambda s=schedule: not clock.schedules.get(s.id).waiting)
        for run in clock.omega.runtime.runs.list(status="queued").items:
            end(clock.omega, run)
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    wanted = {run_id(s.id, SIX + n * MINUTE) for s in made for n in range(4)}
    assert {run.id for run in clock.runs()} == wanted


def test_a_scheduler_may_die_between_its_steps(clock: Clock) -> None:
    schedule = clock.add()

    class DiedError(Exception):
        pass

    def die_before(schedule: Schedule, run: str) -> Run:
        raise DiedError

    def die_after(schedule: Schedule, run: str) -> Run:
        clock.schedules.start(schedule, id=run)
        raise DiedError

    clock.now = SIX
    for last_words in (die_before, die_after):
        with pytest.raises(DiedError):
            clock.timetable(last_words).fire()
    clock.fire()
    clock.fire()
    assert [run.id for run in clock.runs()] == [run_id(schedule.id, SIX)]
    assert clock.schedules.get(schedule.id).last_run == run_id(schedule.id, SIX)


def test_missed_times_make_one_run_or_none(clock: Clock) -> None:
    once, skipped = clock.add(), clock.add(misfire="skip")
    clock.fire(SIX + timedelta(hours=5, minutes=10))
    (run,) = clock.runs()
    assert run.id == run_id(once.id, SIX + timedelta(hours=5))
    assert clock.schedules.get(once.id).notice is None
    notice = str(clock.schedules.get(skipped.id).notice)
    assert notice.startswith("No scheduler was there at 2026-03-02 11:00 UTC")
    clock.fire(SIX + timedelta(hours=6, seconds=2))  # a little late is not missed
    assert clock.schedules.get(skipped.id).last_run == clock.runs()[-1].id
    assert clock.schedules.get(skipped.id).notice is None


def test_an_earlier_run_that_goes_on_lets_the_next_be_skipped(clock: Clock) -> None:
    schedule = clock.add()
    clock.fire(SIX)
    (first,) = clock.runs()
    clock.fire(SIX + timedelta(hours=1))
    assert clock.runs() == [first]
    assert f"the run {first.id} was still going" in str(clock.schedules.get(schedule.id).notice)
    end(clock.omega, first)
    clock.fire(SIX + timedelta(hours=2))
    assert len(clock.runs()) == 2
    assert clock.schedules.get(schedule.id).notice is None


def test_runs_that_queue_begin_one_after_another(clock: Clock) -> None:
    schedule = clock.add(overlap="queue")
    for hour in range(3):
        clock.fire(SIX + timedelta(hours=hour))
    assert len(clock.runs()) == 1
    assert len(clock.schedules.get(schedule.id).waiting) == 2
    for hour in range(3):
        run = clock.runs()[-1]
        assert run.id == run_id(schedule.id, SIX + timedelta(hours=hour))
        end(clock.omega, run)
        clock.fire()
    assert len(clock.runs()) == 3


def test_not_for_ever_do_due_times_queue(clock: Clock) -> None:
    schedule = clock.add(overlap="queue")
    for hour in range(20):
        clock.fire(SIX + timedelta(hours=hour))
    after = clock.schedules.get(schedule.id)
    assert len(after.waiting) == 10
    assert "was left out: 10 due times wait already" in str(after.notice)


def test_a_run_replaces_the_one_before(clock: Clock) -> None:
    clock.add(overlap="replace")
    clock.fire(SIX)
    clock.fire(SIX + timedelta(hours=1))
    assert [run.status for run in clock.runs()] == [Status.CANCELLED, Status.QUEUED]


def test_what_makes_no_run_says_why_and_stops_no_other(clock: Clock) -> None:
    gone, changed = clock.add(), clock.add(parameters={"n": 2})
    clock.omega.jobs.put(notebook("1"), "other")
    fine = clock.schedules.add("other", "every hour", timezone="UTC")
    clock.omega.jobs.put(notebook("print(1)"), "job")
    clock.fire(SIX)
    notice = str(clock.schedules.get(changed.id).notice)
    assert "2026-03-02 06:00 UTC made no run" in notice
    assert "'n'" in notice
    assert sorted(str(run.schedule) for run in clock.runs()) == sorted([gone.id, fine.id])
    for run in clock.runs():
        end(clock.omega, run)
    clock.omega.jobs.drop("job")
    clock.fire(SIX + timedelta(hours=1))
    assert "There is no 'job.ipynb'" in str(clock.schedules.get(gone.id).notice)
    assert clock.runs()[-1].schedule == fine.id


def test_a_schedule_rests_and_goes_on(clock: Clock) -> None:
    schedule = clock.add()
    paused = clock.schedules.pause(schedule.id)
    assert (paused.paused, paused.next_due) == (True, None)
    clock.fire(SIX + timedelta(hours=3))
    assert clock.runs() == []
    resumed = clock.schedules.resume(schedule.id)
    assert resumed.next_due == SIX + timedelta(hours=4)
    assert clock.schedules.resume(schedule.id).next_due == resumed.next_due
    clock.fire(SIX + timedelta(hours=4))
    assert len(clock.runs()) == 1


def test_a_schedule_is_edited(clock: Clock) -> None:
    schedule = clock.add(parameters={"n": 2})
    edited = clock.schedules.edit(schedule.id, timezone="Asia/Kolkata", when="daily at 12:30")
    assert edited.next_due == datetime(2026, 3, 2, 7, tzinfo=UTC)
    assert edited.cron == "30 12 * * *"
    assert edited.parameters == {"n": 2}
    changed = clock.schedules.edit(
        schedule.id, parameters={"n": 3}, overlap="queue", misfire="skip", publish=True, label="x"
    )
    assert changed.next_due == edited.next_due
    assert (changed.parameters, changed.publish, changed.label) == ({"n": 3}, True, "x")
    for wrong, error in (
        ({"when": "dayly at 6:00"}, InvalidScheduleError),
        ({"timezone": "Mars"}, InvalidScheduleError),
        ({"overlap": "both"}, InvalidScheduleError),
        ({"parameters": {"m": 1}}, InvalidParameterError),
        ({"job": "other"}, TypeError),
    ):
        with pytest.raises(error):
            clock.schedules.edit(schedule.id, **wrong)
    assert clock.schedules.get(schedule.id) == changed


def test_changes_at_once_are_all_kept(clock: Clock) -> None:
    schedule = clock.add(parameters={"n": 0})
    threads = [
        threading.Thread(target=clock.schedules.edit, args=(schedule.id,), kwargs=changes)
        for changes in (
            {"label": "a"},
            {"overlap": "queue"},
            {"misfire": "skip"},
            {"parameters": {"n": 9}},
            {"when": "daily at 6:00"},
            {"publish": True},
        )
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = clock.schedules.get(schedule.id)
    assert (after.label, after.overlap, after.misfire) == ("a", "queue", "skip")
    assert (after.parameters, after.when, after.publish) == ({"n": 9}, "daily at 6:00", True)


def test_schedules_are_listed_dropped_and_kept_apart_by_bucket(clock: Clock) -> None:
    later = clock.add("daily at 9:00")
    sooner = clock.add("every hour")
    paused = clock.schedules.pause(clock.add().id)
    clock.omega.jobs.put(notebook("1"), "a/other")
    other = clock.schedules.add("a/other", "daily at 8:00", timezone="UTC")
    listed = clock.schedules.list()
    assert [s.id for s in listed.items] == [sooner.id, other.id, later.id, paused.id]
    assert clock.schedules.list(sort="job").items[0] == other
    assert [s.id for s in clock.schedules.list("a/other").items] == [other.id]
    assert clock.schedules.list(paused=True).items == [paused]
    page = clock.schedules.list(offset=1, limit=2)
    assert ([s.id for s in page.items], page.total) == ([other.id, later.id], 4)
    with pytest.raises(ValueError, match="sorted by"):
        clock.schedules.list(sort="cron")
    clock.schedules.drop(other.id)
    with pytest.raises(ScheduleNotFoundError):
        clock.schedules.get(other.id)
    with pytest.raises(ScheduleNotFoundError):
        clock.schedules.drop(other.id)
    config = replace(clock.omega.config, bucket="elsewhere")
    with Omega(clock.omega.url, config=config) as elsewhere:
        assert elsewhere.runtime.schedules.list().items == []
        with pytest.raises(ScheduleNotFoundError):
            elsewhere.runtime.schedules.pause(later.id)


def test_what_cannot_be_scheduled_is_refused(clock: Clock) -> None:
    with pytest.raises(ObjectNotFoundError):
        clock.schedules.add("missing", "daily at 6:00")
    with pytest.raises(InvalidScheduleError, match="not understood"):
        clock.add("dayly at 6:00")
    with pytest.raises(InvalidParameterError):
        clock.add(parameters={"n": "x"})
    with pytest.raises(InvalidScheduleError, match="overlap"):
        clock.add(overlap="both")
    assert clock.schedules.list().items == []


def make_due(omega: Omega, schedule: Schedule) -> datetime:
    """Let a schedule be due now, as it would be when its time comes."""
    now = utcnow().replace(microsecond=0)
    omega.runtime.schedules.records.change(schedule.id, lambda _: {"next_due": now})
    return now


def test_real_schedulers_and_a_worker_run_what_is_due(omega: Omega, tmp_path: Path) -> None:
    omega.jobs.put(notebook("print('n is', n)", parameters="n = 1"), "job")
    handle = omega.runtime.job("job")
    schedule = handle.schedule("daily at 6:00", timezone="Europe/Zurich", params={"n": 5})
    with (
        worker(omega, tmp_path),
        scheduler(omega, tmp_path) as first,
        scheduler(omega, tmp_path),
    ):
        due = make_due(omega, schedule)
        wanted = run_id(schedule.id, due)
        until(lambda: omega.runtime.schedules.get(schedule.id).last_run == wanted)
        until(lambda: omega.runtime.runs.get(wanted).status is Status.SUCCEEDED)
        assert "n is 5" in omega.runtime.runs.get(wanted).log
        first.kill()
        again = make_due(omega, schedule)
        until(lambda: omega.runtime.schedules.get(schedule.id).last_due == again)
        until(lambda: omega.runtime.runs.list().total == 2)
    assert {run.schedule for run in omega.runtime.runs.list().items} == {schedule.id}


def test_a_job_of_another_bucket_runs_there(omega: Omega, tmp_path: Path) -> None:
    config = replace(omega.config, bucket="theirs", user="bob")
    with Omega(omega.url, config=config) as theirs, scheduler(omega, tmp_path):
        theirs.jobs.put(notebook("1"), "job")
        schedule = theirs.runtime.job("job").schedule("daily at 6:00")
        make_due(theirs, schedule)
        until(lambda: theirs.runtime.runs.list().total)
        (run,) = theirs.runtime.runs.list().items
    assert (run.bucket, run.owner, run.schedule) == ("theirs", "bob", schedule.id)


def test_now_means_now(omega: Omega, tmp_path: Path) -> None:
    omega.jobs.put(notebook(WAIT, parameters="flag = ''"), "job")
    flag = tmp_path / "flag"
    schedule = omega.runtime.job("job").schedule("daily at 6:00", params={"flag": str(flag)})
    with worker(omega, tmp_path):
        run = omega.runtime.schedules.run_now(schedule.id)
        flag.touch()
        until(lambda: omega.runtime.runs.get(run.id).status is Status.SUCCEEDED)
    assert omega.runtime.runs.get(run.id).schedule == schedule.id
    assert omega.runtime.schedules.get(schedule.id).next_due == schedule.next_due
