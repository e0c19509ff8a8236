"""Schedules and their notebooks, which are renamed, dropped and restored, on a real database."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import NotebookGoneError
from omegaml_lab.core.notifications import Recipient
from omegaml_lab.runtime.notifications.outbox import Outbox
from tests.integration.clock import MINUTE, SIX, Clock, end
from tests.integration.notebooks import notebook

if TYPE_CHECKING:
    from omegaml_lab.core.schedules import Schedule
    from omegaml_lab.omega import Omega

HOUR = timedelta(hours=1)
IN_TRASH = "Its notebook is in the trash: restore it or drop the schedule."


@pytest.fixture
def clock(omega: Omega) -> Clock:
    return Clock(omega, SIX - MINUTE)


def as_told(clock: Clock, schedule: Schedule) -> Schedule:
    """Return a schedule as it is, which is the same where it is listed."""
    now = clock.schedules.get(schedule.id)
    (listed,) = [s for s in clock.schedules.list().items if s.id == schedule.id]
    assert listed == now
    return now


def finish(clock: Clock) -> None:
    for run in clock.omega.runtime.runs.list(status="queued").items:
        end(clock.omega, run)


def test_a_dropped_notebook_makes_no_runs_and_is_told_once(clock: Clock) -> None:
    schedule, jobs = clock.add(), clock.omega.jobs
    clock.omega.runtime.schedules.records.change(schedule.id, lambda _: {"owner": "ada"})
    jobs.drop("job")
    assert as_told(clock, schedule).unable == IN_TRASH
    outbox = Outbox(clock.omega.storage, clock.omega.runtime.runs.records)
    everybody = [Recipient(id="x", channel="email", address="a@example.org")]
    for hour in range(4):
        clock.fire(SIX + hour * HOUR)
        outbox.fill(everybody)
    assert clock.runs() == []
    assert len(outbox.page({}).items) == 1
    assert IN_TRASH in outbox.page({}).items[0].text
    now = as_told(clock, schedule)
    assert (now.waiting, now.next_due) == ((), SIX + 4 * HOUR)
    assert (
        now.notice == "From 2026-03-02 06:00 UTC on it made no runs: its notebook was not there."
    )
    with pytest.raises(NotebookGoneError, match=f"{schedule.id} of 'job.ipynb' cannot run"):
        clock.schedules.run_now(schedule.id)


def test_it_goes_on_by_itself_when_the_notebook_is_restored(clock: Clock) -> None:
    schedule, jobs = clock.add(), clock.omega.jobs
    jobs.drop("job")
    clock.fire(SIX)
    dropped = as_told(clock, schedule)
    assert dropped.trash is not None
    jobs.restore(jobs.dropped(dropped.trash), new="elsewhere/again")
    restored = as_told(clock, schedule)
    assert (restored.unable, restored.trash) == (None, None)
    assert restored.job == "elsewhere/again.ipynb"
    clock.fire(SIX + HOUR)
    clock.fire()  # the first look has changed the schedule, too
    assert [run.job for run in clock.runs()] == ["elsewhere/again.ipynb"]
    assert as_told(clock, schedule).notice is None
    finish(clock)
    jobs.drop("elsewhere", recursive=True)
    clock.fire(SIX + 2 * HOUR)
    assert as_told(clock, schedule).unable == IN_TRASH
    assert len(clock.runs()) == 1


def test_another_notebook_of_that_name_stands_in(clock: Clock) -> None:
    schedule, jobs = clock.add(), clock.omega.jobs
    jobs.drop("job")
    jobs.put(notebook("2"), "job")
    assert as_told(clock, schedule).unable is None
    clock.fire(SIX)
    clock.fire()
    finish(clock)
    jobs.rename("job", "anew")
    clock.fire(SIX + HOUR)
    clock.fire()  # the first look has changed the schedule, too
    assert [run.job for run in clock.runs()] == ["job.ipynb", "anew.ipynb"]


def test_a_rename_that_told_no_schedule_is_made_up_for(clock: Clock) -> None:
    schedule, jobs = clock.add(), clock.omega.jobs
    bare = jobs.in_bucket(jobs.bucket)  # as when the process dies before it tells schedules
    bare.rename("job", "a/new")
    jobs.put(notebook("3"), "job")  # another one, which has no schedule
    assert as_told(clock, schedule).job == "a/new.ipynb"
    assert [s.id for s in clock.schedules.list("a/new").items] == [schedule.id]
    clock.fire(SIX)
    clock.fire()
    assert [run.job for run in clock.runs()] == ["a/new.ipynb"]
    assert clock.records.get(schedule.id).job == "a/new.ipynb"


def test_a_move_within_the_bucket_takes_schedules_along(clock: Clock) -> None:
    schedule, jobs = clock.add(), clock.omega.jobs
    jobs.move("job", "b/moved")
    assert clock.records.get(schedule.id).job == "b/moved.ipynb"


def test_a_notebook_in_another_bucket_or_gone_for_good(clock: Clock) -> None:
    schedule, jobs = clock.add(), clock.omega.jobs
    jobs.move("job", bucket="theirs")
    told = "Its notebook is in the bucket 'theirs' now: move it back or drop the schedule."
    assert as_told(clock, schedule).unable == told
    jobs.in_bucket("theirs").move("job", bucket=jobs.bucket)
    assert as_told(clock, schedule).unable is None
    jobs.drop("job", keep=False)
    gone = "Its notebook is gone for good: put one under its name or drop the schedule."
    assert as_told(clock, schedule).unable == gone
    jobs.put(notebook("4"), "job")
    clock.fire(SIX)
    assert len(clock.runs()) == 1


def test_a_schedule_of_an_earlier_version_goes_by_its_name(clock: Clock) -> None:
    schedule, jobs = clock.add(), clock.omega.jobs
    clock.records.change(schedule.id, lambda _: {"object": ""})
    jobs.drop("job")
    assert as_told(clock, schedule).unable == IN_TRASH
    jobs.restore("job")
    clock.fire(SIX)
    jobs.in_bucket(jobs.bucket).rename("job", "later")
    assert as_told(clock, schedule).job == "later.ipynb"


def test_a_paused_one_is_edited_while_its_notebook_is_not_there(clock: Clock) -> None:
    schedule = clock.add()
    clock.omega.jobs.drop("job")
    for changed in (
        clock.schedules.pause(schedule.id),
        clock.schedules.edit(schedule.id, when="daily at 7:00"),
        clock.schedules.resume(schedule.id),
    ):
        assert changed.unable == IN_TRASH
    assert "object" not in json.loads(json.dumps(changed.to_dict()))
