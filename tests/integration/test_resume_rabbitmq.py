"""Resuming over RabbitMQ: it needs no message, so no broker that dies can spoil it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import ResumeError
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Status
from omegaml_lab.omega import Omega
from tests.integration.notebooks import WAIT, notebook, printed
from tests.integration.processes import alive, scheduler, until, worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.config import Config
    from omegaml_lab.runtime.client.handles import RunHandle
    from tests.integration.rabbitmq import RabbitMQ

PID = "import os, pathlib\npathlib.Path(note).write_text(str(os.getpid()))\nsteps = ['first']"
LEASE = "4"


@pytest.fixture
def over_rabbit(config: Config, own_rabbit: RabbitMQ) -> Iterator[Omega]:
    with Omega(config=replace(config, broker_url=own_rabbit.url)) as omega:
        yield omega


def put(omega: Omega, *cells: str) -> None:
    omega.jobs.put(notebook(PID, *cells, parameters="note = ''\nflag = ''"), "job")


def asked(omega: Omega, folder: Path) -> RunHandle:
    given = {"note": str(folder / "note"), "flag": str(folder / "flag")}
    return omega.runtime.job("job").run(given)


def failed(omega: Omega, folder: Path) -> RunHandle:
    put(omega, "raise ValueError")
    run = asked(omega, folder).wait(60)
    assert run.run.kept_until is not None
    return run


def kernel(folder: Path) -> int:
    return int((folder / "note").read_text())


def test_a_run_is_resumed_while_the_broker_is_dead(
    over_rabbit: Omega, own_rabbit: RabbitMQ, tmp_path: Path
) -> None:
    with worker(over_rabbit, tmp_path) as process, scheduler(over_rabbit, tmp_path):
        put(over_rabbit, WAIT, "1 / 0")
        run = asked(over_rabbit, tmp_path)
        until(lambda: run.progress.done == 3, what=process.said)
        own_rabbit.stop()  # as kill -9 does
        (tmp_path / "flag").touch()
        run.wait(60)
        assert (run.status, run.run.kept_until is not None) == (Status.FAILED, True)
        put(over_rabbit, WAIT, "raise OSError")
        second = run.resume().wait(60)
        assert second.run.error is not None
        assert (second.run.error.name, second.run.error.cell) == ("OSError", 4)
        own_rabbit.start()
        put(over_rabbit, WAIT, "print(steps)")
        third = second.resume().wait(60, check=True)
        assert printed(over_rabbit.jobs.get(Name(str(third.result)))) == "['first']\n"
        until(lambda: not alive(kernel(tmp_path)))
        # What RabbitMQ delivers again after its death, that the run has ended of, does no harm.
        over_rabbit.jobs.put(notebook("1"), "next")
        assert over_rabbit.runtime.job("next").run().wait(180).status is Status.SUCCEEDED
        assert [each.run.attempt for each in (run, second, third)] == [1, 1, 1]


RESUME = """
import sys
from omegaml_lab.omega import Omega
from omegaml_lab.core.errors import ResumeError
with Omega(sys.argv[1]) as omega:
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        print("won", omega.runtime.runs.resume(sys.argv[2]).id)
    except ResumeError as error:
        print("lost", error)
"""


def test_of_two_processes_that_resume_at_once_one_wins(over_rabbit: Omega, tmp_path: Path) -> None:
    with worker(over_rabbit, tmp_path):
        run = failed(over_rabbit, tmp_path)
        put(over_rabbit, "print(steps)")
        command = [sys.executable, "-c", RESUME, over_rabbit.url, run.id]
        broker = {"OMEGA_BROKER_URL": str(over_rabbit.config.broker_url)}
        environment = {**os.environ, **broker, "OMEGA_HOME": str(tmp_path / "home")}
        pipe = subprocess.PIPE
        clients = [
            subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)
            for _ in range(2)
        ]
        for client in clients:
            assert client.stdout is not None
            assert client.stdout.readline() == "ready\n"
        for client in clients:
            assert client.stdin is not None
            client.stdin.write("\n")
            client.stdin.flush()
        said = sorted(client.communicate(timeout=60)[0].split(maxsplit=1) for client in clients)
        assert [word for word, _ in said] == ["lost", "won"]
        winner = said[1][1].strip()
        assert f"{winner} resumes it already" in said[0][1]
        until(lambda: over_rabbit.runtime.runs.get(winner).status is Status.SUCCEEDED)
        assert over_rabbit.runtime.runs.list().total == 2


def test_a_worker_that_is_killed_takes_its_kernels_and_what_resumes_in_them(
    over_rabbit: Omega, tmp_path: Path
) -> None:
    omega, first = over_rabbit, tmp_path / "first"
    first.mkdir()
    with scheduler(omega, tmp_path, lease_seconds=LEASE):
        with worker(omega, tmp_path, lease_seconds=LEASE) as process:
            going, waiting = failed(omega, first), failed(omega, tmp_path)
            put(omega, "import time; time.sleep(600)")
            resumed = going.resume()
            until(lambda: resumed.progress.current == 3)
            os.kill(process.pid, signal.SIGKILL)
            late = waiting.resume()  # nobody knows yet
            until(lambda: not alive(kernel(tmp_path)) and not alive(kernel(first)))
        with worker(omega, tmp_path, lease_seconds=LEASE):
            for run, name, said in (
                (resumed, "WorkerLost", "No attempts are left"),
                (late, "ResumeError", "is gone. Run its notebook again"),
            ):
                run.wait(60)
                assert run.run.error is not None
                assert (run.run.error.name, said in run.run.error.message) == (name, True)
            assert (resumed.status, late.status) == (Status.LOST, Status.FAILED)
            put(omega, "print(steps)")
            assert asked(omega, tmp_path).wait(90).status is Status.SUCCEEDED
        with pytest.raises(ResumeError, match="it was lost, with its worker"):
            resumed.resume()
        with pytest.raises(ResumeError, match=r"resumes it already|is not kept any more"):
            waiting.resume()
