"""The sweeper on a real database: any number of them, no clock trusted."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import BrokerUnavailableError, InvalidTransitionError
from omegaml_lab.core.groups import OnFailure
from omegaml_lab.core.runs import Failure, Progress, Status
from omegaml_lab.runtime.broker.broker import Broker
from omegaml_lab.runtime.notebooks.execution import result_name
from omegaml_lab.runtime.records.run_records import RunRecords, utcnow
from omegaml_lab.runtime.workers.sweeper import Sweeper
from tests.integration.processes import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega
    from omegaml_lab.runtime.records.run_records import Claim


def sweeper(omega: Omega, lease: float = 1.0) -> Sweeper:
    return Sweeper(
        storage=omega.storage,
        runs=omega.runtime.runs.records,
        broker=omega.runtime.broker,
        lease=lease,
    )


def sweep_for(minder: Sweeper, seconds: float) -> None:
    """Sweep often: a sweeper that was away for half a lease starts to watch anew."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        minder.sweep()
        time.sleep(0.01)


def sweep_until(minder: Sweeper, condition: Callable[[], object]) -> None:
    def swept() -> object:
        minder.sweep()
        return condition()

    until(swept)


def queued(omega: Omega, **values: object) -> Run:
    return omega.runtime.runs.records.create("a.ipynb", 1, parameters={}, **values)


def claimed(runs: RunRecords, run: Run) -> Claim:
    claim = runs.claim(run.id, worker="w", result=result_name)
    assert claim is not None
    return claim


def messages(omega: Omega) -> int:
    return omega.storage.records("messages").count()


