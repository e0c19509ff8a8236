"""Schedules as people handle them, and real schedulers that fire them."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import (
    InvalidParameterError,
    InvalidScheduleError,
    ObjectNotFoundError,
    ScheduleNotFoundError,
)
from omegaml_lab.core.runs import Status
from omegaml_lab.omega import Omega
from omegaml_lab.runtime.records.run_records import utcnow
from omegaml_lab.runtime.records.schedule_records import run_id
from tests.integration.clock import MINUTE, SIX, Clock
from tests.integration.notebooks import WAIT, notebook
from tests.integration.processes import scheduler, until, worker

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.core.schedules import Schedule


@pytest.fixture
def clock(omega: Omega) -> Clock:
    return Clock(omega, SIX - MINUTE)


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


def test_an_edit_loses_no_due_time_that_has_come(clock: Clock) -> None:
    schedule = clock.add("daily at 6:00", parameters={"n": 2})
    clock.now = SIX + timedelta(hours=2)
    same = {"when": schedule.when, "timezone": "UTC", "ends_at": None}
    clock.schedules.edit(schedule.id, parameters={"n": 9}, **same)
    clock.fire()
    assert [run.parameters for run in clock.runs()] == [{"n": 9}]


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


def test_schedules_go_along_with_a_new_name(clock: Clock) -> None:
    jobs = clock.omega.jobs
    for name in ("folder/a", "folder/sub/b", "folder0", "folder.x"):
        jobs.put(notebook("1"), name)
        clock.schedules.add(name, "every hour", timezone="UTC")
    jobs.rename("folder", "else/where")
    jobs.rename("else/where/a", "a")
    names = {"a.ipynb", "else/where/sub/b.ipynb", "folder0.ipynb", "folder.x.ipynb"}
    assert {schedule.job for schedule in clock.schedules.list().items} == names
    clock.fire(SIX)
    assert {run.job for run in clock.runs()} == names


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
        until(lambda: utcnow() >= due + timedelta(seconds=1))  # it is due once in a second
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
