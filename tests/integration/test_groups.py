"""Groups on a real database: what waits is the record, whoever dies."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import (
    GroupNotFoundError,
    GroupTimeoutError,
    InvalidGroupError,
    InvalidParameterError,
    RunFailedError,
    RunNotFoundError,
)
from omegaml_lab.core.groups import OnFailure
from omegaml_lab.core.runs import Failure, Status
from omegaml_lab.runtime.notebooks.execution import result_name
from tests.integration.grouping import FAILURE, claimable, end, job, statuses, sweeper
from tests.integration.notebooks import notebook

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


def test_a_grid_has_a_run_for_each_combination(omega: Omega) -> None:
    group = job(omega).grid({"x": [1, 2, 3]}, y=["a", "b"], title="a title", tags=["t"])
    assert [(r.parameters["x"], r.parameters["y"]) for r in group.runs] == [
        (x, y) for x in (1, 2, 3) for y in "ab"
    ]
    assert (len(group), group.group.varied, group.group.title) == (6, ("x", "y"), "a title")
    assert group.status == {Status.QUEUED: 6}
    assert all(run.group == group.id and run.tags == ("t",) for run in group.runs)
    assert omega.storage.records("messages").count() == 6
    assert "No worker is alive" in str(group.runs[0].notice)
    (listed,) = omega.runtime.groups.list("job").items
    assert listed.id == group.id
    assert omega.runtime.groups.list("job").total == 1


def test_the_next_starts_when_the_one_before_has_succeeded(omega: Omega) -> None:
    job(omega, "a"), job(omega, "b"), job(omega, "c")
    chain = omega.runtime.chain("a", ["b", ("b", {"x": 5})], "c")
    first, *_ = chain.runs
    assert chain.group.title == "a → b → c"
    assert claimable(omega, chain) == [0]
    assert "waits for run" in str(chain.runs[3].notice)
    runs = omega.runtime.runs.records
    assert runs.claim(chain.runs[1].id, worker="w", result=result_name) is None
    omega.runtime.successors.release(end(omega, first))
    assert claimable(omega, chain) == [1, 2]
    end(omega, chain.runs[1])
    sweeper(omega).sweep()
    assert claimable(omega, chain) == [2]
    end(omega, chain.runs[2])
    sweeper(omega).sweep()
    assert claimable(omega, chain) == [3]
    end(omega, chain.runs[3])
    assert chain.wait(5, check=True).status == {Status.SUCCEEDED: 4}
    assert chain.runs[3].waits_for == ()
    assert len(chain.runs[3].after) == 2


def test_a_failure_stops_what_follows_it_and_all_beyond(omega: Omega) -> None:
    job(omega, "a")
    chain = omega.runtime.chain("a", "a", "a")
    after = omega.runtime.job("a").run(after=[chain], on_failure="continue")
    end(omega, chain.runs[0], Status.FAILED)
    sweeper(omega).sweep()
    assert statuses(chain) == ["failed", "cancelled", "cancelled"]
    error = chain.runs[2].error
    assert error is not None
    assert error.name == "NotStarted"
    assert chain.runs[1].id in error.message
    assert "ValueError: no luck" in error.message  # the cause, through all between
    assert after.status is Status.QUEUED
    assert not after.refresh().run.waits
    with pytest.raises(RunFailedError, match="no luck"):
        chain.wait(5, check=True)


def test_a_failure_may_be_no_reason_to_stop(omega: Omega) -> None:
    job(omega, "a")
    chain = omega.runtime.chain("a", "a", on_failure="continue")
    end(omega, chain.runs[0], Status.FAILED)
    sweeper(omega).sweep()
    assert claimable(omega, chain) == [1]


def test_a_predecessor_that_is_tried_again_is_waited_for(omega: Omega) -> None:
    job(omega, "a")
    first = omega.runtime.job("a").run(limits={"retries": 1})
    then = omega.runtime.job("a").run(after=first)
    runs = omega.runtime.runs.records
    claim = runs.claim(first.id, worker="w", result=result_name)
    assert claim is not None
    again = runs.retry(claim, FAILURE, log="", usage=None, wait=0)
    assert again is not None
    omega.runtime.successors.release(again)
    sweeper(omega).sweep()
    assert then.refresh().run.waits_for == (first.id,)
    end(omega, first.id)
    sweeper(omega).sweep()
    assert not then.refresh().run.waits


def test_one_that_is_lost_for_now_is_waited_for_and_for_good_is_not(omega: Omega) -> None:
    runs = omega.runtime.runs.records
    for attempts, status in ((2, Status.QUEUED), (1, Status.CANCELLED)):
        first = runs.create("a.ipynb", 1, parameters={}, max_attempts=attempts)
        after = {"after": (first.id,), "waits_for": (first.id,)}
        then = runs.create("a.ipynb", 1, parameters={}, **after)
        runs.claim(first.id, worker="w", result=result_name)
        (seen,) = runs.records(Status.RUNNING)
        lost = runs.lose(seen, Failure(name="WorkerLost", message="gone"))
        assert lost is not None
        omega.runtime.successors.release(lost)
        omega.runtime.successors.sweep()
        assert runs.get(then.id).status is status
    assert "was lost: WorkerLost: gone" in str(runs.get(then.id).error)


def test_what_has_ended_before_is_not_waited_for(omega: Omega) -> None:
    first = job(omega).run()
    end(omega, first.id)
    assert not job(omega).run(after=[first.id]).run.waits
    chain = omega.runtime.chain("job", "job", after=first)
    assert claimable(omega, chain) == [0]
    bad = job(omega).run()
    end(omega, bad.id, Status.FAILED)
    assert job(omega).run(after=[first, bad]).status is Status.CANCELLED


def test_a_run_that_follows_what_is_not_on_record_does_not_wait_for_ever(omega: Omega) -> None:
    runs = omega.runtime.runs.records
    values = {"after": ("gone",), "waits_for": ("gone",)}
    stopped = runs.create("a.ipynb", 1, parameters={}, **values)
    going = runs.create("a.ipynb", 1, parameters={}, on_failure=OnFailure.CONTINUE, **values)
    sweeper(omega).sweep()
    assert runs.get(stopped.id).status is Status.CANCELLED
    assert "not on record" in str(runs.get(stopped.id).error)
    assert not runs.get(going.id).waits


def test_cancelling_a_predecessor_stops_what_follows_at_once(omega: Omega) -> None:
    first = job(omega).run()
    then = omega.runtime.job("job").run(after=first)
    first.cancel()
    assert then.refresh().run.status is Status.CANCELLED
    assert "was cancelled" in str(then.error)


def test_so_many_run_at_once_whoever_lets_them(omega: Omega) -> None:
    group = job(omega).map([{"x": n} for n in range(12)], at_once=3)
    assert claimable(omega, group) == [0, 1, 2]
    assert "other runs of its group" in str(group.runs[3].notice)
    most, stop = [0], threading.Event()
    minders = [threading.Thread(target=sweeper(omega).run, args=(stop,)) for _ in range(2)]
    for minder in minders:
        minder.start()

    def perform() -> None:
        while places := claimable(omega, group):
            most.append(len(places))
            ended = end(omega, group.runs[places[0] or 0])
            threads = [
                threading.Thread(target=omega.runtime.successors.release, args=(ended,))
                for _ in range(3)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    perform()
    stop.set()
    for minder in minders:
        minder.join()
    assert max(most) == 3
    assert group.status == {Status.SUCCEEDED: 12}


def test_a_group_is_whole_though_who_asked_for_it_died(omega: Omega) -> None:
    group = job(omega).map([{"x": n} for n in range(5)])
    # As if he had died after the third run: the plan is on record, and some of the runs.
    records, plan = omega.storage.records("groups"), planned(omega)
    for run in group.runs[3:]:
        omega.storage.records("runs").delete(run.id)
    records.update(group.id, set={"plan": plan})
    assert group.status == {Status.QUEUED: 5}
    sweeper(omega).sweep()
    assert len(group.runs) == 3  # he may still be at it
    records.update(group.id, set={"plan_at": group.group.created_at.replace(year=2020)})
    minders = [threading.Thread(target=sweeper(omega).sweep) for _ in range(2)]
    for minder in minders:
        minder.start()
    for minder in minders:
        minder.join()
    assert [run.parameters["x"] for run in group.runs] == [0, 1, 2, 3, 4]
    assert records.find(group.id)["plan"] is None  # type: ignore[index]


def planned(omega: Omega) -> str:
    """Return the plan that a group of five has until its runs are made."""
    group = omega.runtime.job("job").map([{"x": n} for n in range(5)], token="other")
    made = omega.runtime.groups.records
    kept: list[str] = []
    made.make = lambda _: []  # type: ignore[method-assign]
    other = omega.runtime.job("job").map([{"x": n} for n in range(5)])
    del made.make
    kept.append(omega.storage.records("groups").find(other.id)["plan"])  # type: ignore[index]
    omega.storage.records("groups").delete(other.id)
    group.cancel()
    return kept[0]


def test_a_token_names_the_whole(omega: Omega) -> None:
    handle, got = job(omega), list[str]()
    threads = [
        threading.Thread(target=lambda: got.append(handle.grid(x=[1, 2], token="%/$. ü").id))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(set(got))) == (6, 1)
    assert omega.runtime.runs.list().total == 2


def test_a_group_is_cancelled_while_half_of_it_runs(omega: Omega) -> None:
    group = job(omega).map([{"x": n} for n in range(6)], at_once=4)
    end(omega, group.runs[0])
    runs = omega.runtime.runs.records
    claim = runs.claim(group.runs[1].id, worker="w", result=result_name)
    assert claim is not None
    group.cancel()
    assert statuses(group) == ["succeeded", "running", *["cancelled"] * 4]
    assert group.runs[1].cancel_requested
    assert not group.done
    # It fails before it is cancelled, and would be tried again: it must not come back.
    given = runs.give_back(claim, notice="")
    assert given is not None
    sweeper(omega).sweep()
    assert group.wait(5).status == {Status.SUCCEEDED: 1, Status.CANCELLED: 5}


def test_what_failed_is_run_again_with_what_follows_it(omega: Omega) -> None:
    job(omega, "a"), job(omega, "b"), job(omega, "c")
    chain = omega.runtime.chain("a", "b", "c", title="nightly")
    for place, status in ((0, Status.SUCCEEDED), (1, Status.FAILED)):
        omega.runtime.successors.release(end(omega, chain.runs[place], status))
    assert statuses(chain) == ["succeeded", "failed", "cancelled"]
    before = [run.id for run in chain.runs]
    omega.jobs.put(notebook("print('mended')"), "b")
    chain.retry_failed()
    chain.retry_failed()  # nothing has failed since
    after = chain.runs
    assert after[0].id == before[0]
    assert not {run.id for run in after[1:]} & set(before)
    assert (after[1].revision, after[1].after) == (2, (before[0],))
    assert after[2].after == (after[1].id,)
    assert claimable(omega, chain) == [1]
    assert chain.status == {Status.SUCCEEDED: 1, Status.QUEUED: 2}
    omega.runtime.successors.release(end(omega, after[1]))
    end(omega, chain.runs[2])
    assert chain.wait(5).status == {Status.SUCCEEDED: 3}
    assert omega.runtime.runs.list("b").total == 2  # the one that failed is still on record


def test_those_of_another_round_keep_to_the_number_at_once(omega: Omega) -> None:
    group = job(omega).map([{"x": n} for n in range(4)], at_once=2)
    for _ in range(4):
        (place, *_) = claimable(omega, group)
        omega.runtime.successors.release(end(omega, group.runs[place or 0], Status.FAILED))
    group.retry_failed()
    assert len(claimable(omega, group)) == 2
    assert group.status == {Status.QUEUED: 4}


def test_a_table_compares_the_runs(omega: Omega) -> None:
    group = job(omega).grid(x=[1, 2], y=["%", "ü"])
    for run in group.runs[:2]:
        end(omega, run)
    end(omega, group.runs[2], Status.FAILED)
    table = group.table()
    assert list(table.columns[:4]) == ["x", "y", "run", "status"]
    assert table["y"].tolist() == ["%", "ü", "%", "ü"]
    assert table["status"].tolist() == ["succeeded", "succeeded", "failed", "queued"]
    assert table["error"][2] == "ValueError: no luck"
    assert table["seconds"].notna().tolist() == [True, True, True, False]


def test_what_cannot_be_is_refused_and_makes_nothing(omega: Omega) -> None:
    handle = job(omega)
    with pytest.raises(InvalidParameterError, match="Did you mean 'x'"):
        handle.map([{"x": 1}, {"xx": 2}])
    with pytest.raises(InvalidParameterError, match="whole number"):
        handle.grid(x=["one"])
    for wrong in (
        lambda: handle.map([]),
        lambda: handle.map([1]),  # type: ignore[list-item]
        lambda: handle.grid(x="abc"),
        lambda: handle.grid(x=[]),
        lambda: handle.grid(x=range(200), y=["a"] * 200),
        lambda: handle.map({"x": n} for n in range(10**9)),
        lambda: handle.map([{"x": 1}], at_once=0),
        lambda: handle.map([{"x": 1}], on_failure="maybe"),
        omega.runtime.chain,
        lambda: omega.runtime.chain([]),
        lambda: omega.runtime.chain(5),  # type: ignore[arg-type]
        lambda: handle.run(after=[5]),  # type: ignore[list-item]
    ):
        with pytest.raises(InvalidGroupError):
            wrong()
    with pytest.raises(RunNotFoundError):
        handle.run(after=["nothing"])
    with pytest.raises(GroupNotFoundError):
        omega.runtime.groups.get("nothing")
    assert omega.runtime.runs.list().total == omega.runtime.groups.list().total == 0
    with pytest.raises(GroupTimeoutError, match="2 unfinished"):
        handle.map([{"x": 1}, {"x": 2}]).wait(0.1)


def test_a_run_that_only_a_newer_version_understands_stops_nobody(omega: Omega) -> None:
    first = job(omega).run()
    then = omega.runtime.job("job").run(after=first)
    raw = omega.storage.records("runs")
    raw.insert({**(raw.find(then.id) or {}), "id": "newer", "limits": "none"})
    end(omega, first.id)
    sweeper(omega).sweep()
    assert not then.refresh().run.waits
    assert raw.find("newer")["waits_for"] == []  # type: ignore[index]
    group = omega.runtime.job("job").map([{"x": 1}])
    long_ago = {
        "plan": '{"shared": {}, "steps": []}',
        "plan_at": group.group.created_at.replace(year=2020),
    }
    omega.storage.records("groups").update(group.id, set=long_ago)
    sweeper(omega).sweep()
