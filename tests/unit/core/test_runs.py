from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.core.runs import FINAL, TRANSITIONS, Failure, Progress, Run, Status, can_become


@given(st.sampled_from(Status), st.sampled_from(Status))
def test_nothing_comes_back_but_what_is_lost(status: Status, wanted: Status) -> None:
    allowed = can_become(status, wanted)
    assert allowed == (wanted in TRANSITIONS[status])
    if status in FINAL:
        goes_on = {Status.QUEUED, Status.CANCELLED} if status is Status.LOST else set()
        assert allowed == (wanted in goes_on)
    assert not can_become(status, status)


def test_a_run_comes_back_from_its_record() -> None:
    now = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    run = Run(
        id="x",
        job="a.ipynb",
        revision=1,
        status=Status.FAILED,
        queued_at=now,
        started_at=now,
        ended_at=now + dt.timedelta(seconds=2),
        progress=Progress(done=1, total=3, current=2),
        error=Failure(name="ValueError", message="no", cell=2, traceback=("a", "b")),
    )
    record = json.loads(json.dumps(run.to_dict())) | {"unknown": 1}
    times = ("queued_at", "started_at", "ended_at")
    record |= {key: dt.datetime.fromisoformat(record[key]) for key in times}
    assert Run.from_record(record) == run
    assert run.final
    assert run.elapsed == 2


RECORD = {"id": "x", "job": "a.ipynb", "revision": 1, "queued_at": dt.datetime.now(dt.UTC)}


def test_what_a_newer_version_adds_is_ignored() -> None:
    added = {"progress": {"done": 1, "eta": 3}, "error": {"name": "E", "message": "", "hint": ""}}
    run = Run.from_record({**RECORD, "status": "failed", **added})
    assert run.progress == Progress(done=1)
    assert run.error == Failure(name="E", message="")


@pytest.mark.parametrize(
    "wrong", [{"status": "paused"}, {}, {"status": "failed", "error": "no"}, {"progress": 1}]
)
def test_a_record_that_is_no_run_is_damaged(wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError, match="run x"):
        Run.from_record({**RECORD, **wrong})


def test_a_failure_is_told_in_plain_text() -> None:
    trace = (
        "\x1b[31mNameError\x1b[39m Traceback",
        "\x1b]8;;file://a\x1b\\a.py\x1b]8;;\x1b\\ line 1",
    )
    failure = Failure(name="NameError", message="no \x1b[1;32mx\x1b[0m", cell=2, traceback=trace)
    assert str(failure) == "NameError in cell 3: no x\nNameError Traceback\na.py line 1"
    assert failure.traceback == trace
    assert (
        str(Failure(name="MissingKernelError", message="[7] no")) == "MissingKernelError: [7] no"
    )
