"""A plain ``jupyter lab``, with nothing configured: it brings its own MongoDB."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from omegaml_lab.storage import embedded
from tests.integration.processes import alive, until
from tests.integration.servers import jupyter_server, stop

if TYPE_CHECKING:
    from pathlib import Path

TEXT = {"type": "file", "format": "text", "content": "kept"}


def test_mongod_is_started_restarted_and_stopped(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with jupyter_server(tmp_path, "", root="disk", environ={"OMEGA_HOME": str(home)}) as server:
        assert server.ask("PUT", "api/contents/repo/a.txt", json=TEXT).ok
        first = embedded.status(home).pid
        assert first is not None

        os.kill(first, signal.SIGKILL)
        until(lambda: not alive(first))
        until(lambda: server.ask("GET", "api/contents/repo/a.txt").ok)
        assert server.contents("repo/a.txt")["content"] == "kept"
        second = embedded.status(home).pid
        assert second not in {None, first}

        stop(server.process)
        assert server.process.returncode == 0
        until(lambda: not alive(second))
        log = server.log.read_text()
    assert "Traceback" not in log.rpartition("received signal 15")[2], log[-3000:]
