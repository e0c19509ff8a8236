"""Calls that are asked while their run is still being claimed."""

from __future__ import annotations

import copy
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from omegaml_lab.config import Config
from omegaml_lab.core.runs import Run, Status
from omegaml_lab.omega import Omega
from omegaml_lab.runtime.calls import callees
from omegaml_lab.runtime.calls.ahead import ask_ahead, request_of, told_ahead
from omegaml_lab.runtime.calls.callees import Callees
from omegaml_lab.runtime.kernels.kernels import KernelSource
from omegaml_lab.runtime.notebooks.execution import StopReason
from omegaml_lab.runtime.workers.performer import Performer

if TYPE_CHECKING:
    from omegaml_lab.runtime.client.calls import CallHandle

ROW = np.arange(4.0).reshape(1, 4)


class Counting(Callees):
    """Callees that count how many processes were needed."""

    started = 0

    def take(self, environment: Any, **options: Any) -> Any:
        self.started += 1
        return super().take(environment, **options)


class Workplace:
    """A worker in this process, and a model."""

    def __init__(self, omega: Omega) -> None:
        self.omega = omega
        self.callees = Counting(limit=1)
        data = np.random.default_rng(1).normal(size=(100, 4))
        omega.models.put(LinearRegression().fit(data, data[:, 0]), "m")
        self.model = omega.runtime.model("m")
        self.performer = Performer(
            runs=omega.runtime.runs.records,
            workers=omega.storage.records("workers"),
            jobs=lambda _run: omega.jobs,
            kernels=KernelSource(),
            callees=self.callees,
            environment=lambda bucket, owner: {
                "OMEGA_MONGO_URL": omega.url,
                "OMEGA_BUCKET": bucket,
                "OMEGA_USER": owner,
            },
        )
        self.perform(self.start())  # there is a warm process from now on

    def start(self, method: str = "predict", *args: Any) -> CallHandle:
        return self.model.start(method, *(args or (ROW,)))

    def perform(self, handle: CallHandle, told: dict[str, Any] | None = None) -> Run | None:
        execution = self.performer.take(handle.run.id, "model", told)
        if execution is None:
            return None
        run = self.performer.perform(execution)
        self.performer.release(execution)
        return run


@pytest.fixture(scope="module")
def place(shared: Omega) -> Iterator[Workplace]:
    workplace = Workplace(shared)
    yield workplace
    workplace.callees.close()


def test_what_a_message_tells_is_answered(place: Workplace) -> None:
    handle = place.start()
    before = place.callees.started
    assert place.perform(handle, told_ahead(handle.run)) is not None
    assert place.callees.started == before  # none was taken for it
    np.testing.assert_array_equal(handle.get(), place.model.local.predict(ROW))


def test_a_message_that_says_something_else_is_not_believed(place: Workplace) -> None:
    handle, other = place.start(), place.start("predict", ROW + 1)
    told = copy.deepcopy(told_ahead(handle.run))
    assert told is not None
    told["request"]["call"] = request_of(other.run)["call"]
    assert place.perform(handle, told) is not None
    np.testing.assert_array_equal(handle.get(), place.model.local.predict(ROW))
    assert place.perform(other, told_ahead(handle.run)) is not None  # of another run
    np.testing.assert_array_equal(other.get(), place.model.local.predict(ROW + 1))


def test_a_message_that_comes_twice_leaves_the_process_warm(place: Workplace) -> None:
    handle = place.start()
    told = told_ahead(handle.run)
    assert place.perform(handle, told) is not None
    assert place.perform(handle, told) is None
    cancelled = place.start()
    cancelled.cancel()
    assert place.perform(cancelled, told_ahead(cancelled.run)) is None
    (kept,) = place.callees._idle
    again = place.start("predict", ROW + 2)
    assert place.perform(again, told_ahead(again.run)) is not None
    assert place.callees._idle == [kept]
    np.testing.assert_array_equal(again.get(), place.model.local.predict(ROW + 2))


