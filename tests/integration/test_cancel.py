"""Cancel ends the kernel with all that it started, whatever they do against it."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Status
from tests.integration.notebooks import notebook, printed
from tests.integration.processes import alive, until, worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega
    from omegaml_lab.runtime.client.handles import RunHandle

STUBBORN = """
import json, os, pathlib, signal, subprocess, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("started", flush=True)
pathlib.Path(note).write_text(json.dumps([os.getpid(), child.pid]))
"""


@pytest.fixture(scope="module", autouse=True)
def _going(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with worker(shared, tmp_path_factory.mktemp("worker"), concurrency="1"):
        yield


def started(omega: Omega, note: Path, source: str) -> tuple[RunHandle, list[int]]:
    omega.jobs.put(notebook(STUBBORN, source, parameters="note = ''"), "stubborn")
    run = omega.runtime.job("stubborn").run({"note": str(note)})
    until(lambda: note.exists() and note.read_text(), what=lambda: str(run.refresh().run))
    return run, json.loads(note.read_text())


@pytest.mark.parametrize(
    "source",
    [
        "import time\nwhile True:\n    try: time.sleep(600)\n    except BaseException: pass",
        "while True: pass",
    ],
    ids=["catches everything", "computes"],
)
def test_a_kernel_that_ignores_signals_is_ended(
    shared: Omega, tmp_path: Path, source: str
) -> None:
    run, pids = started(shared, tmp_path / "note", source)
    until(lambda: run.progress.current == 3)
    run.cancel().wait(30)
    assert run.status is Status.CANCELLED
    assert run.error is None
    until(lambda: not any(alive(pid) for pid in pids), seconds=10)
    assert printed(shared.jobs.get(Name(str(run.result)))) == "started\n"
    # The worker is free for the next one.
    shared.jobs.put(notebook("1"), "next")
    assert shared.runtime.job("next").run().wait(60).status is Status.SUCCEEDED


def test_a_cancel_while_the_kernel_starts_is_not_forgotten(shared: Omega) -> None:
    shared.jobs.put(notebook("import time; time.sleep(600)"), "early")
    run = shared.runtime.job("early").run()
    until(lambda: run.status is Status.RUNNING)
    run.cancel().wait(30)
    assert run.status is Status.CANCELLED


def test_a_child_in_a_session_of_its_own_is_ended_too(shared: Omega, tmp_path: Path) -> None:
    source = (
        "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
        " start_new_session=True)\n"
        "pathlib.Path(note + '2').write_text(str(other.pid))\n"
        "import time; time.sleep(600)"
    )
    run, _ = started(shared, tmp_path / "note", source)
    second = tmp_path / "note2"
    until(lambda: second.exists() and second.read_text())
    run.cancel().wait(30)
    pid = int(second.read_text())
    try:
        until(lambda: not alive(pid), seconds=10)
    finally:
        if alive(pid):
            import os

            os.kill(pid, signal.SIGKILL)
