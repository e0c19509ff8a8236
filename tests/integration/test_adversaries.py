"""Notebooks that mean harm, over RabbitMQ on a worker with two slots.

Each ends for a reason that is told, hurts no other run, and leaves nothing behind.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.core.runs import Status
from omegaml_lab.omega import Omega
from tests.integration.notebooks import WAIT, notebook
from tests.integration.processes import alive, until, worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.core.runs import Run
    from tests.integration.rabbitmq import RabbitMQ


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with a short path: in long ones there is no room for sockets of the runs' own."""
    with tempfile.TemporaryDirectory(prefix="omega-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def busy(shared: Omega, rabbit: RabbitMQ, folder: Path) -> Iterator[Omega]:
    """A repository whose worker has two slots, and a folder of its own for what is temporary."""
    (folder / "tmp").mkdir()
    with (
        Omega(config=replace(shared.config, broker_url=rabbit.url)) as omega,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("TMPDIR", str(folder / "tmp"))
        with worker(omega, folder, concurrency="2"):
            yield omega


def ended(omega: Omega, folder: Path, *cells: str, **limits: Any) -> Run:
    """A run to its end, with another one beside it; the worker has place for two after that."""
    flag, note = folder / "flag", folder / "note"
    for file in (flag, note):
        file.unlink(missing_ok=True)
    omega.jobs.put(notebook(WAIT, parameters="flag = ''"), "neighbour")
    omega.jobs.put(notebook(*cells, parameters="note = ''"), "adversary")
    neighbour = omega.runtime.job("neighbour").run({"flag": str(flag)})
    until(lambda: neighbour.progress.current == 2)
    wanted = {"timeout": 60, "keep_kernel": 0, **limits}
    run = omega.runtime.job("adversary").run({"note": str(note)}, limits=wanted).wait(90).run
    flag.touch()
    assert neighbour.wait(60).status is Status.SUCCEEDED, neighbour.run.error
    after = [omega.runtime.job("neighbour").run({"flag": str(flag)}) for _ in range(2)]
    assert all(each.wait(60).status is Status.SUCCEEDED for each in after)
    assert list((folder / "tmp").iterdir()) == []
    return run


def failed(run: Run, name: str, message: str) -> None:
    assert (run.status, run.attempt) == (Status.FAILED, 1)
    assert run.error is not None
    assert (run.error.name, message in run.error.message) == (name, True), run.error


PARENT = "import os, signal, time\nos.kill(os.getppid(), signal.{})\ntime.sleep(3)"
STACK = (
    "import pickle, sys\nsys.setrecursionlimit(10**9)\nx = []\nfor _ in range(10**6): x = [x]\n"
)
SHOWS = "print('before')\nfrom IPython.display import display\ndisplay"
CLOSES = "import sys; sys.stdin.close(); sys.stdout.close()"
FORKS = "import os, time\nfor _ in range(4): os.fork()\ntime.sleep(0.5)"
THREADS = (
    "import threading, time\n"
    "for _ in range(1000):\n"
    "    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
)


@pytest.mark.parametrize(
    ("source", "name", "message"),
    [
        (PARENT.format("SIGKILL"), "KernelDiedError", "its parent process, which minds it"),
        (f"{STACK}pickle.dumps(x)", "KernelDiedError", "it was ended by SIGSEGV"),
        ("import os; os.killpg(0, 15)", "KernelDiedError", "it was ended by SIGTERM"),
        ("import os; os.abort()", "KernelDiedError", "it was ended by SIGABRT"),
        ("import os; os._exit(0)", "KernelDiedError", "it exited with code 0"),
        (CLOSES, "ValueError", "closed file"),
        ("class X(BaseException): pass\nraise X('odd')", "X", "odd"),
        ("import os; os.kill(os.getpid(), 40)", "KernelDiedError", "it was ended by signal 40"),
        (f"{SHOWS}({{'text/html': 5}}, raw=True)", "NotebookValidationError", "5 is not valid"),
    ],
    ids=[
        "kills its parent", "overflows", "ends its group", "aborts", "exits", "closes", "raises",
        "ends by a signal without name", "shows what is no output",
    ],
)  # fmt: skip
def test_what_ruins_its_kernel_ruins_no_other(
    busy: Omega, folder: Path, source: str, name: str, message: str
) -> None:
    failed(ended(busy, folder, source, "print('next')"), name, message)


@pytest.mark.parametrize(
    "source",
    [
        PARENT.format("SIGTERM"),
        "import atexit\natexit.register(lambda: 1 / 0)",
        "import builtins\nbuiltins.print = lambda *_, **__: 1 / 0",
        THREADS,
        "import os\nfor n in range(3): os.close(n)",
        "import sys\nsys.stdout = sys.stderr = None",
        "import sys\nwith open('x', 'w') as sys.stdout: print('in a file')",
        "import os, shutil\nshutil.rmtree(os.path.dirname(os.getcwd()))",
        "import os\nos.mkdir('a')\nopen('a/b', 'w').close()\nos.chmod('a', 0)\nos.chmod('.', 0)",
        pytest.param(PARENT.format("SIGSTOP"), marks=pytest.mark.long),
        pytest.param(FORKS, marks=pytest.mark.long),
        pytest.param(
            "import atexit, time\natexit.register(time.sleep, 600)", marks=pytest.mark.long
        ),
    ],
    ids=[
        "asks its parent", "raises at exit", "breaks print", "threads", "closes", "has no streams",
        "prints to what is closed", "removes",
        "locks its folder", "stops its parent", "forks", "stays at exit",
    ],
)  # fmt: skip
def test_what_may_be_done_succeeds(busy: Omega, folder: Path, source: str) -> None:
    run = ended(busy, folder, source, "2 + 2")
    assert (run.status, run.error) == (Status.SUCCEEDED, None)


HIDES = """
import subprocess, sys, time, pathlib
code = '''
import os, pathlib, signal, sys, time
for n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(600)
'''
subprocess.run(["env", "-i", sys.executable, "-c", code, note])
while not pathlib.Path(note).exists() or not pathlib.Path(note).read_text(): time.sleep(0.01)
"""
"""A cell that leaves a daemon behind that has nothing of its run, not even its environment."""


@pytest.mark.parametrize("source", ["'fine'", "1 / 0", PARENT.format("SIGKILL")])
def test_a_daemon_that_hides_ends_with_its_run(busy: Omega, folder: Path, source: str) -> None:
    ended(busy, folder, HIDES, source)
    until(lambda: not alive(int((folder / "note").read_text())))


def test_a_kernel_that_is_stopped_is_ended(busy: Omega, folder: Path) -> None:
    run = ended(busy, folder, "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)")
    failed(run, "KernelDiedError", "it was stopped by a signal, and nobody let it go on")


def test_what_is_left_in_the_folder_for_what_is_temporary_goes_with_the_run(
    busy: Omega, folder: Path
) -> None:
    source = (
        "import pathlib, subprocess, tempfile\n"
        "pathlib.Path(tempfile.mkdtemp(), 'x').write_bytes(b'x' * 10**7)\n"
        "made = subprocess.run(['mktemp'], check=True, capture_output=True, text=True).stdout\n"
        "pathlib.Path(note).write_text(made)"
    )
    assert ended(busy, folder, source).status is Status.SUCCEEDED
    assert (folder / "note").read_text().startswith(str(folder / "tmp"))
