"""Limits of calls with a real worker: what does not keep to them ends, and the next goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from omegaml_lab.cli import main
from omegaml_lab.core.errors import InvalidLimitError, RunFailedError
from omegaml_lab.core.limits import Limits
from omegaml_lab.core.runs import Status
from tests.integration.processes import alive, until, worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega

DATA = np.random.default_rng(1).normal(size=(100, 4))
ROW = DATA[:1]
MEMORY = 400_000_000


@pytest.fixture(scope="module", autouse=True)
def _going(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    shared.models.put(LinearRegression().fit(DATA, DATA[:, 0]), "m")
    shared.scripts.put(sleeps, "sleeps")
    shared.scripts.put(eats, "eats")
    shared.scripts.put(fails_twice, "fails twice")
    shared.scripts.put(stops, "stops")
    with worker(shared, tmp_path_factory.mktemp("worker"), concurrency="1"):
        # There is a process for the next call from then on: its time is the script's.
        shared.runtime.script("sleeps").run(seconds=0)
        yield


def sleeps(note: str = "", seconds: float = 600):
    import os
    import pathlib
    import signal
    import subprocess
    import sys
    import time

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if note:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        pathlib.Path(note).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(seconds)
    return "slept"


def eats():
    held = [bytearray(b"x") * 20_000_000 for _ in range(1000)]
    return len(held)


def fails_twice(note: str):
    import pathlib

    log = pathlib.Path(note)
    log.write_text((log.read_text() if log.exists() else "") + "x")
    if len(log.read_text()) < 3:
        raise ValueError(f"attempt {log.read_text()}")
    return "done"


def stops(*, parent: bool):
    import os
    import signal
    import time

    os.kill(os.getppid() if parent else os.getpid(), signal.SIGSTOP)
    time.sleep(600)


def ended(omega: Omega, script: str, limits: dict[str, Any] | None = None, **given: Any) -> Run:
    """A call to its end; the worker then takes the next one."""
    run = omega.runtime.script(script, limits=limits).start(**given).wait(60).run
    assert omega.runtime.script("sleeps").run(seconds=0) == "slept"
    return run


def test_one_that_takes_longer_than_it_may_is_ended_with_all_that_it_started(
    shared: Omega, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    run = ended(shared, "sleeps", {"timeout": "10 s"}, note=str(note))
    assert (run.status, run.limits.timeout) == (Status.FAILED, 10.0)
    assert run.error is not None
    assert run.error.name == "TimeLimitError"
    assert run.error.message == "The run was ended: it may take 10 s in all (limit timeout)"
    assert "in sleeps" in run.log, run.log  # where it was
    assert run.usage is not None
    assert run.usage.memory_peak > 10_000_000
    assert [pid for pid in map(int, note.read_text().split()) if alive(pid)] == []


def test_one_that_has_more_memory_than_it_may_is_ended(shared: Omega) -> None:
    run = ended(shared, "eats", {"memory": "400 MB"})
    assert run.status is Status.FAILED
    assert run.error is not None
    assert run.error.name == "MemoryLimitError"
    assert "may have 400 MB (limit memory)" in run.error.message
    assert run.usage is not None
    assert run.usage.memory_peak > MEMORY


def test_a_model_keeps_to_them_too(shared: Omega) -> None:
    model = shared.runtime.model("m", limits={"timeout": 60, "memory": "2 GiB", "retries": 0})
    there = model.predict(ROW)
    np.testing.assert_array_equal(there, model.local.predict(ROW))
    run = shared.runtime.runs.list().items[0]
    assert run.limits == Limits(timeout=60.0, memory=2 * 2**30, retries=0)
    assert (run.max_attempts, run.usage is not None) == (1, True)
    again = shared.runtime.runs.rerun(run.id)
    assert again.limits == run.limits
    assert model.fit(DATA, DATA[:, 1]).revision == 2
    tight = shared.runtime.model("m", limits={"memory": "32 MB"})  # no process has so little
    with pytest.raises(RunFailedError, match="MemoryLimitError: The run was ended"):
        tight.fit(np.repeat(DATA, 20_000, axis=0), np.repeat(DATA[:, 1], 20_000))
    assert shared.models.metadata("m").revision == 2


def test_one_that_fails_is_tried_again(shared: Omega, tmp_path: Path) -> None:
    limits = {"retries": 3, "retry_wait": 0.2}
    run = ended(shared, "fails twice", limits, note=str(tmp_path / "note"))
    assert (run.status, run.attempt) == (Status.SUCCEEDED, 3)
    assert [a.error and a.error.message for a in run.attempts] == ["attempt x", "attempt xx"]


@pytest.mark.parametrize("parent", [False, True], ids=["itself", "its keeper"])
def test_one_that_is_stopped_is_ended(shared: Omega, *, parent: bool) -> None:
    call = shared.runtime.script("stops").start(parent=parent)
    until(lambda: call.refresh().status is Status.RUNNING)
    if parent:
        time.sleep(1)
        call.cancel()
    run = call.wait(60).run
    assert run.status is (Status.CANCELLED if parent else Status.FAILED)
    if not parent:
        assert run.error is not None
        assert "it was stopped by a signal" in run.error.message
    assert shared.runtime.script("sleeps").run(seconds=0) == "slept"


@pytest.mark.parametrize("name", ["cell_timeout", "keep_kernel", "priority"])
def test_what_is_for_notebooks_only_is_refused(shared: Omega, name: str) -> None:
    for handle, called in ((shared.runtime.model, "m"), (shared.runtime.script, "sleeps")):
        with pytest.raises(InvalidLimitError, match=r"a call .*|calls .*There are: retries"):
            handle(called, limits={name: 2})


def test_the_command_line_asks_for_them(
    shared: Omega, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OMEGA_MONGO_URL", shared.url)
    limited = ["scripts", "run", "sleeps", "--timeout", "1 s", "--retries", "0"]
    assert main(limited) != 0
    assert "it may take 1 s in all (limit timeout)" in capsys.readouterr().err
    options = ["--memory", "2 GB", "--timeout", "1 min"]
    assert main(["models", "predict", "m", "[[1, 2, 3, 4]]", *options]) == 0
    assert shared.runtime.runs.list().items[0].limits.memory == 2_000_000_000
