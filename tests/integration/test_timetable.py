"""What is due makes its run once, whatever dies meanwhile, on a real database."""

from __future__ import annotations

import contextlib
import itertools
import random
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.records import schedule_records
from omegaml_lab.runtime.records.schedule_records import run_id
from omegaml_lab.runtime.schedules.due import Rule
from tests.integration.clock import MINUTE, SIX, Clock, end
from tests.integration.notebooks import notebook
from tests.integration.processes import until

if TYPE_CHECKING:
    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.schedules import Schedule
    from omegaml_lab.omega import Omega


@pytest.fixture
def clock(omega: Omega) -> Clock:
    return Clock(omega, SIX - MINUTE)


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
    assert "made no runs" in str(clock.schedules.get(gone.id).notice)
    assert clock.runs()[-1].schedule == fine.id


def test_two_changes_of_the_clock_in_four_time_zones(clock: Clock) -> None:
    """Three schedulers that die at random make each due time's run, and no other."""
    rules = [
        ("daily at 2:30", "Europe/Zurich"),
        ("weekdays at 6:00", "America/New_York"),
        ("daily at 1:45", "Australia/Lord_Howe"),
        ("every 6 hours", "Asia/Kolkata"),
    ]
    made = [
        clock.schedules.add("job", when, timezone=zone, overlap="replace") for when, zone in rules
    ]
    chance = random.Random(7)

    class DiedError(Exception):
        pass

    def start(schedule: Schedule, run: str) -> Run:
        if chance.random() < 0.2:
            raise DiedError
        clock.schedules.start(schedule, id=run)
        if chance.random() < 0.2:
            raise DiedError
        return clock.omega.runtime.runs.get(run)

    wanted = set[str]()
    for day in (datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)):
        clock.now, last = day, day + timedelta(days=10)
        moments = set[datetime]()
        for schedule in made:
            clock.schedules.pause(schedule.id)  # nobody looked since the last time
            clock.schedules.resume(schedule.id)
            due = list(itertools.takewhile(last.__ge__, Rule.of_schedule(schedule).after(day)))
            wanted |= {run_id(schedule.id, moment) for moment in due}
            moments |= set(due)
        for moment in sorted(moments):
            clock.now = moment + timedelta(seconds=1)
            for _ in range(3):
                with contextlib.suppress(DiedError):
                    clock.timetable(start).fire()
        while any(schedule.waiting for schedule in clock.schedules.list().items):
            with contextlib.suppress(DiedError):
                clock.timetable(start).fire()
    found = {run.id for run in clock.omega.runtime.runs.list(limit=None).items}
    assert found == wanted
    assert len(wanted) > 100


def test_a_look_that_is_late_cancels_nothing_newer(clock: Clock) -> None:
    schedule = clock.add("every minute", overlap="replace")
    clock.now = SIX
    clock.timetable()._claim(clock.schedules.get(schedule.id), SIX)
    stale = clock.schedules.get(schedule.id)
    clock.fire()
    clock.fire(SIX + MINUTE)
    clock.timetable()._serve(stale)
    assert [run.status for run in clock.runs()] == [Status.CANCELLED, Status.QUEUED]


def test_what_is_paused_between_the_steps_does_not_run(clock: Clock) -> None:
    schedule = clock.add()
    clock.now = SIX
    clock.timetable()._claim(clock.schedules.get(schedule.id), SIX)
    stale = clock.schedules.get(schedule.id)
    clock.schedules.pause(schedule.id)
    clock.timetable()._serve(stale)
    clock.fire()
    assert clock.runs() == []


def test_what_waits_keeps_no_other_waiting(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule_records, "_PAGE", 2)
    queued = [clock.add(overlap="queue") for _ in range(5)]
    others = [clock.add(overlap="replace") for _ in range(5)]
    for hour in range(2):
        clock.fire(SIX + timedelta(hours=hour))
    runs = clock.omega.runtime.runs.list(limit=None).items
    made = [run.schedule for run in runs]
    assert [made.count(each.id) for each in queued] == [1] * 5
    assert [made.count(each.id) for each in others] == [2] * 5


def test_one_that_cannot_be_computed_stops_no_other(clock: Clock) -> None:
    bad, good = clock.add(), clock.add()
    clock.records.change(bad.id, lambda _: {"timezone": "Moon/Tycho"})
    clock.fire(SIX)
    assert [run.schedule for run in clock.runs()] == [good.id]
    clock.records.change(bad.id, lambda _: {"timezone": "UTC"})
    clock.fire()
    assert {run.schedule for run in clock.runs()} == {good.id, bad.id}
