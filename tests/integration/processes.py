"""Real workers and schedulers as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from omegaml_lab.omega import Omega


class Process:
    """``python -m <module>`` with the environment of a repository."""

    def __init__(
        self, module: str, folder: Path, *, arguments: tuple[str, ...] = (), **settings: str
    ) -> None:
        self.log = folder / f"{module.rpartition('.')[2]}-{time.monotonic_ns()}.log"
        clean = {k: v for k, v in os.environ.items() if not k.startswith("OMEGA_")}
        environment = {**clean, "OMEGA_HOME": str(folder / "home")}
        environment |= {f"OMEGA_{key.upper()}": value for key, value in settings.items() if value}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def wait_for(self, text: str) -> None:
        def there() -> bool:
            assert self._process.poll() is None or text in self.said(), self.said()
            return text in self.said()

        # Long: a machine that is busy with other tests starts a process slowly.
        until(there, seconds=90, what=lambda: f"{text!r} in {self.said()}")

    def terminate(self) -> int:
        """Ask it to stop; return its exit code."""
        self._process.terminate()
        return self._process.wait(60)

    def terminate_soon(self) -> None:
        """Ask it to stop."""
        self._process.terminate()

    def wait(self) -> int:
        """Return its exit code once it has ended."""
        return self._process.wait(60)

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()


def until(
    condition: Callable[[], object], *, seconds: float = 30, what: Callable[[], str] = lambda: ""
) -> None:
    """Wait until something holds; the time only bounds how long a failing test takes."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not come true: {what()}"
        time.sleep(0.02)


@contextmanager
def worker(
    omega: Omega, folder: Path, *, module: str = "omegaml_lab.worker", **settings: str
) -> Iterator[Process]:
    """A worker that is ready."""
    process = Process(module, folder, **{**_settings(omega), **settings})
    try:
        process.wait_for("is ready")
        yield process
    finally:
        process.kill()


@contextmanager
def scheduler(omega: Omega, folder: Path, **settings: str) -> Iterator[Process]:
    """A scheduler that is ready."""
    process = Process("omegaml_lab.scheduler", folder, **{**_settings(omega), **settings})
    try:
        process.wait_for("is ready")
        yield process
    finally:
        process.kill()


def _settings(omega: Omega) -> dict[str, str]:
    return {"mongo_url": omega.url, "broker_url": omega.config.broker_url or "", "user": "tester"}


def alive(pid: int) -> bool:
    """Say whether a process runs; one that only waits to be buried does not."""
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
