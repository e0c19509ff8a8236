"""The servers that the specs are run against: the disk, and the repository where it may be."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PLACES", "run_specs", "serve"]

HERE = Path(__file__).parent
STARTING = 120.0

PLACES = ("disk", "root", "mount")
"""Plain JupyterLab on the disk; the repository at the root; the repository as a folder."""


@contextmanager
def serve(place: str, log: Path) -> Iterator[str]:
    """Run a Jupyter server of its own home while the block lasts; gives its URL."""
    with TemporaryDirectory(prefix=f"galata-{place}-") as home, log.open("wb") as output:
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--config", str(HERE / "server_config.py")],
            cwd=home, env=_environment(place, Path(home), port),
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
        try:
            _wait(url, process, log)
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def run_specs(
    folder: Path, place: str, url: str, results: Path, wanted: list[str], *, draw: bool
) -> Path:
    """Run specs in a browser and return Playwright's report.

    With `draw` the pictures are kept, without it they are compared with those that are kept.
    """
    report = results / "report.json"
    report.unlink(missing_ok=True)
    names = ("chromium", "chromium-browser", "google-chrome")
    environment = {
        "TARGET_URL": url,
        "GALATA_RESULTS": str(results),
        "GALATA_MOUNT": "repo" if place == "mount" else "",
        "GALATA_CHROMIUM": next(filter(None, map(shutil.which, names)), ""),
    }
    program = folder / "node_modules" / "@playwright" / "test" / "cli.js"
    subprocess.run(
        ["node", str(program), "test", *(["--update-snapshots=all"] if draw else []), *wanted],
        cwd=folder, env=os.environ | environment, check=False,
    )  # fmt: skip
    return report


_PLAIN_TOOLBAR = {
    "@jupyterlab/notebook-extension:panel": {
        "toolbar": [
            {"name": f"omega-{name}", "disabled": True} for name in ("run", "schedule", "history")
        ]
    }
}
"""One of their pictures shows the whole notebook, where our buttons would be the difference."""


def _environment(place: str, home: Path, port: int) -> dict[str, str]:
    mine = {
        "GALATA_PLACE": place,
        "GALATA_PORT": str(port),
        "HOME": str(home),
        "OMEGA_HOME": str(home / "omega"),
        "JUPYTERLAB_GALATA_ROOT_DIR": str(home / "files"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
    }
    (home / "files").mkdir()
    (home / "config" / "labconfig").mkdir(parents=True)
    lab = home / "config" / "labconfig"
    if place == "disk":
        without = {"disabledExtensions": {"omegaml-lab": True}}
        (lab / "page_config.json").write_text(json.dumps(without))
    else:
        (lab / "default_setting_overrides.json").write_text(json.dumps(_PLAIN_TOOLBAR))
    return {k: v for k, v in os.environ.items() if not k.startswith("OMEGA_")} | mine


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/api/contents?content=1", timeout=10):
                return
        except OSError:
            time.sleep(0.3)
    msg = f"the server did not start:\n{log.read_text('utf-8', 'replace')[-4000:]}"
    raise RuntimeError(msg)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
