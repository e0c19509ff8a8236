"""Keepers: what a kernel has started ends with it, and its parent is no other one's."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from omegaml_lab.runtime.kernels import warm
from omegaml_lab.runtime.kernels.kernels import KernelSource
from omegaml_lab.runtime.kernels.warm import ForkedProcess, Nursery
from tests.integration.processes import alive, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from omegaml_lab.runtime.kernels.kernel_processes import KernelProcess

pytestmark = pytest.mark.skipif(not warm.available(), reason="needs fork: Linux only")

HIDES = (
    "import os, subprocess, sys\n"
    "code = 'import os, time; os.setsid(); os.fork() and os._exit(0); print(os.getpid(), "
    "flush=True); os.close(1); time.sleep(600)'\n"
    "told = subprocess.run(['env', '-i', sys.executable, '-c', code], stdout=-1, text=True)\n"
    "open({note!r}, 'w').write(told.stdout)"
)


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    # On a busy machine it is not ready in time, and a kernel starts cold.
    until(lambda: isinstance(run_in(nursery, "").process, ForkedProcess), seconds=200)
    yield nursery
    nursery.stop()


@pytest.fixture
def cold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a kernel that is not of the worker's own Python."""
    folder = tmp_path / "jupyter" / "kernels" / "other"
    folder.mkdir(parents=True)
    argv = ["env", "OTHER=1", sys.executable, "-m", "ipykernel_launcher", "-f"]
    spec = {"argv": [*argv, "{connection_file}"], "display_name": "Other", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    return folder.name


def run_in(
    nursery: Nursery,
    code: str,
    then: Callable[[KernelProcess], object] = lambda _: None,
    *,
    name: str = "python3",
) -> KernelProcess:
    """A kernel that has run some code, that had something done to it, and has ended."""

    async def run() -> KernelProcess:
        async with KernelSource(nursery).start(name, environment={}) as kernel:
            client = await kernel.connect()
            await client.execute_interactive(code, timeout=60)
            client.stop_channels()
            await asyncio.to_thread(then, kernel)
            return kernel

    return asyncio.run(run())


def forked(kernel: KernelProcess) -> ForkedProcess:
    assert isinstance(kernel.process, ForkedProcess)
    return kernel.process


def kill_keeper(kernel: KernelProcess) -> None:
    os.kill(forked(kernel).keeper, signal.SIGKILL)
    kernel.process.wait(60)


@pytest.mark.parametrize("then", [lambda _: None, kill_keeper], ids=["ends", "loses its keeper"])
def test_what_hides_ends_with_the_kernel(
    nursery: Nursery, tmp_path: Path, then: Callable[[KernelProcess], object]
) -> None:
    note = tmp_path / "note"
    kernel = run_in(nursery, HIDES.format(note=str(note)), then)
    until(lambda: not alive(int(note.read_text())))
    until(lambda: not alive(kernel.process.pid))
    until(lambda: not alive(forked(kernel).keeper))
    assert forked(kernel).orphaned is (then is kill_keeper)
    assert ("its parent process, which minds it, was killed" in kernel.reason()) is (
        then is kill_keeper
    )


def test_who_does_not_tell_of_the_end_is_ended(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm, "_KEEPER_TELLS", 0.2)
    kernel = run_in(nursery, "", lambda kernel: os.kill(forked(kernel).keeper, signal.SIGSTOP))
    assert not alive(kernel.process.pid)
    first = nursery.pid
    assert first is not None
    monkeypatch.setattr(warm, "_PATIENCE", 0.2)
    run_in(nursery, "", lambda _: os.kill(first, signal.SIGSTOP))
    assert not alive(first)
    monkeypatch.undo()
    assert forked(run_in(nursery, "")).keeper != forked(kernel).keeper
    assert nursery.pid != first


def test_all_end_with_the_nursery(nursery: Nursery) -> None:
    def kill(kernel: KernelProcess) -> None:
        assert nursery.pid is not None
        started.extend(psutil.Process(nursery.pid).children(recursive=True))
        os.kill(nursery.pid, signal.SIGKILL)
        kernel.process.wait(60)

    started: list[psutil.Process] = []
    code = f"import subprocess\nsubprocess.Popen([{sys.executable!r}, '-c', 'input()'], stdin=-1)"
    run_in(nursery, code, kill)
    assert len(started) == 3
    until(lambda: not any(alive(each.pid) for each in started))


def test_a_cold_kernel_has_a_keeper_as_well(nursery: Nursery, cold: str, tmp_path: Path) -> None:
    note = tmp_path / "note"
    code = f"import os; assert os.environ['OTHER']\n{HIDES.format(note=str(note))}"
    kernel = run_in(nursery, code, name=cold)
    until(lambda: not alive(int(note.read_text())))
    assert not alive(kernel.process.pid)
    kernel = run_in(nursery, "1", kill_keeper, name=cold)
    assert forked(kernel).orphaned
    until(lambda: not alive(kernel.process.pid))


def test_a_nursery_does_not_heed_what_asks_it_to_end(nursery: Nursery) -> None:
    def ask(kernel: KernelProcess) -> None:
        assert nursery.pid is not None
        for pid in (nursery.pid, forked(kernel).keeper):
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                os.kill(pid, number)
        with pytest.raises(subprocess.TimeoutExpired):
            kernel.process.wait(0.5)

    assert not forked(run_in(nursery, "", ask)).orphaned
