"""Child processes that log to a file, come back when they die, and leave nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "COOKIE",
    "Child",
    "Service",
    "bearers",
    "end_processes",
    "family_of",
    "kill_children",
    "last_lines",
    "orphans",
    "stop_children",
]

COOKIE = "OMEGA_SERVICE"
"""Variable in the environment of a service and all it starts: ``<supervisor>/<service>``."""

_LOG_LIMIT = 10 * 2**20
_FIRST_DELAY, _LONGEST_DELAY, _STABLE_AFTER = 0.25, 30.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A program to keep running.

    `environment` is added to ours, `without` are the variables of ours that it does not get.
    While the program runs it holds a shared lock on the file `holds`: so the embedded MongoDB
    stays until its last client has ended, even when the supervisor is killed.
    """

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    holds: Path | None = None
    without: Sequence[str] = ()


@dataclass(slots=True)
class Child:
    """A service and the process that performs it now. Start it from the main thread only.

    Linux ends a process with the thread that started it, not with the process of that thread.
    """

    service: Service
    supervisor: str
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started: float = 0.0
    due: float = 0.0

    @property
    def cookie(self) -> str:
        """What the environment of the service and of its descendants says."""
        return f"{self.supervisor}/{self.service.name}"

    @property
    def pid(self) -> int | None:
        """The process, None when there is none now."""
        return self.process.pid if self.process is not None else None

    def start(self) -> None:
        """Start the program; what it says is added to its log."""
        log = self.service.log
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        launch = Path(__file__).with_name("launch.py")
        terms = (str(os.getpid()), str(int(signal.SIGTERM)), str(self.service.holds or ""))
        inherited = {k: v for k, v in os.environ.items() if k not in self.service.without}
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(launch), *terms, *self.service.command],
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                env={**inherited, **self.service.environment, COOKIE: self.cookie},
                start_new_session=True,  # a Ctrl-C in the terminal is for the supervisor
            )
        finally:
            os.close(descriptor)
        self.started = time.monotonic()

    def ended(self) -> int | None:
        """Return the code with which the process ended since the last call, else None.

        The next start is then due after a delay that doubles with each failure in a row.
        """
        if self.process is None or (code := self.process.poll()) is None:
            return None
        self.process = None
        if time.monotonic() - self.started > _STABLE_AFTER:
            self.failures = 0
        self.due = time.monotonic() + min(_LONGEST_DELAY, _FIRST_DELAY * 2**self.failures)
        self.failures += 1
        return code

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process if there is one."""
        if self.process is not None:
            self.process.send_signal(number)


def bearers(cookie: str) -> list[psutil.Process]:
    """Return our user's processes whose environment bears `cookie`, or begins with it and ``/``.

    A kernel whose worker was killed has no parent to be found by, but it bears the cookie.
    """
    found = []
    for process in _ours():
        with contextlib.suppress(psutil.Error, OSError):
            if _bears(process, cookie):
                found.append(process)
    return found


def _bears(process: psutil.Process, cookie: str) -> bool:
    borne = process.environ().get(COOKIE, "")
    return borne == cookie or borne.startswith(f"{cookie}/")


def _ours() -> Iterator[psutil.Process]:
    me = os.getpid()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != me and process.uids().real == os.getuid():
                yield process


def orphans(child: Child) -> list[psutil.Process]:
    """Return what a child has left running that computes for nobody any more.

    That is all that a worker has started, and the kernels of Jupyter. What a person has left
    running in a terminal of Jupyter, cut loose from it on purpose, is not ours to end.
    """
    found = bearers(child.cookie)
    if child.service.name != "jupyter":
        return found
    return [process for process in found if _is_orphaned_kernel(process)]


def _is_orphaned_kernel(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        parent = process.environ().get("JPY_PARENT_PID", "")
        return parent.isdigit() and int(parent) != process.ppid()
    return False


def stop_children(children: Iterable[Child], *, patience: float) -> None:
    """End the children and all they started: politely, again politely, then by force."""
    living = [child for child in children if child.ended() is None and child.process is not None]
    families = [process for child in living for process in _family(child)]
    half = time.monotonic() + patience / 2
    for deadline in (half, half + patience / 2):
        for child in living:
            child.signal(signal.SIGTERM)
        while time.monotonic() < deadline and any(child.process for child in living):
            time.sleep(0.05)
            for child in living:
                child.ended()
    families += [process for child in living for process in orphans(child)]
    end_processes(families, patience=0.5)
    for child in living:
        if child.process is not None:
            child.process.wait(10)


def kill_children(children: Iterable[Child]) -> None:
    """End the children and all they started by force, without waiting for their end."""
    for process in [member for child in children for member in _family(child)]:
        with contextlib.suppress(psutil.Error):
            process.kill()


def _family(child: Child) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        if child.pid is not None:  # psutil would take that for our own
            return family_of(psutil.Process(child.pid), child.cookie)
    return []


def family_of(parent: psutil.Process, cookie: str) -> list[psutil.Process]:
    """Return the process of a service and all it started for itself.

    A MongoDB that it was the first to need is for others too, and bears no cookie.
    """
    family = [parent]
    with contextlib.suppress(psutil.Error):
        for process in parent.children(recursive=True):
            with contextlib.suppress(psutil.Error, OSError):
                if _bears(process, cookie):
                    family.append(process)
    return family


def end_processes(processes: Iterable[psutil.Process], *, patience: float) -> int:
    """Wait for the processes, end those that stay, and return how many these were."""
    _, staying = psutil.wait_procs(list(processes), timeout=patience)
    for process in staying:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(staying, timeout=5)
    return len(staying)


def last_lines(log: Path, count: int = 5) -> str:
    """Return the last lines of a log that say something, in one line."""
    try:
        lines = log.read_bytes()[-20_000:].decode(errors="replace").splitlines()
    except OSError:
        return ""
    return " / ".join([line.strip() for line in lines if line.strip(" ^~")][-count:])
