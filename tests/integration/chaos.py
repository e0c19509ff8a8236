"""Chaos: the processes of a platform, and somebody who kills one of them every other second."""

from __future__ import annotations

import contextlib
import math
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from omegaml_lab.storage import embedded
from tests.integration import processes, servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from omegaml_lab.omega import Omega
    from tests.integration.rabbitmq import RabbitMQ


@dataclass(slots=True)
class Life:
    """A process: what it was, its id, and from when to when, in seconds since 1970."""

    name: str
    pid: int | None
    since: float
    until: float = math.inf

    def covers(self, moment: float) -> bool:
        """Say whether it was there then; what it did just before it died may show a bit later."""
        return self.since <= moment <= self.until + 1


class Part:
    """One process that can be killed and started again; it logs `ready` when it has begun."""

    def __init__(
        self, name: str, start: Callable[[], Any], kill: Callable[[Any], None], ready: str = ""
    ) -> None:
        self.name = name
        self._start = start
        self._kill = kill
        self._ready = ready
        self.lives: list[Life] = []
        self.start()

    @property
    def begun(self) -> bool:
        """Whether it has come to work since it was started: else it would never do any."""
        return not self._ready or self._ready in self._running.said()

    def look(self) -> bool:
        """Say whether it works; it is there since that was seen first."""
        life = self.lives[-1]
        if life.since == math.inf and self.begun:
            life.since = time.time()
        return life.since < math.inf

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        self.lives[-1].until = time.time()
        self._kill(self._running)

    def start(self) -> None:
        """Start it, again."""
        self._running = self._start()
        pid = getattr(self._running, "pid", None)
        self.lives.append(Life(self.name, pid, since=math.inf))
        self.look()


class Platform:
    """MongoDB, RabbitMQ, Jupyter, two workers and two schedulers, each a process of its own."""

    def __init__(self, omega: Omega, folder: Path, mongo: Path, rabbit: RabbitMQ) -> None:
        self._omega, self._folder, self._mongo, self._rabbit = omega, folder, mongo, rabbit
        self._port = servers.free_port()
        self.url = f"http://127.0.0.1:{self._port}/"
        worker = ("omegaml_lab.worker", processes.Process.kill)
        scheduler = ("omegaml_lab.scheduler", processes.Process.kill)
        self.parts = [
            *(self._python(*worker) for _ in range(2)),
            *(self._python(*scheduler) for _ in range(2)),
            Part("mongod", self._start_mongo, self._kill_mongo),
            Part("rabbitmq", self._start_rabbit, lambda _: rabbit.stop()),
            Part("jupyter", self._start_jupyter, _kill_group, "is running at"),
        ]

    def submit(self, job: str, parameters: dict[str, Any], token: str) -> str:
        """Ask Jupyter for a run until it says that it is accepted; return its id."""
        body = {"job": job, "parameters": parameters, "token": token}
        while True:
            with contextlib.suppress(requests.RequestException):
                answer = requests.post(
                    f"{self.url}omega/api/runs",
                    json=body,
                    headers={"Authorization": f"token {servers.TOKEN}"},
                    timeout=10,
                )
                if answer.ok:
                    return str(answer.json()["id"])
                assert answer.status_code >= 500, answer.text
            time.sleep(0.2)

    @property
    def deaths(self) -> list[Life]:
        """All that were killed so far."""
        return [life for part in self.parts for life in part.lives if life.until < math.inf]

    def minded(self, since: float, until: float) -> float:
        """Return how many of these seconds, up to the last, somebody could see who is silent.

        That is, the database was there, and so was the scheduler that was there in the end.
        """
        lives = [life for part in self.parts for life in part.lives]
        database = max(life.since for life in lives if life.name == "mongod" if life.since < until)
        minds = [life for life in lives if life.name == "scheduler" if life.covers(until)]
        return until - max(since, database, min(life.since for life in minds))

    @contextlib.contextmanager
    def disturbed(self, chance: random.Random) -> Iterator[None]:
        """Kill one part after the other, and start it again a moment later."""
        stop = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            disturber = pool.submit(self._disturb, chance, stop)
            try:
                yield
            finally:
                stop.set()
        disturber.result()

    def _disturb(self, chance: random.Random, stop: threading.Event) -> None:
        while not stop.wait(chance.uniform(1, 4)):
            part = chance.choice([part for part in self.parts if part.look()])
            part.kill()
            stop.wait(chance.uniform(0, 2))
            part.start()

    def stop(self) -> None:
        """End everything."""
        for part in self.parts:
            part.kill()

    # -- parts ---------------------------------------------------------------------------------

    def _python(self, module: str, kill: Callable[[processes.Process], None]) -> Part:
        settings = {"mongo_url": self._omega.url, "broker_url": self._rabbit.url, "user": "tester"}
        return Part(
            module.rpartition(".")[2],
            lambda: processes.Process(module, self._folder, **settings),
            kill,
            "is ready",
        )

    def _start_mongo(self) -> None:
        embedded.ensure(self._mongo)

    def _kill_mongo(self, _: None) -> None:
        pid = embedded.status(self._mongo).pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            processes.until(lambda: not processes.alive(pid))

    def _start_rabbit(self) -> None:
        self._rabbit.start()

    def _start_jupyter(self) -> processes.Process:
        return processes.Process(
            "jupyterlab",
            self._folder,
            arguments=(
                "--no-browser", "--allow-root", f"--ServerApp.port={self._port}",
                "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1",
                f"--IdentityProvider.token={servers.TOKEN}",
                f"--ServerApp.root_dir={self._folder}",
            ),
            mongo_url=self._omega.url,
            broker_url=self._rabbit.url,
        )  # fmt: skip


def _kill_group(process: processes.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
