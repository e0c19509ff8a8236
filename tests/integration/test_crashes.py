"""Crashes: whatever dies, a run that was accepted comes to its end."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from omegaml_lab.config import Config
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Status
from omegaml_lab.omega import Omega
from omegaml_lab.runtime.broker.broker import queue_of
from omegaml_lab.storage import embedded
from tests.integration.notebooks import WAIT, notebook, printed
from tests.integration.processes import alive, scheduler, until, worker

if TYPE_CHECKING:
    from omegaml_lab.runtime.client.handles import RunHandle
    from tests.integration.processes import Process

COUNTED = "import os\nwith open(count, 'a') as f: f.write(str(os.getpid()) + ' ')"
"""A cell that leaves a mark of each execution in the file `count`."""


def waits(flag: str, count: str) -> str:
    """Leave a mark as well, and go on once a flag is there."""
    import os
    import pathlib
    import time

    with pathlib.Path(count).open("a") as file:
        file.write(f"{os.getpid()} ")
    while not pathlib.Path(flag).exists():
        time.sleep(0.02)
    return "done"


def start(omega: Omega, name: str, node: Any, **params: Any) -> RunHandle:
    omega.jobs.put(node, name)
    return omega.runtime.job(name).run(params)


def waiting(omega: Omega, folder: Path, name: str = "waiting") -> tuple[RunHandle, Path, Path]:
    """A run that counts its executions, and goes on once a flag is there."""
    flag, count = folder / "flag", folder / "count"
    node = notebook(COUNTED, WAIT, "print('done')", parameters="flag = count = ''")
    node.cells[0].source = "flag = ''\ncount = ''"
    return start(omega, name, node, flag=str(flag), count=str(count)), flag, count


def executions(count: Path) -> list[int]:
    return [int(pid) for pid in count.read_text().split()] if count.exists() else []


def test_a_killed_worker_loses_its_run_to_another_one(
    omega: Omega, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    run, flag, count = waiting(omega, tmp_path)
    with scheduler(omega, tmp_path, lease_seconds="3"):
        with worker(omega, tmp_path, lease_seconds="3") as first:
            until(lambda: executions(count), what=first.said)
            first.kill()
            kernel = executions(count)[0]
            until(lambda: run.refresh().run.attempt == 2, what=lambda: str(run.run))
        flag.touch()
        with worker(omega, tmp_path, lease_seconds="3") as second:
            run.wait(60)
            assert run.status is Status.SUCCEEDED, second.said()
    assert run.run.attempt == 2
    assert len(executions(count)) == 2
    assert printed(omega.jobs.get(Name(str(run.result)))) == "done\n"
    until(lambda: not alive(kernel), seconds=20)
    # The second worker has removed what the first one had left there of its run.
    assert list(temporary.glob("omega-run-*")) == []


@pytest.mark.long
def test_attempts_end(omega: Omega, tmp_path: Path) -> None:
    killer = notebook(
        "import os, signal, pathlib, time\n"
        "worker = int(pathlib.Path(f'/proc/{os.getppid()}/stat').read_text().split()[3])\n"
        "import psutil\n"
        "for p in psutil.Process().parents():\n"
        "    if 'omegaml_lab.worker' in ' '.join(p.cmdline()): p.kill()\n"
        "time.sleep(600)"
    )
    run = start(omega, "killer", killer)
    with scheduler(omega, tmp_path, lease_seconds="1"):
        for attempt in (1, 2, 3):
            with worker(omega, tmp_path, lease_seconds="1"):
                until(
                    lambda n=attempt: (
                        run.refresh().run.attempt > n or run.run.status is Status.LOST
                    ),
                    what=lambda: str(run.run),
                )
        run.wait(30)
    assert (run.status, run.run.attempt) == (Status.LOST, 3)
    assert run.error is not None
    assert "No attempts are left" in run.error.message


def test_a_worker_that_is_asked_to_stop_gives_its_run_back(omega: Omega, tmp_path: Path) -> None:
    run, flag, count = waiting(omega, tmp_path)
    with worker(omega, tmp_path) as first:
        until(lambda: executions(count), what=first.said)
        assert first.terminate() == 0
        assert run.refresh().run.status is Status.QUEUED, first.said()
        assert "shut down" in str(run.notice)
        assert not alive(executions(count)[0])
    flag.touch()
    assert omega.jobs.list("results") == []
    with scheduler(omega, tmp_path), worker(omega, tmp_path):
        assert run.wait(60).status is Status.SUCCEEDED
    assert run.run.attempt == 1


def kill_nursery(process: Process, of: str) -> None:
    """Kill the process from which a worker starts its kernels, or what performs calls."""
    for child in psutil.Process(process.pid).children():
        if "omegaml_lab.runtime.kernels.nursery" in child.cmdline() and child.cmdline()[-1] == of:
            child.kill()


def test_a_killed_nursery_loses_the_attempts_of_its_runs(omega: Omega, tmp_path: Path) -> None:
    run, flag, count = waiting(omega, tmp_path)
    with worker(omega, tmp_path) as process:  # no scheduler: the worker sends it again itself
        until(lambda: executions(count), what=process.said)
        kill_nursery(process, "kernels")
        until(lambda: len(executions(count)) == 2, what=process.said)
        flag.touch()
        assert run.wait(60).status is Status.SUCCEEDED, process.said()
        assert [(each.number, each.status) for each in run.run.attempts] == [(1, Status.LOST)]
        assert "starts its kernels was ended from outside" in str(run.run.attempts[0].error)
        assert printed(omega.jobs.get(Name(str(run.result)))) == "done\n"
        # Where one says that no attempt follows, the run stays lost.
        flag.unlink()
        once = omega.runtime.job("waiting").run(run.run.parameters, limits={"retries": 0})
        until(lambda: len(executions(count)) == 3, what=process.said)
        kill_nursery(process, "kernels")
        assert once.wait(60).status is Status.LOST
        assert once.run.error is not None
        assert once.run.error.name == "KernelLostError"


def test_a_killed_nursery_loses_the_attempts_of_calls(omega: Omega, tmp_path: Path) -> None:
    omega.scripts.put(waits, "waits")
    flag, count = tmp_path / "flag", tmp_path / "count"
    with worker(omega, tmp_path) as process:
        call = omega.runtime.script("waits").start(str(flag), str(count))
        until(lambda: executions(count), what=process.said)
        kill_nursery(process, "calls")
        until(lambda: len(executions(count)) == 2, what=process.said)
        flag.touch()
        assert call.get(60) == "done"
    assert [each.status for each in call.run.attempts] == [Status.LOST]


def test_what_a_broken_installation_leaves_costs_no_heartbeat(
    omega: Omega, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "site" / "odd-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_bytes(
        b"Metadata-Version: 2.1\nName: odd\nVersion: 1\nSummary: \xff"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    lease = {"lease_seconds": "2"}
    with scheduler(omega, tmp_path, **lease), worker(omega, tmp_path, **lease) as process:
        run = start(omega, "long", notebook("import time; time.sleep(5)")).wait(60)
        assert (run.status, run.run.attempt) == (Status.SUCCEEDED, 1), process.said()
        assert [each.id for each in omega.runtime.workers()] == [run.run.worker]


def test_a_doubled_message_runs_once(omega: Omega, tmp_path: Path) -> None:
    run, flag, count = waiting(omega, tmp_path)
    for _ in range(5):
        omega.runtime.broker.send(run.run)
    flag.touch()
    with worker(omega, tmp_path, concurrency="2"):
        assert run.wait(60).status is Status.SUCCEEDED
        omega.runtime.broker.send(run.run)
        after = start(omega, "after", notebook("1")).wait(60)
        assert after.status is Status.SUCCEEDED
    assert len(executions(count)) == 1


def test_a_lost_message_does_not_lose_the_run(omega: Omega, tmp_path: Path) -> None:
    run = start(omega, "lost", notebook("1"))
    assert "No worker is alive" in str(run.notice)
    messages = omega.storage.records("messages")
    sent = messages.query({"queue": queue_of(omega.storage.database, "default")})
    assert len(sent) == 1
    messages.delete(sent[0]["id"])
    with worker(omega, tmp_path), scheduler(omega, tmp_path):
        assert run.wait(60).status is Status.SUCCEEDED
    assert run.notice is None


def test_a_killed_database_comes_back_in_mid_run(tmp_path: Path) -> None:
    home = tmp_path / "mongo"
    url = embedded.ensure(home)
    config = Config.load(environ={}, home=tmp_path / "home", mongo_url=url)
    try:
        with (
            Omega(config=config) as omega,
            scheduler(omega, tmp_path),
            worker(omega, tmp_path) as process,
        ):
            run, flag, count = waiting(omega, tmp_path)
            until(lambda: executions(count), what=process.said)
            pid = embedded.status(home).pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            flag.touch()  # the notebook ends while there is nowhere to keep it
            until(lambda: not alive(pid))
            assert embedded.ensure(home) == url
            run.wait(90)
            assert run.status is Status.SUCCEEDED, process.said()
            assert run.run.attempt == 1
            assert len(executions(count)) == 1
            assert printed(omega.jobs.get(Name(str(run.result)))) == "done\n"
            # The worker is still there for the next one.
            assert start(omega, "next", notebook("1")).wait(60).status is Status.SUCCEEDED
    finally:
        embedded.release(home)
