"""One notebook that many save and read while its folder is renamed and MongoDB is killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import requests

from omegaml_lab.config import Config
from omegaml_lab.core.names import Name
from omegaml_lab.omega import Omega
from omegaml_lab.storage import embedded
from tests.integration.notebooks import notebook
from tests.integration.processes import alive, until
from tests.integration.servers import Server, jupyter_server, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITERS = READERS = 8
CELLS = 30


@pytest.fixture
def omega(tmp_path: Path) -> Iterator[Omega]:
    """A repository whose MongoDB the test may kill."""
    home = tmp_path / "home"
    url = embedded.ensure(home)
    with Omega(config=Config.load(environ={}, home=home, mongo_url=url)) as omega:
        yield omega
    embedded.release(home)


@pytest.fixture
def servers(omega: Omega, tmp_path: Path) -> Iterator[list[Server]]:
    with ExitStack() as stack:
        yield [stack.enter_context(jupyter_server(tmp_path, omega.url)) for _ in range(2)]


class Desk:
    """The notebook, and what was done to it by whom."""

    def __init__(self, servers: list[Server], seconds: float) -> None:
        self._servers = servers
        self._stop = time.monotonic() + seconds
        self.folder = "desk [0] ä"
        self.sent: set[str] = set()
        self.acknowledged: set[str] = set()
        self.read = self.renamed = 0
        self._lock = threading.Lock()

    @property
    def path(self) -> str:
        return f"{self.folder}/n.ipynb"

    def write(self, writer: int) -> None:
        """Save one state after the other, each once."""
        turn = 0
        while time.monotonic() < self._stop:
            turn += 1
            mark = f"mark = '{writer}-{turn}'"
            self.sent.add(mark)
            content = notebook(*[mark] * CELLS)
            body = {"type": "notebook", "format": "json", "content": content}
            if self._ask(writer, "PUT", self.path, json=body) is not None:
                with self._lock:
                    self.acknowledged.add(mark)

    def look(self, reader: int) -> None:
        """Read, and see that it is whole."""
        while time.monotonic() < self._stop:
            model = self._ask(reader, "GET", self.path, params={"content": 1})
            if model is not None:
                (mark,) = {cell["source"] for cell in model["content"]["cells"]}
                assert len(model["content"]["cells"]) == CELLS
                assert mark in self.sent
                with self._lock:
                    self.read += 1

    def rename(self) -> None:
        """Rename the folder again and again."""
        turn = 0
        while time.monotonic() < self._stop:
            turn += 1
            new = f"desk [{turn}] ä"
            self._ask(turn, "PATCH", self.folder, json={"path": new})
            self.find()  # who is not answered does not know
            self.renamed += self.folder == new
            time.sleep(0.1)

    def find(self) -> None:
        """Look how the folder is called now, until that is told."""
        listed = None
        while listed is None:
            listed = self._ask(0, "GET", "")
        (self.folder,) = [
            entry["name"] for entry in listed["content"] if entry["name"].startswith("desk")
        ]

    def _ask(self, who: int, method: str, path: str, **options: Any) -> Any:
        """Return the answer; None where the path is another one now, or MongoDB is away."""
        server = self._servers[who % len(self._servers)]
        path = f"api/contents/{quoted(path)}".rstrip("/")
        # A connection of its own: those of a session are not for several threads.
        answer = requests.request(
            method, server.url + path, timeout=60, headers=server.headers, **options
        )
        if answer.ok:
            return answer.json()
        assert answer.status_code in {404, 503}, (method, path, answer.status_code, answer.text)
        return None


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("seconds", "kills"), [(6, 1), pytest.param(60, 4, marks=pytest.mark.long)]
)
def test_what_is_read_is_whole_and_what_is_saved_is_kept(
    omega: Omega, servers: list[Server], seconds: float, kills: int
) -> None:
    omega.jobs.make_folder(Name("desk [0] ä"))
    desk = Desk(servers, seconds)
    with ThreadPoolExecutor(WRITERS + READERS + 1) as pool:
        going = [pool.submit(desk.write, writer) for writer in range(WRITERS)]
        going += [pool.submit(desk.look, reader) for reader in range(READERS)]
        going.append(pool.submit(desk.rename))
        for _ in range(kills):
            time.sleep(seconds / (kills + 1))
            kill_mongo(omega)
        for one in going:
            one.result()

    desk.find()
    states = {}
    for meta in omega.jobs.history(Name(desk.path)):
        kept = omega.jobs.get(Name(desk.path, revision=meta.revision))
        (states[meta.revision],) = {cell.source for cell in kept.cells}
    assert desk.acknowledged <= set(states.values()) <= desk.sent
    assert len(set(states.values())) == len(states)  # none was saved twice
    for what in (len(desk.acknowledged), desk.read, desk.renamed):
        assert what > kills, vars(desk)  # before and after each


def kill_mongo(omega: Omega) -> None:
    home = omega.config.home
    pid = embedded.status(home).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid))
    embedded.ensure(home)
