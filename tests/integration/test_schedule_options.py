"""What a schedule pins, spreads and keeps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.core.errors import (
    InvalidAttributeError,
    InvalidScheduleError,
    ObjectNotFoundError,
)
from omegaml_lab.core.runs import Progress, Status
from omegaml_lab.runtime.notebooks.execution import result_name
from omegaml_lab.runtime.records import results
from omegaml_lab.runtime.records.schedule_records import start_of
from tests.integration.clock import MINUTE, SIX, Clock
from tests.integration.notebooks import notebook

if TYPE_CHECKING:
    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega

HOUR = timedelta(hours=1)


@pytest.fixture
def clock(omega: Omega) -> Clock:
    return Clock(omega, SIX - MINUTE)


def finished(omega: Omega, run: Run, status: Status = Status.SUCCEEDED) -> str:
    """Let a run end with a result; return the name of that."""
    runs = omega.runtime.runs.records
    claim = runs.claim(run.id, worker="w", result=result_name)
    assert claim is not None
    assert claim.run.result is not None
    omega.jobs.put(notebook(run.id), claim.run.result)
    assert runs.finish(claim, status, progress=Progress(), log="")
    return claim.run.result


def test_a_pinned_revision_is_run_whatever_is_saved(clock: Clock) -> None:
    first = clock.omega.jobs.metadata("job").revision
    schedule = clock.schedules.add(f"job@{first}", "every hour", timezone="UTC")
    assert (schedule.job, schedule.pinned) == ("job.ipynb", str(first))
    second = clock.omega.jobs.put(notebook("2"), "job").revision
    clock.fire(SIX)
    clock.schedules.edit(schedule.id, pinned=None)
    clock.fire(SIX + HOUR)
    assert [run.revision for run in clock.runs()] == [first]  # one still goes
    clock.schedules.edit(schedule.id, overlap="replace", pinned=second)
    clock.omega.jobs.put(notebook("3"), "job")
    clock.fire(SIX + 2 * HOUR)
    assert [run.revision for run in clock.runs()] == [first, second]


def test_a_tag_is_followed_when_it_moves(clock: Clock) -> None:
    jobs = clock.omega.jobs
    jobs.tag("job", "prod")
    first = jobs.metadata("job@prod").revision
    schedule = clock.add(pinned="prod", overlap="replace")
    second = jobs.put(notebook("2"), "job").revision
    clock.fire(SIX)
    jobs.tag("job", "prod", second)
    clock.fire(SIX + HOUR)
    assert [run.revision for run in clock.runs()] == [first, second]
    assert clock.schedules.get(schedule.id).pinned == "prod"


def test_what_is_pinned_is_never_thinned_out(clock: Clock) -> None:
    omega = clock.omega
    pinned = omega.jobs.metadata("job").revision
    clock.add(pinned=pinned)
    loose = omega.jobs.put(notebook("2"), "job").revision
    omega.jobs.put(notebook("3"), "job")
    omega.jobs.annotate("job", {"retention": "last 1"})
    omega.gc(grace=timedelta(0))
    kept = {state.revision for state in omega.jobs.history("job")}
    assert pinned in kept
    assert loose not in kept


def test_a_schedule_is_mended_when_what_it_ran_is_gone(clock: Clock) -> None:
    clock.omega.jobs.tag("job", "prod")
    schedule = clock.add(pinned="prod")
    clock.omega.jobs.untag("job", "prod")
    kept = clock.schedules.edit(schedule.id, when="daily at 7:00", pinned="prod")
    assert (kept.when, kept.pinned) == ("daily at 7:00", "prod")
    clock.omega.jobs.drop("job")
    freed = clock.schedules.edit(schedule.id, when="daily at 8:00", pinned="")
    assert (freed.when, freed.pinned) == ("daily at 8:00", "")


def test_jitter_is_a_chance_that_all_schedulers_agree_on(clock: Clock) -> None:
    schedule = clock.add(jitter="10 min")
    assert schedule.jitter == 600
    start = start_of(schedule, SIX)
    assert SIX <= start < SIX + timedelta(minutes=10)
    clock.fire(SIX)
    assert clock.schedules.get(schedule.id).waiting == (SIX,)
    clock.fire(start - timedelta(milliseconds=1))
    assert clock.runs() == []
    clock.fire(start)
    clock.fire(start)
    assert len(clock.runs()) == 1
    starts = {start_of(schedule, SIX + n * HOUR) - n * HOUR for n in range(50)}
    assert len(starts) == 50
    assert max(starts) - min(starts) > timedelta(minutes=5)


def test_the_last_results_are_kept_and_the_last_good_one(clock: Clock) -> None:
    omega = clock.omega
    schedule = clock.add(keep=2)
    ends = [Status.SUCCEEDED, Status.SUCCEEDED, Status.FAILED, Status.FAILED, Status.FAILED]
    made = []
    for n, status in enumerate(ends):
        clock.fire(SIX + n * HOUR)
        made.append(finished(omega, clock.runs()[-1], status))
    assert omega.runtime.runs.let_go(clock.schedules.get(schedule.id)) == 1
    assert [omega.jobs.exists(name) for name in made] == [False, True, False, True, True]
    runs = list(reversed(omega.runtime.runs.list(schedule=schedule.id).items))
    assert [run.result for run in runs] == [None, made[1], None, *made[3:]]
    assert [run.status for run in runs] == ends


def test_many_results_go_in_portions(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "_PORTION", 2)
    omega = clock.omega
    schedule = clock.add()
    names = []
    for n in range(6):
        clock.fire(SIX + n * HOUR)
        names.append(finished(omega, clock.runs()[-1]))
    omega.jobs.tag(names[4], "kept")
    schedule = clock.schedules.edit(schedule.id, keep=1)
    let_go = omega.runtime.runs.let_go
    assert [let_go(schedule) for _ in range(3)] == [2, 2, 0]
    assert [omega.jobs.exists(name) for name in names] == [False] * 4 + [True] * 2


def test_a_tagged_result_stays(clock: Clock) -> None:
    omega = clock.omega
    clock.add(keep=1)
    made = []
    for n in range(3):
        clock.fire(SIX + n * HOUR)
        made.append(finished(omega, clock.runs()[-1]))
        if n == 0:
            omega.jobs.tag(made[0], "shown")
    clock.fire(SIX + 3 * HOUR)
    assert [omega.jobs.exists(name) for name in made] == [True, False, True]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"jitter": "soon"}, InvalidScheduleError),
        ({"jitter": "13 h"}, InvalidScheduleError),
        ({"jitter": -1}, InvalidScheduleError),
        ({"keep": 0}, InvalidScheduleError),
        ({"keep": 2**70}, InvalidScheduleError),
        ({"keep": "9" * 5000}, InvalidScheduleError),
        ({"pinned": "9" * 5000}, InvalidScheduleError),
        ({"jitter": 10**400}, InvalidScheduleError),
        ({"starts_at": "2030-01-01"}, InvalidScheduleError),
        ({"label": "a\nb"}, InvalidAttributeError),
        ({"keep": "many"}, InvalidScheduleError),
        ({"keep": True}, InvalidScheduleError),
        ({"pinned": 99}, ObjectNotFoundError),
        ({"pinned": "nightly"}, ObjectNotFoundError),
    ],
)
def test_what_cannot_be_is_refused(
    clock: Clock, options: dict[str, Any], error: type[Exception]
) -> None:
    before = clock.add()
    with pytest.raises(error):
        clock.add(**options)
    with pytest.raises(error):
        clock.schedules.edit(before.id, **options)
    assert clock.schedules.get(before.id) == before
