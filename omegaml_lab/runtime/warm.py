"""Warm kernels: forked from a process that has loaded what a Python kernel needs.

A kernel that starts cold spends half a second on imports. The nursery did them once; a fork of
it is a fresh process that has run nobody's code.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["ForkedProcess", "Nursery", "available"]

_MODULE = "omegaml_lab.runtime.nursery"
_PATIENCE = 30.0


class ForkedProcess:
    """A forked kernel: what is needed of :class:`subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = threading.Event()

    def end(self, code: int) -> None:
        """Take note that the process has ended."""
        self.returncode = code
        self._ended.set()

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
        self._ids = itertools.count()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None
        self._awaited: dict[int, Future[ForkedProcess]] = {}
        self._living: dict[int, ForkedProcess] = {}

    def start(self) -> None:
        """Start the process, unless it runs; it loads its modules while we go on."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", _MODULE, str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
            self._connection = ours
            listener = threading.Thread(target=self._listen, args=(ours,), daemon=True)
            listener.name = "nursery"
            listener.start()

    def spawn(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path
    ) -> ForkedProcess:
        """Fork an IPython kernel.

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
        self.start()
        number = next(self._ids)
        future: Future[ForkedProcess] = Future()
        request = {
            "id": number,
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(folder),
            "log": str(log),
        }
        with self._lock:
            self._awaited[number] = future
            if self._connection is None:
                raise BrokenPipeError("the nursery has ended")
            self._connection.sendall(json.dumps(request).encode() + b"\n")
        return future.result(_PATIENCE)  # a TimeoutError is an OSError

    def stop(self) -> None:
        """End the nursery with all its kernels."""
        with self._lock:
            if self._connection is not None:
                self._connection.shutdown(socket.SHUT_RDWR)
            process, self._process = self._process, None
        if process is not None:
            process.wait()

    def _listen(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                self._hear(json.loads(line))
        with self._lock:
            if self._connection is connection:
                self._connection = None
            awaited, self._awaited = self._awaited, {}
            living, self._living = self._living, {}
        for future in awaited.values():
            future.set_exception(BrokenPipeError("the nursery has ended"))
        for process in living.values():
            process.end(-9)  # they end with it

    def _hear(self, message: Mapping[str, Any]) -> None:
        pid = int(message["pid"])
        if "code" in message:
            if (ended := self._living.pop(pid, None)) is not None:
                ended.end(int(message["code"]))
            return
        self._living[pid] = ForkedProcess(pid)
        with self._lock:
            future = self._awaited.pop(int(message["id"]))
        future.set_result(self._living[pid])


def available() -> bool:
    """Say whether this platform can fork a process that has loaded numpy safely."""
    return sys.platform == "linux" and hasattr(os, "fork")