def test_what_was_asked_for_a_run_that_is_cancelled_is_no_answer_to_the_next(
    place: Workplace,
) -> None:
    handle = place.start()
    execution = place.performer.take(handle.run.id, "model", told_ahead(handle.run))
    assert execution is not None
    execution.stop(StopReason.CANCELLED)  # in the moment between its claim and its start
    run = place.performer.perform(execution)
    place.performer.release(execution)
    assert run is not None
    assert run.status is Status.CANCELLED
    for shift in (3, 4):
        other = place.start("predict", ROW + shift)
        assert place.perform(other, told_ahead(other.run)) is not None
        np.testing.assert_array_equal(other.get(), place.model.local.predict(ROW + shift))


def test_a_call_that_nobody_claims_takes_no_slot_for_long(place: Workplace) -> None:
    (warm,) = (callee for _, callee in place.callees._idle)
    os.kill(warm.process.pid, signal.SIGSTOP)  # as a model that computes for ever
    cancelled = place.start()
    cancelled.cancel()
    told = told_ahead(cancelled.run)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(place.perform, cancelled, told)
        try:
            assert asked.result(30) is None
        finally:
            warm.kill()  # or the test would wait for the thread
    other = place.start()
    assert place.perform(other, told_ahead(other.run)) is not None
    np.testing.assert_array_equal(other.get(), place.model.local.predict(ROW))


def test_a_process_that_has_performed_many_calls_makes_room(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (warm,) = (callee for _, callee in place.callees._idle)
    monkeypatch.setattr(callees, "_WORN", warm.calls + 2)
    for left in ([warm], []):
        handle = place.start()
        assert place.perform(handle, told_ahead(handle.run)) is not None
        np.testing.assert_array_equal(handle.get(), place.model.local.predict(ROW))
        assert [callee for _, callee in place.callees._idle] == left
    assert not warm.alive
    monkeypatch.undo()
    assert place.perform(place.start(), None) is not None  # by a new one


def test_a_process_that_dies_over_it_fails_the_run(place: Workplace) -> None:
    (warm,) = (callee for _, callee in place.callees._idle)
    warm.begin = lambda _request: warm.process.kill()  # type: ignore[method-assign]
    handle = place.start()
    run = place.perform(handle, told_ahead(handle.run))
    assert run is not None
    assert run.status is Status.FAILED
    assert run.error is not None
    assert run.error.name == "CalleeDiedError"
    assert place.perform(place.start(), None) is not None


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda request: request["call"].update(method="partial_fit"),
        lambda request: request["call"].update(method="__reduce__"),
        lambda request: request["target"].update(kind="virtual"),
        lambda request: request.update(kind="script"),
        lambda request: request.update(experiments=["e"]),
    ],
)
def test_what_may_do_more_than_read_is_asked_only_when_it_is_claimed(
    place: Workplace, change: Change
) -> None:
    told = told_ahead(place.start().run)
    assert told is not None
    other = copy.deepcopy(told)
    change(other["request"])
    ask = partial(ask_ahead, place.callees, told["request"]["run"])
    environment = place.performer._environment
    assert ask(other, environment=environment) is None
    ahead = ask(told, environment=environment)
    assert ahead is not None
    assert ask(told, environment=environment) is None  # it is busy
    ahead.leave()


def test_a_message_does_not_tell_what_is_large_or_written(place: Workplace) -> None:
    rows = np.zeros((4000, 4))
    kept, large = place.start("predict", rows).run, place.start("predict", rows[:2000]).run
    assert told_ahead(kept) is not None  # where to find them
    assert told_ahead(large) is None
    assert told_ahead(place.start("fit", ROW, [1.0]).run) is None
    with place.omega.runtime.experiment("e"):
        assert told_ahead(place.start().run) is None
    config = Config.load(environ={}, mongo_url=place.omega.url, user="eve")
    with Omega(config=config) as eve:
        told = told_ahead(eve.runtime.model("m").start("predict", ROW).run)
    assert told is not None
    assert told["owner"] == "eve"
