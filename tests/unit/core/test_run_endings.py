"""How a run ends."""

from __future__ import annotations

from datetime import UTC, datetime

from omegaml_lab.core.runs import FINAL, TRANSITIONS, Failure, Run, Status, can_become

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def run(status: Status, **values: object) -> Run:
    return Run(id="r", job="a.ipynb", revision=1, status=status, queued_at=NOW, **values)  # type: ignore[arg-type]


def test_what_has_ended_stays_as_it_is() -> None:
    assert set(TRANSITIONS) == set(Status)
    for status in FINAL - {Status.LOST}:
        assert not TRANSITIONS[status]
    assert not can_become(Status.QUEUED, Status.SUCCEEDED)


def test_a_lost_run_has_ended_once_no_attempts_are_left() -> None:
    assert not run(Status.LOST, attempt=1, max_attempts=2).final
    assert run(Status.LOST, attempt=2, max_attempts=2).final
    assert run(Status.FAILED, attempt=1, max_attempts=2).final
    assert not run(Status.RUNNING).final


def test_a_failure_is_cut_to_a_size_that_can_be_kept() -> None:
    failure = Failure(name="E", message="m" * 20, traceback=("first", "second", "last"))
    small = failure.cut(message=5, traceback=10)
    assert small.message == "m" * 5
    assert small.traceback == ("second", "last")
