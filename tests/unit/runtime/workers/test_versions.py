"""A worker takes what clients of another version have asked for, as while all are upgraded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sklearn.linear_model import LinearRegression

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.calls.ahead import told_ahead
from tests.unit.runtime.notebooks.test_execution import worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.config import Config
    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega
    from omegaml_lab.runtime.workers.performer import Performer

X, Y = [[1], [2], [3]], [2, 4, 6]
OF_BOTH = (  # what the first versions did not write yet
    *("limits", "usage", "attempts", "retry_at", "tags", "experiments", "after", "waits_for"),
    *("on_failure", "group", "place", "turn", "replaced", "recorded", "kept_until"),
    *("resumed_by", "resumes", "held_by", "object", "needs", "schedule"),
)
OF_JOBS = (*OF_BOTH, "kind", "call", "answer", "publish_options", "untold", "unpublished")
NEWER = {
    "region": "eu",
    "limits.gpus": 2,
    "progress.eta": 3,
    "schedule_of": {"a": 1},
}


@pytest.fixture
def performer(omega: Omega, config: Config) -> Iterator[Performer]:
    environment = {"OMEGA_MONGO_URL": omega.url, "OMEGA_HOME": str(config.home)}
    performer = worker(omega, environment=lambda *_: environment)
    yield performer
    performer.stop()


def edit(omega: Omega, run: Run, **change: Any) -> None:
    """Change a queued document to what a client of another version would have written."""
    assert omega.storage.records("runs").update(run.id, **change) is not None


def perform(performer: Performer, run_id: str, *told: Any) -> Run:
    execution = performer.take(run_id, *told)
    assert execution is not None
    run = performer.perform(execution)
    performer.release(execution)
    assert run is not None
    return run


def job(omega: Omega, **options: Any) -> Run:
    omega.jobs.put("1", "job")
    return omega.runtime.job("job").run(**options).run


def call(omega: Omega) -> Run:
    omega.models.put(LinearRegression().fit(X, Y), "model")
    return omega.runtime.model("model").start("predict", X).run


@pytest.mark.parametrize("edited", [{"unset": OF_JOBS}, {"set": NEWER}])
def test_jobs_of_older_and_newer_clients_are_run(
    omega: Omega, performer: Performer, edited: dict[str, Any]
) -> None:
    queued = job(omega)
    edit(omega, queued, **edited)
    run = perform(performer, queued.id)
    assert (run.status, run.error) == (Status.SUCCEEDED, None)
    assert omega.runtime.runs.get(run.id).result is not None


@pytest.mark.parametrize(
    ("told", "edited"),
    [
        ((), {"unset": OF_BOTH}),
        (("model",), {"set": {**NEWER, "call.target.sha": "…", "call.stream": True}}),
    ],
)
def test_calls_of_older_and_newer_clients_are_performed(
    omega: Omega, performer: Performer, told: tuple[str, ...], edited: dict[str, Any]
) -> None:
    queued = call(omega)
    edit(omega, queued, **edited)
    run = perform(performer, queued.id, *told)
    assert (run.status, run.error) == (Status.SUCCEEDED, None)
    assert omega.runtime.calls.answer(run) == pytest.approx(Y)


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "pipeline"},
        {"call": None},
        {"call.target": {"ref": "a"}},
        {"call.args": [{"arrow": "…"}]},
        {"call.kwargs": {"X": {"json": "1"}}},
    ],
)
@pytest.mark.parametrize("told", [(), ("model",)])
def test_a_call_that_is_not_understood_waits_for_who_does(
    omega: Omega, performer: Performer, changed: dict[str, Any], told: tuple[str, ...]
) -> None:
    queued = call(omega)
    edit(omega, queued, set=changed)
    if "kind" in changed and told:  # such a message has the new word too
        told = ("pipeline",)
    with pytest.raises(IntegrityError, match=queued.id):
        performer.take(queued.id, *told)
    record = omega.storage.records("runs").find(queued.id) or {}
    assert (record["status"], record.get("claim")) == ("queued", None)


@pytest.mark.parametrize(
    "changed",
    [
        {"request": None},
        {"request": {}},
        {"request": {"run": ""}},
        {"bucket": None},
        {"request.target": {"ref": "a"}},
        {"request.target": {"kind": "m", "state": "s", "sha": "…"}},
        {"request.call": {"method": ["predict"]}},
        {"more": 1},
    ],
)
def test_what_a_message_tells_in_another_way_is_looked_up(
    omega: Omega, performer: Performer, changed: dict[str, Any]
) -> None:
    perform(performer, call(omega).id, "model")  # there is a warm process from now on
    queued = call(omega)
    told: dict[str, Any] = dict(told_ahead(queued) or {})
    for path, value in changed.items():
        place, _, last = path.rpartition(".")
        within = told[place] if place else told
        within[last] = value
    if told["request"]:
        told["request"].setdefault("run", queued.id)
    run = perform(performer, queued.id, "model", told)
    assert (run.status, run.error) == (Status.SUCCEEDED, None)
    assert omega.runtime.calls.answer(run) == pytest.approx(Y)