def test_a_claim_is_given_once_and_void_after_the_run_was_lost(omega: Omega) -> None:
    runs = omega.runtime.runs.records
    run = queued(omega)
    got: list[Claim | None] = []
    threads = [
        threading.Thread(
            target=lambda n=n: got.append(runs.claim(run.id, worker=f"w{n}", result=result_name))
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (first,) = [claim for claim in got if claim is not None]
    minder = sweeper(omega)
    sweep_until(minder, lambda: runs.get(run.id).status is Status.QUEUED)
    again = runs.get(run.id)
    assert (again.status, again.attempt, again.worker) == (Status.QUEUED, 2, None)
    second = claimed(runs, run)
    # Whatever the first worker does now is of no effect.
    assert runs.beat(first) is None
    assert runs.report(first, Progress(done=9), "spoilt") is None
    assert runs.finish(first, Status.FAILED, progress=Progress(), log="") is None
    assert runs.give_back(first, notice="") is None
    done = runs.finish(second, Status.SUCCEEDED, progress=Progress(done=1, total=1), log="fine")
    assert done is not None
    assert (done.status, done.log) == (Status.SUCCEEDED, "fine")
    # A worker that asks twice, because it did not hear the answer, hears it again.
    repeated = runs.finish(second, Status.SUCCEEDED, progress=Progress(), log="")
    assert repeated is not None
    assert repeated.log == "fine"
    with pytest.raises(InvalidTransitionError):
        runs.cancel(run.id)
    with pytest.raises(InvalidTransitionError):
        runs.finish(second, Status.QUEUED, progress=Progress(), log="")


def test_a_run_that_beats_is_left_alone(omega: Omega) -> None:
    runs = omega.runtime.runs.records
    claim = claimed(runs, queued(omega))
    minder = sweeper(omega)
    for _ in range(8):  # twice the lease in all
        sweep_for(minder, 0.25)
        assert runs.beat(claim) is not None
    assert runs.get(claim.run.id).status is Status.RUNNING


def test_a_sweeper_that_was_away_blames_nobody(omega: Omega) -> None:
    runs = omega.runtime.runs.records
    claim = claimed(runs, queued(omega))
    minder = sweeper(omega)
    minder.sweep()
    time.sleep(1.5)  # the machine slept, and the worker with it
    minder.sweep()
    assert runs.get(claim.run.id).status is Status.RUNNING


def test_a_beat_between_look_and_judgement_saves_the_run(omega: Omega) -> None:
    runs = omega.runtime.runs.records
    claim = claimed(runs, queued(omega))
    (seen,) = runs.records(Status.RUNNING)
    runs.beat(claim)
    assert runs.lose(seen, Failure(name="WorkerLost", message="")) is None
    assert runs.get(claim.run.id).status is Status.RUNNING


def test_many_sweepers_lose_and_queue_a_run_once(omega: Omega) -> None:
    runs = omega.runtime.runs.records
    claimed(runs, queued(omega))
    stop = threading.Event()
    minders = [threading.Thread(target=sweeper(omega).run, args=(stop,)) for _ in range(4)]
    for minder in minders:
        minder.start()
    until(lambda: runs.records(Status.QUEUED))
    time.sleep(1.5)  # they go round again
    stop.set()
    for minder in minders:
        minder.join()
    (record,) = omega.storage.records("runs").query({})
    assert (record["status"], record["attempt"]) == ("queued", 2)
    assert omega.runtime.scheduler() is None  # each took its record away


def test_the_last_attempt_stays_lost_and_says_why(omega: Omega) -> None:
    runs = omega.runtime.runs.records
    claim = claimed(runs, queued(omega, max_attempts=1))
    minder = sweeper(omega)
    sweep_until(minder, lambda: runs.get(claim.run.id).status is Status.LOST)
    run = runs.get(claim.run.id)
    assert (run.status, run.final) == (Status.LOST, True)
    assert run.error is not None
    assert "Worker w was not heard of" in run.error.message


def test_a_lost_run_that_a_dead_sweeper_left_is_queued(omega: Omega) -> None:
    runs = omega.runtime.runs.records
    claim = claimed(runs, queued(omega))
    (seen,) = runs.records(Status.RUNNING)
    lost = runs.lose(seen, Failure(name="WorkerLost", message=""))
    assert lost is not None
    assert not lost.final
    sweeper(omega).sweep()
    assert runs.get(claim.run.id).status is Status.QUEUED


def test_messages_are_sent_again_but_ever_less_often(omega: Omega) -> None:
    run = queued(omega)
    minder = sweeper(omega)
    minder.sweep()
    assert messages(omega) == 0  # young runs have their message on the way
    records = omega.storage.records("runs")
    from datetime import timedelta

    long_ago = run.queued_at - timedelta(seconds=30)
    records.update(run.id, set={"hint_at": long_ago})
    minder.sweep()
    minder.sweep()
    assert messages(omega) == 0  # nobody is there to read them
    assert "No worker is alive" in str(omega.runtime.runs.get(run.id).notice)
    worker = {"label": "default", "host": "h", "pid": 1, "started_at": run.queued_at}
    omega.storage.records("workers").upsert("w", {**worker, "heartbeat_at": utcnow()})
    minder.sweep()
    minder.sweep()
    assert messages(omega) == 1
    assert records.find(run.id)["hints"] == 1  # type: ignore[index]
    assert omega.runtime.runs.get(run.id).notice is None
    assert omega.runtime.scheduler()["host"]  # type: ignore[index]


def test_the_sweeper_shows_up_and_outlives_an_absent_database(omega: Omega) -> None:
    from omegaml_lab.runtime.broker.broker import Broker
    from omegaml_lab.storage.storage import Storage
    from tests.integration.rabbitmq import free_port

    nowhere = f"mongodb://127.0.0.1:{free_port()}/x?serverSelectionTimeoutMS=100"
    storage = Storage.open(nowhere)
    minder = Sweeper(
        storage=storage,
        runs=RunRecords(storage.records("runs")),
        broker=Broker(None, mongo_url=nowhere, database="x"),
    )
    stop = threading.Event()
    thread = threading.Thread(target=minder.run, args=(stop,))
    thread.start()
    time.sleep(0.5)
    assert thread.is_alive()
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_a_cancel_that_the_worker_did_not_live_to_carry_out_is_carried_out(omega: Omega) -> None:
    runs = omega.runtime.runs.records
    run = queued(omega)
    claimed(runs, run)
    assert runs.cancel(run.id).status is Status.RUNNING
    sent = messages(omega)
    sweep_until(sweeper(omega), lambda: runs.get(run.id).status is not Status.RUNNING)
    ended = runs.get(run.id)
    assert (ended.status, ended.attempt, ended.final) == (Status.CANCELLED, 1, True)
    assert messages(omega) == sent  # and no worker is asked to run it again


def test_what_is_cancelled_while_its_worker_shuts_down_does_not_wait_for_another(
    omega: Omega,
) -> None:
    runs = omega.runtime.runs.records
    run = queued(omega)
    claim = claimed(runs, run)
    runs.cancel(run.id)
    ended = runs.give_back(claim, notice="shut down")
    assert ended is not None
    assert (ended.status, ended.notice) == (Status.CANCELLED, None)
    assert runs.give_back(claim, notice="shut down") is None


def test_a_run_that_was_queued_by_a_fast_clock_is_not_forgotten(omega: Omega) -> None:
    records = omega.storage.records("runs")
    fast = RunRecords(records, clock=lambda: utcnow() + timedelta(hours=1))
    run = fast.create("a.ipynb", 1, parameters={})
    due = omega.runtime.runs.records.due(["default"], limit=5)
    assert [r.id for r in due] == [run.id]
    fresh = queued(omega)
    assert fresh.id not in [r.id for r in omega.runtime.runs.records.due(["default"], limit=5)]


def test_a_run_that_only_a_newer_version_understands_stops_nobody(omega: Omega) -> None:
    runs, raw = omega.runtime.runs.records, omega.storage.records("runs")
    run = queued(omega)
    raw.insert({**(raw.find(run.id) or {}), "id": "newer"})
    stop, told = threading.Event(), []
    changes = runs.changes(stop, poll=0.05)
    assert next(changes) is None
    raw.update("newer", set={"status": "paused"})
    assert [listed.id for listed in runs.page({}).items] == [run.id]
    runs.notify(run.id, "waits")
    for change in changes:
        if change is not None:
            told.append(change.notice)
            break
    stop.set()
    assert told == ["waits"]


def test_a_worker_whose_clock_is_slow_is_heard_by_its_beats(omega: Omega) -> None:
    run = queued(omega)
    records = omega.storage.records("runs")
    records.update(run.id, set={"hint_at": run.queued_at - timedelta(seconds=30)})
    workers, slow = omega.storage.records("workers"), utcnow() - timedelta(hours=2)
    worker = {"label": "default", "host": "h", "pid": 1, "started_at": slow}
    workers.upsert("w", {**worker, "heartbeat_at": slow + timedelta(hours=1.9)})
    minder = sweeper(omega, lease=20)
    minder.sweep()
    assert messages(omega) == 0  # it may have died minutes ago
    workers.upsert("w", {**worker, "heartbeat_at": slow})
    minder.sweep()
    minder.sweep()
    assert messages(omega) == 1
    assert omega.runtime.runs.get(run.id).notice is None
    assert workers.find("w") is not None


def test_what_is_lost_for_good_cannot_be_cancelled(omega: Omega) -> None:
    runs = omega.runtime.runs.records
    for attempts, allowed in ((1, False), (2, True)):
        run = queued(omega, max_attempts=attempts)
        claimed(runs, run)
        (seen,) = runs.records(Status.RUNNING)
        runs.lose(seen, Failure(name="WorkerLost", message="gone"))
        if allowed:
            assert runs.cancel(run.id).status is Status.CANCELLED
            continue
        with pytest.raises(InvalidTransitionError):
            runs.cancel(run.id)
        assert runs.get(run.id).status is Status.LOST


def late(omega: Omega) -> None:
    """A run whose message is to be sent again."""
    run = queued(omega)
    omega.storage.records("runs").update(run.id, set={"hint_at": utcnow()})
    worker = {"label": "default", "host": "h", "pid": 1, "started_at": run.queued_at}
    omega.storage.records("workers").upsert("w", {**worker, "heartbeat_at": utcnow()})


def follower(omega: Omega) -> None:
    """A run that may start now, of which nobody was told yet."""
    ended = queued(omega)
    omega.runtime.runs.records.cancel(ended.id)
    queued(omega, waits_for=(ended.id,), on_failure=OnFailure.CONTINUE)


@pytest.mark.parametrize("something", [late, follower])
def test_a_broker_that_does_not_answer_keeps_no_run_from_being_lost(
    omega: Omega, monkeypatch: pytest.MonkeyPatch, something: Callable[[Omega], None]
) -> None:
    asked, answered, stop = threading.Event(), threading.Event(), threading.Event()

    def unanswered(broker: Broker, runs: object) -> None:
        del runs
        asked.set()
        answered.wait()
        raise BrokerUnavailableError(broker.address, "it does not answer")

    runs = omega.runtime.runs.records
    claim = claimed(runs, queued(omega))
    something(omega)
    monkeypatch.setattr(Broker, "send_many", unanswered)
    thread = threading.Thread(target=sweeper(omega).run, args=(stop,))
    thread.start()
    try:
        assert asked.wait(30)
        until(lambda: runs.get(claim.run.id).attempt == 2)  # while the sweeper waits
    finally:
        answered.set()
        stop.set()
        thread.join()


def test_what_only_a_newer_version_understands_is_in_nobodys_way(omega: Omega) -> None:
    runs, records = omega.runtime.runs.records, omega.storage.records("runs")
    strange, silent = queued(omega), queued(omega)
    for run in (strange, silent):
        claimed(runs, run)
    records.update(strange.id, set={"on_failure": "ask"})
    omega.storage.records("workers").upsert(
        "w", {"started_at": utcnow(), "heartbeat_at": utcnow()}
    )
    omega.storage.records("groups").insert({"id": "g", "plan": "?", "plan_at": utcnow()})
    late = utcnow() - timedelta(hours=1)
    records.update_many({"id": {"$in": [strange.id, silent.id]}}, set={"heartbeat_at": late})
    sweep_until(sweeper(omega), lambda: runs.get(silent.id).attempt == 2)
    until(lambda: (records.find(strange.id) or {})["status"] == "lost")  # it runs it again
    waits = queued(omega, label="default")
    sweep_for(sweeper(omega), 0.2)
    assert runs.get(waits.id).status is Status.QUEUED
