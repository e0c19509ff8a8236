"""Real Jupyter servers, each a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "a-token-that-tests-know"
PATIENCE = 60.0


@dataclass
class Server:
    """A running server, asked as its owner unless `anonymous`."""

    url: str
    root: Path
    process: subprocess.Popen[bytes]
    log: Path
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def headers(self) -> dict[str, str]:
        """What its owner sends along."""
        return {"Authorization": f"token {TOKEN}"}

    def ask(self, method: str, path: str, *, anonymous: bool = False, **options: Any) -> Any:
        """Send a request; redirects are not followed."""
        headers = {} if anonymous else self.headers
        headers |= options.pop("headers", {})
        options.setdefault("timeout", PATIENCE)
        session = requests if anonymous else self.session
        return session.request(
            method, self.url + path, headers=headers, allow_redirects=False, **options
        )

    def get(self, path: str, **options: Any) -> Any:
        """Return the JSON of an answer that must be good."""
        return good(self.ask("GET", path, **options)).json()

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """Post JSON and return the JSON of an answer that must be good."""
        return good(self.ask("POST", path, json=body, **options)).json()

    def contents(self, path: str, **params: Any) -> Any:
        """Return a contents model."""
        return self.get(f"api/contents/{quoted(path)}".rstrip("/"), params=params)


def good(response: requests.Response) -> requests.Response:
    """Return the response; fail with what it says when it is an error."""
    assert response.ok, f"{response.status_code} {response.request.url}: {response.text[:2000]}"
    return response


def quoted(path: str) -> str:
    """Percent-encode a path, but its slashes."""
    return requests.utils.quote(path, safe="/")


@contextlib.contextmanager
def jupyter_server(
    folder: Path,
    mongo_url: str,
    *,
    root: str = "repository",
    options: tuple[str, ...] = (),
    environ: dict[str, str] | None = None,
) -> Iterator[Server]:
    """Run ``jupyter lab`` on a folder of its own until the block ends."""
    place = folder / f"server-{root}-{free_port()}"
    files = place / "files"
    files.mkdir(parents=True)
    port = free_port()
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1",
        f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={files}",
        f"--OmegaContentsManager.root={root}", *options,
    ]  # fmt: skip
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("OMEGA_", "JUPYTER_"))},
        "OMEGA_HOME": str(place / "home"),
        "OMEGA_MONGO_URL": mongo_url,
        "JUPYTER_CONFIG_DIR": str(place / "config"),
        "JUPYTER_DATA_DIR": str(place / "data"),
        "JUPYTER_RUNTIME_DIR": str(place / "runtime"),
        "IPYTHONDIR": str(place / "ipython"),
        **(environ or {}),
    }
    log = place / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    server = Server(f"http://127.0.0.1:{port}/", files, process, log)
    try:
        wait_ready(server)
        yield server
    finally:
        stop(process)


def wait_ready(server: Server) -> None:
    """Return when the server answers."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError):
            if server.ask("GET", "api/status").ok:
                return
        assert server.process.poll() is None, server.log.read_text()[-4000:]
        time.sleep(0.1)
    raise AssertionError(server.log.read_text()[-4000:])


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server and all it started."""
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
