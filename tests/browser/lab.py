"""A real `omega lab` on a home of its own, as a person starts it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from omegaml_lab.config import Config
from omegaml_lab.omega import Omega

TOKEN = "browser-test"
STARTING = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Lab:
    """Starts everything, ends everything, and asks the server what a test needs to know.

    A `plain` one is `jupyter lab` with our extension installed: the disk is at the root, the
    repository is `repo/`, and nobody starts a worker. `buckets` are shown beside one's own.
    """

    def __init__(
        self, folder: Path, *, plain: bool = False, buckets: dict[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.plain = plain
        self.buckets = buckets or {}
        self.port = free_port()
        self.log = folder / "lab.log"
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        for name in ("home", "notebooks", "settings", "workspaces", "config", "user"):
            (self.folder / name).mkdir(exist_ok=True)
        settings = f"c.OmegaContentsManager.buckets = {self.buckets!r}\n"
        (self.folder / "config" / "jupyter_server_config.py").write_text(settings)
        notebooks = self.folder / "notebooks"
        if self.plain:
            command = ["jupyterlab", f"--ServerApp.root_dir={notebooks}", "--no-browser"]
            command += [f"--ServerApp.port={self.port}", "--allow-root"]
        else:
            command = ["omegaml_lab.cli", "lab", "--no-browser", "--port", str(self.port)]
            command += ["--notebook-dir", str(notebooks)]
        self._run(*command)
        self.wait_ready()

    def start_worker(self) -> None:
        """Start a worker by hand, as the panel of a plain Lab says."""
        self._run("omegaml_lab.cli", "worker")

    def _run(self, *command: str) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OMEGA_")} | {
            "OMEGA_HOME": str(self.folder / "home"),
            "OMEGA_ENVIRONMENT_OPTIONS": "--no-index",  # nothing is fetched from elsewhere
            "HOME": str(self.folder / "user"),
            "JUPYTER_TOKEN": TOKEN,
            "JUPYTER_CONFIG_DIR": str(self.folder / "config"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(self.folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.folder / "workspaces"),
        }
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._processes.append(process)

    def python(self, code: str) -> None:
        """Run code on this machine as its owner does outside of the Lab."""
        own = {k: v for k, v in os.environ.items() if not k.startswith("OMEGA_")}
        environment = {**own, "OMEGA_HOME": str(self.folder / "home")}
        subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)

    def wait_ready(self) -> None:
        """Wait until the server answers and, unless it is a plain one, a worker is alive."""
        deadline = time.monotonic() + STARTING
        while time.monotonic() < deadline:
            if self._processes[0].poll() is not None:
                break
            try:
                if self.get("omega/api/status")["workers"] or self.plain:
                    return
            except OSError:
                pass
            time.sleep(0.3)
        msg = f"the Lab did not start:\n{self.log.read_text()[-4000:]}"
        raise RuntimeError(msg)

    def stop(self) -> None:
        while self._processes:
            process = self._processes.pop()
            process.send_signal(signal.SIGTERM if self.plain else signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def kill_jupyter(self) -> None:
        """End the Jupyter server at once; whoever supervises it starts another."""
        for child in psutil.Process(self._processes[0].pid).children(recursive=True):
            command = child.cmdline()
            if "jupyterlab" in command and f"--ServerApp.port={self.port}" in command:
                child.kill()
                child.wait(10)
                return
        msg = "there is no Jupyter server to kill"
        raise RuntimeError(msg)

    def omega(self, bucket: str) -> Omega:
        """The repository as somebody else has it, seen through a bucket."""
        return Omega(config=Config.load(environ={}, home=self.folder / "home"), bucket=bucket)

    # -- what the server knows ------------------------------------------------------------------

    def get(self, where: str, **query: str) -> Any:
        return self._ask("GET", f"{where}?{urllib.parse.urlencode(query)}" if query else where)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._ask("POST", path, body)

    def put_notebook(self, path: str, *cells: str) -> None:
        """Save a notebook of code cells; the first one is tagged `parameters`."""
        parts = path.split("/")[:-1]
        for depth in range(len(parts)):
            folder = "/".join(parts[: depth + 1])
            if not self._exists(folder):
                self._ask("PUT", f"api/contents/{folder}", {"type": "directory"})
        notebook = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {
                "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
            },
            "cells": [
                {
                    "id": f"cell-{index}",
                    "cell_type": "code",
                    "metadata": {} if index else {"tags": ["parameters"]},
                    "source": source,
                    "execution_count": None,
                    "outputs": [],
                }
                for index, source in enumerate(cells)
            ],
        }
        self._ask("PUT", f"api/contents/{path}", {"type": "notebook", "content": notebook})

    def rename(self, path: str, new: str) -> None:
        self._ask("PATCH", f"api/contents/{path}", {"path": new})

    def delete(self, path: str) -> None:
        self._ask("DELETE", f"api/contents/{path}")

    def drop_schedule(self, id: str) -> None:  # noqa: A002 - the field is named so
        """Drop a schedule: others share this Lab, and count what is in its panel."""
        self._ask("DELETE", f"omega/api/schedules/{id}")

    def runs(self, path: str) -> list[dict[str, Any]]:
        return list(self.get("omega/api/runs", path=path)["items"])

    def wait_run(self, path: str, *statuses: str, seconds: float = 60) -> dict[str, Any]:
        """Return the newest run of the notebook once it has one of the statuses."""
        deadline = time.monotonic() + seconds
        found: list[dict[str, Any]] = []
        while time.monotonic() < deadline:
            found = self.runs(path)
            if found and found[0]["status"] in statuses:
                return found[0]
            time.sleep(0.2)
        msg = f"{path} did not become {statuses}: {found[:1]}"
        raise AssertionError(msg)

    def _exists(self, path: str) -> bool:
        try:
            self.get(f"api/contents/{path}", content="0")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return False
            raise
        return True

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/{urllib.parse.quote(path, safe='/?=&%+')}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read() or b"null")
