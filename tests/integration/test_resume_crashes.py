"""Kept kernels go with their worker, however that goes."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import ResumeError
from omegaml_lab.core.runs import Status
from tests.integration.notebooks import notebook
from tests.integration.processes import alive, scheduler, until, worker

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega
    from omegaml_lab.runtime.client.handles import RunHandle

PID = "import os, pathlib\npathlib.Path(note).write_text(str(os.getpid()))"
FAILS = "raise ValueError"


def failed(omega: Omega, name: str, note: Path) -> RunHandle:
    omega.jobs.put(notebook(PID, FAILS, parameters="note = ''"), name)
    run = omega.runtime.job(name).run({"note": str(note)}).wait(60)
    assert run.run.kept_until is not None
    return run


@pytest.mark.long
def test_a_worker_that_stops_gives_up_the_kernels_that_it_keeps(
    omega: Omega, tmp_path: Path
) -> None:
    with worker(omega, tmp_path) as process:
        kept, going = (failed(omega, name, tmp_path / name) for name in ("kept", "going"))
        omega.jobs.put(
            notebook(PID, "import time; time.sleep(600)", parameters="note = ''"), "going"
        )
        again = going.resume()
        until(lambda: again.progress.done == 3)
        assert process.terminate() == 0
    assert again.status is Status.FAILED
    assert again.run.error is not None
    assert (again.run.error.name, again.run.max_attempts) == ("WorkerLost", 1)
    for name in ("kept", "going"):
        assert not alive(int((tmp_path / name).read_text()))
    assert omega.runtime.runs.get(kept.id).kept_until is None
    with pytest.raises(ResumeError, match="is not kept any more"):
        kept.resume()


@pytest.mark.long
def test_what_waits_for_a_worker_that_was_killed_fails(omega: Omega, tmp_path: Path) -> None:
    with (
        scheduler(omega, tmp_path, lease_seconds="4"),
        worker(omega, tmp_path, lease_seconds="4") as process,
    ):
        first, second = (failed(omega, name, tmp_path / name) for name in ("first", "second"))
        os.kill(process.pid, signal.SIGKILL)
        again = first.resume()  # nobody knows yet
        again.wait(60)
        assert again.run.error is not None
        assert again.run.error.name == "ResumeError"
        assert "is gone. Run its notebook again" in again.run.error.message
        until(lambda: omega.runtime.runs.get(second.id).kept_until is None)
        until(lambda: not alive(int((tmp_path / "first").read_text())))
        with pytest.raises(ResumeError, match="is not kept any more"):
            second.resume()
