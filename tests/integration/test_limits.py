"""Limits with real workers: what does not keep to them ends, with its children, for a reason."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.client.handles import RunHandle
from tests.integration.notebooks import notebook, printed
from tests.integration.processes import alive, until, worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega

MEMORY = 400_000_000


@pytest.fixture(scope="module", autouse=True)
def _going(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with worker(shared, tmp_path_factory.mktemp("worker"), concurrency="1"):
        yield


def ended(omega: Omega, *cells: str, **options: Any) -> Run:
    """A run to its end; the worker then takes and ends the next one."""
    omega.jobs.put(notebook(*cells, parameters="note = ''"), "limited")
    run = omega.runtime.job("limited").run(**options).wait(60).run
    omega.jobs.put(notebook("print('next')"), "next")
    assert omega.runtime.job("next").run().wait(60).status is Status.SUCCEEDED
    return run


LEFT = """
import os, pathlib, subprocess, sys, time
code = (
    "import os, pathlib, signal, sys, time\\n"
    "for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(n, signal.SIG_IGN)\\n"
    "if os.fork(): os._exit(0)\\n"
    "os.setsid()\\n"
    "if os.fork(): os._exit(0)\\n"
    "pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))\\n"
    "time.sleep(600)"
)
subprocess.run([sys.executable, "-c", code, note])
while not pathlib.Path(note).exists() or not pathlib.Path(note).read_text(): time.sleep(0.01)
"""
"""A cell that leaves a daemon behind, whose pid is in the file `note`."""

EATS = "held = [bytearray(b'x') * 20_000_000 for _ in range(1000)]"
EATS_IN_CHILDREN = (
    "import subprocess, sys\n"
    "code = \"held = bytearray(b'x') * 250_000_000; import time; time.sleep(60)\"\n"
    "for p in [subprocess.Popen([sys.executable, '-c', code]) for _ in range(2)]: p.wait()"
)
STUBBORN = "import time\nwhile True:\n    try: time.sleep(600)\n    except KeyboardInterrupt: pass"


@pytest.mark.parametrize(
    ("source", "limits", "name", "message"),
    [
        (EATS, {"memory": MEMORY}, "MemoryLimitError", "may have 400 MB (limit memory)"),
        pytest.param(
            EATS_IN_CHILDREN,
            {"memory": "400 MB"},
            "MemoryLimitError",
            "may have 400 MB",
            marks=pytest.mark.long,
        ),
        ("time.sleep(600)", {"timeout": 3}, "TimeLimitError", "it may take 3 s in all"),
        ("time.sleep(600)", {"cell_timeout": 1}, "TimeLimitError", "a cell may take 1 s"),
        ("os._exit(7)", {}, "KernelDiedError", "it exited with code 7"),
    ],
    ids=["eats memory", "eats memory in children", "takes long", "cell takes long", "exits"],
)
def test_what_does_not_keep_to_its_limits_ends_with_all_that_it_left(
    shared: Omega, tmp_path: Path, source: str, limits: dict[str, Any], name: str, message: str
) -> None:
    note = tmp_path / "a note"
    run = ended(shared, LEFT, source, params={"note": str(note)}, limits=limits)
    assert run.status is Status.FAILED
    assert run.error is not None
    assert (run.error.name, run.error.cell) == (name, 3), run.error
    assert "in cell 4: " in run.error.message
    assert message in run.error.message
    assert run.usage is not None
    assert run.usage.cpu_seconds > 0
    assert run.usage.memory_peak > (MEMORY if "memory" in limits else 10_000_000)
    assert not alive(int(note.read_text()))


def test_a_cell_that_ends_when_interrupted_shows_where_it_was(shared: Omega) -> None:
    source = "def forever():\n    while True: pass\nforever()"
    run = ended(shared, "print('first')", source, limits={"cell_timeout": 1})
    assert run.error is not None
    assert run.error.name == "TimeLimitError"
    assert any("forever" in line for line in run.error.traceback)
    assert printed(shared.jobs.get(Name(str(run.result)))) == "first\n"


@pytest.mark.long
def test_a_cell_that_does_not_heed_the_interrupt_is_killed(shared: Omega) -> None:
    run = ended(shared, STUBBORN, limits={"timeout": 2})
    assert run.error is not None
    assert (run.error.name, run.error.cell) == ("TimeLimitError", 1)


def test_a_kernel_that_is_missing_fails_at_once_and_is_not_tried_again(shared: Omega) -> None:
    shared.jobs.put(notebook("1", kernel="no such"), "limited")
    limits = {"retries": 3, "retry_wait": 0.1}
    # As a schedule asks for it, which cannot be told that no worker has the kernel.
    asked = shared.runtime.job("limited").submit({}, limits=limits)
    run = RunHandle(shared.runtime, asked).wait(60).run
    assert (run.status, run.attempt, run.attempts) == (Status.FAILED, 1, ())
    assert run.error is not None
    assert "'no such'" in run.error.message


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ({"cells": [{"tags": None}]}, None),
        ({"cells": [{"tags": 5, "papermill": None, "execution": "x"}]}, None),
        ({"kernelspec": None, "language_info": [], "papermill": 5}, None),
        ({"kernelspec": 5}, "kernelspec is 5"),
        ({"kernelspec": {"name": ["python3"]}}, "which kernel it needs"),
    ],
)
def test_a_notebook_with_damaged_metadata_runs_or_says_what_is_wrong(
    shared: Omega, damage: dict[str, Any], told: str | None
) -> None:
    damaged = dict(notebook("print('ran')"))
    changes = damage.pop("cells", [])
    damaged["metadata"] = {**damaged["metadata"], **damage}
    for cell, metadata in zip(damaged["cells"], changes, strict=False):
        cell["metadata"] = metadata
    shared.jobs.put(damaged, "damaged")
    run = shared.runtime.job("damaged").run().wait(60).run
    if told is None:
        assert (run.status, run.error) == (Status.SUCCEEDED, None)
        assert printed(shared.jobs.get(Name(str(run.result)))) == "ran\n"
    else:
        assert run.error is not None
        assert (run.status, run.error.name) == (Status.FAILED, "InvalidNotebookError")
        assert told in run.error.message


def test_a_run_within_its_limits_tells_what_it_used(shared: Omega) -> None:
    source = "import time\nbegan = time.process_time()\nwhile time.process_time() - began < 0.3: 1"
    limits = {"memory": "2 GiB", "timeout": "5 min", "cell_timeout": 60}
    run = ended(shared, source, "held = bytearray(b'x') * 100_000_000\ndel held", limits=limits)
    assert (run.status, run.error) == (Status.SUCCEEDED, None)
    assert run.usage is not None
    assert 0.3 < run.usage.cpu_seconds < 60
    assert 100_000_000 < run.usage.memory_peak < 2 * 2**30


FAILS_TWICE = (
    "import pathlib\nlog = pathlib.Path(note)\n"
    "log.write_text((log.read_text() if log.exists() else '') + 'x')\n"
    "if len(log.read_text()) < 3: raise ValueError(f'attempt {log.read_text()}')"
)


def test_a_failure_is_tried_again_and_each_attempt_is_on_record(
    shared: Omega, tmp_path: Path
) -> None:
    # Nobody but the worker is there.
    limits = {"retries": 3, "retry_wait": 0.2}
    params = {"note": str(tmp_path / "note")}
    run = ended(shared, FAILS_TWICE, params=params, limits=limits)
    assert (run.status, run.attempt, run.max_attempts) == (Status.SUCCEEDED, 3, 4)
    assert run.error is None
    assert [a.number for a in run.attempts] == [1, 2]
    for attempt in run.attempts:
        assert attempt.status is Status.FAILED
        assert attempt.error is not None
        assert attempt.error.message == "attempt " + "x" * attempt.number
        assert attempt.usage is not None
        assert attempt.started_at is not None
        assert attempt.ended_at is not None
    waits = [
        later - earlier.ended_at
        for earlier, later in zip(
            run.attempts, [run.attempts[1].started_at, run.started_at], strict=True
        )
    ]
    assert waits[0].total_seconds() > 0.15
    assert waits[1].total_seconds() > 0.3


@pytest.mark.long
def test_attempts_end_in_the_last_failure(shared: Omega) -> None:
    run = ended(shared, "1 / 0", limits={"retries": 1, "retry_wait": 0.1})
    assert (run.status, run.attempt, len(run.attempts)) == (Status.FAILED, 2, 1)
    assert run.error is not None
    assert run.error.name == "ZeroDivisionError"


def test_a_run_that_waits_for_its_next_attempt_can_be_cancelled(shared: Omega) -> None:
    shared.jobs.put(notebook("1 / 0"), "cancelled")
    run = shared.runtime.job("cancelled").run(limits={"retries": 3, "retry_wait": 600})
    until(lambda: run.refresh().run.attempt == 2)
    assert run.status is Status.QUEUED
    assert run.notice is not None
    assert "Attempt 1 of 4 failed: ZeroDivisionError" in run.notice
    # Whole minutes, by no clock; waits differ a little, lest many come back at once.
    assert re.search(r"The next one starts after \d+ min\.$", run.notice)
    assert run.cancel().status is Status.CANCELLED
    assert len(run.run.attempts) == 1


def test_a_token_makes_one_run_of_many_requests(shared: Omega) -> None:
    shared.jobs.put(notebook("1"), "once")
    job = shared.runtime.job("once")
    first = job.run(token="Monday ü/$.", tags=["nightly", "a b", "nightly"])
    again = shared.runtime.job("once").run(token="Monday ü/$.")
    assert again.id == first.id
    assert first.wait(60).run.tags == ("nightly", "a b")
    assert job.run(token="Tuesday").wait(60).id != first.id
    assert [run.id for run in shared.runtime.runs.list(tag="a b").items] == [first.id]
