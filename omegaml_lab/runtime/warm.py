"""Warm kernels: forked from a process that has loaded what a Python kernel needs.

A kernel that starts cold spends half a second on imports. The nursery did them once; a fork of
it is a fresh process that has run nobody's code.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["ForkedProcess", "Nursery", "available"]

_MODULE = "omegaml_lab.runtime.nursery"
_PATIENCE = 30.0
_KEEPER_TELLS = 5.0
_ENDED = "the nursery has ended"


class ForkedProcess:
    """A forked kernel: what is needed of :class:`subprocess.Popen`.

    Parameters
    ----------
    pid, keeper
        The pids of the process, and of its parent, which minds it.
    nursery
        Ends the process that has forked both.
    """

    def __init__(self, pid: int, *, keeper: int, nursery: Callable[[], object]) -> None:
        self.pid = pid
        self.keeper = keeper
        self.returncode: int | None = None
        self.cpu_seconds = 0.0
        self.memory_peak = 0
        self.orphaned = False
        self._nursery = nursery
        self._ended = threading.Event()

    def end(
        self,
        code: int,
        *,
        cpu_seconds: float = 0.0,
        memory_peak: int = 0,
        orphaned: bool = False,
    ) -> None:
        """Take note that the process has ended, and what the system says that it used.

        One that is `orphaned` was ended because its keeper was.
        """
        self.cpu_seconds, self.memory_peak = cpu_seconds, memory_peak
        self.orphaned = orphaned
        self.returncode = code
        self._ended.set()

    def bury(self) -> None:
        """Wait until it is told that the process, which was killed, has ended.

        Who does not tell, because it was stopped, is ended itself: first its keeper, then the
        nursery with all its kernels.
        """
        for seconds, end in ((_KEEPER_TELLS, self._end_keeper), (_PATIENCE, self._nursery)):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(seconds)
                return
            end()
        self.wait()

    def _end_keeper(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(self.keeper, signal.SIGKILL)

    def poll(self) -> int | None:
        """Return the exit code, None while the process runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once the process has ended.

        Raises
        ------
        subprocess.TimeoutExpired
            If it has not ended in time.
        """
        if not self._ended.wait(timeout) or self.returncode is None:
            raise subprocess.TimeoutExpired(f"kernel {self.pid}", timeout or 0)
        return self.returncode


class Nursery:
    """Starts the nursery's process when it is first needed, and again when it died.

    It may be used by many threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._generation: _Generation | None = None

    @property
    def pid(self) -> int | None:
        """The pid of the process, None when it does not run."""
        with self._lock:
            return self._generation.process.pid if self._generation else None

    def start(self) -> None:
        """Start the process, unless it runs; it loads its modules while we go on."""
        self._running()

    def spawn(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        log: Path,
        module: str | None = None,
    ) -> ForkedProcess:
        """Fork an IPython kernel, or a process that runs the ``main`` of a `module`.

        Parameters
        ----------
        arguments
            Its command line.
        environment
            All of its environment.
        folder
            Its working directory.
        log
            File that its stdout and stderr go to.

        Raises
        ------
        OSError
            If the nursery is out of order: a cold kernel is the way then.
        """
        request = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(folder),
            "log": str(log),
            "module": module,
        }
        return self._running().ask(request).result(_PATIENCE)  # a TimeoutError is an OSError

    def stop(self) -> None:
        """End the nursery with all its kernels."""
        with self._lock:
            generation, self._generation = self._generation, None
        if generation is not None:
            generation.stop()

    def _running(self) -> _Generation:
        with self._lock:
            if self._generation is None or self._generation.process.poll() is not None:
                self._generation = _Generation()
            return self._generation


class _Generation:
    """One process of the nursery, the line to it, and the kernels that it forked."""

    def __init__(self) -> None:
        self._connection, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", _MODULE, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._lock = threading.Lock()
        self._ids = itertools.count()
        self._over = False
        self._awaited: dict[int, Future[ForkedProcess]] = {}
        self._living: dict[int, ForkedProcess] = {}
        threading.Thread(target=self._listen, name="nursery", daemon=True).start()

    def ask(self, request: dict[str, Any]) -> Future[ForkedProcess]:
        """Ask for a kernel."""
        number = next(self._ids)
        future: Future[ForkedProcess] = Future()
        with self._lock:
            if self._over:
                raise BrokenPipeError(_ENDED)
            self._awaited[number] = future
            self._connection.sendall(json.dumps({**request, "id": number}).encode() + b"\n")
        return future

    def stop(self) -> None:
        """Hang up, which ends the process, and wait for that."""
        with contextlib.suppress(OSError):  # it hung up first
            self._connection.shutdown(socket.SHUT_RDWR)
        self.process.wait()

    def _listen(self) -> None:
        with self._connection, self._connection.makefile("rb") as lines:
            with contextlib.suppress(ConnectionResetError):
                for line in lines:
                    self._hear(json.loads(line))
            with self._lock:
                self._over = True
        for future in self._awaited.values():
            future.set_exception(BrokenPipeError(_ENDED))
        for process in self._living.values():
            process.end(-9)  # they end with it

    def _hear(self, message: Mapping[str, Any]) -> None:
        if "code" in message:
            told = {key: value for key, value in message.items() if key != "pid"}
            if (ended := self._living.pop(int(message["pid"]), None)) is not None:
                ended.end(**told)
            return
        with self._lock:
            future = self._awaited.pop(int(message["id"]))
        if "failed" in message:
            future.set_exception(ChildProcessError(message["failed"]))
            return
        pid, keeper = int(message["pid"]), int(message["keeper"])
        self._living[pid] = ForkedProcess(pid, keeper=keeper, nursery=self.process.kill)
        future.set_result(self._living[pid])


def available() -> bool:
    """Say whether this platform can fork a process that has loaded numpy safely."""
    return sys.platform == "linux" and hasattr(os, "fork")
