"""Warm kernels: forked from a process that has loaded what a Python kernel needs.

A kernel that starts cold spends half a second on imports. The nursery did them once; a fork of
it is a fresh process that has run nobody's code. Other kernels are programs that a fork becomes:
nothing is warm of them, but they are minded in the same way.
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
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Literal

from omegaml_lab.runtime.kernels.nursery import TOO_LATE
from omegaml_lab.runtime.kernels.working import Working

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["ForkedProcess", "Nursery", "always", "available"]

_MODULE = "omegaml_lab.runtime.kernels.nursery"
_PATIENCE = 30.0
"""Seconds that what is asked for may take; more, as long as the nursery is seen to work."""
_LOOKS = 0.2
_KEEPER_TELLS = 5.0
_ENDED = "the nursery has ended"


def always() -> bool:
    """Say that something is wanted, however long it takes."""
    return True


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
        self.abandoned = False
        self._nursery = nursery
        self._ended = threading.Event()

    def end(
        self,
        code: int,
        *,
        cpu_seconds: float = 0.0,
        memory_peak: int = 0,
        orphaned: bool = False,
        abandoned: bool = False,
    ) -> None:
        """Take note that the process has ended, and what the system says that it used.

        One that is `orphaned` was ended because its keeper was, one that is `abandoned` because
        the nursery was: by nothing that it did itself, as far as is known.
        """
        self.cpu_seconds, self.memory_peak = cpu_seconds, memory_peak
        self.orphaned, self.abandoned = orphaned, abandoned
        self.returncode = code
        self._ended.set()

    def bury(self) -> None:
        """Wait until it is told that the process, which was killed, has ended.

        Who does not tell, because it was stopped, is ended itself: first its keeper, then the
        nursery with all its kernels.
        """
        for seconds, end in ((_KEEPER_TELLS, self.end_keeper), (_PATIENCE, self._nursery)):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(seconds)
                return
            end()
        self.wait()

    def end_keeper(self) -> None:
        """Kill the parent of the process, and so the process with all that it has started."""
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

    Parameters
    ----------
    of
        What it has loaded ahead: what ``kernels`` need, or what ``calls`` do.
    """

    def __init__(self, of: Literal["kernels", "calls"] = "kernels") -> None:
        self._of = of
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
        wanted: Callable[[], bool] = always,
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
        wanted
            Is asked again and again whether to wait on.

        Raises
        ------
        OSError
            If the nursery is out of order: a cold kernel is the way then. Or if it is not
            `wanted` any more.
        """
        request = {"arguments": list(arguments), "module": module}
        return self._ask(request, environment, folder, log, wanted)

    def execute(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        log: Path,
        lock: Path | None = None,
        wanted: Callable[[], bool] = always,
    ) -> ForkedProcess:
        """Fork a process that becomes a program, which is looked for on its own path.

        Parameters
        ----------
        command
            The program and its arguments.
        environment, folder, log, wanted
            As for :meth:`spawn`.
        lock
            A file on which it holds a shared lock for as long as it lives.

        Raises
        ------
        OSError
            If the nursery is out of order, or the process is not `wanted` any more.
        """
        request = {"command": list(command), "lock": None if lock is None else str(lock)}
        return self._ask(request, environment, folder, log, wanted)

    def _ask(
        self,
        request: dict[str, Any],
        environment: Mapping[str, str],
        folder: Path,
        log: Path,
        wanted: Callable[[], bool] = always,
    ) -> ForkedProcess:
        where = {"environment": dict(environment), "folder": str(folder), "log": str(log)}
        generation = self._running()
        working = Working(generation.process.pid)
        while True:
            try:
                return generation.ask({**request, **where}, patience=_PATIENCE, wanted=wanted)
            except (TimeoutError, ChildProcessError) as error:
                late = isinstance(error, TimeoutError) or str(error) == TOO_LATE
                if not late or not wanted() or not working.goes_on():
                    raise

    def stop(self) -> None:
        """End the nursery with all its kernels."""
        with self._lock:
            generation, self._generation = self._generation, None
        if generation is not None:
            generation.stop()

    def _running(self) -> _Generation:
        with self._lock:
            if self._generation is None or self._generation.process.poll() is not None:
                self._generation = _Generation(self._of)
            return self._generation


class _Generation:
    """One process of the nursery, the line to it, and the kernels that it forked."""

    def __init__(self, of: str) -> None:
        self._connection, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", _MODULE, str(theirs.fileno()), of],
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

    def ask(
        self, request: dict[str, Any], *, patience: float, wanted: Callable[[], bool]
    ) -> ForkedProcess:
        """Return a new process; a TimeoutError, which is an OSError, says that none will come.

        Who asked starts one in another way then, on the same sockets: two must not be there.
        """
        number = next(self._ids)
        future: Future[ForkedProcess] = Future()
        # The clock is one for all processes of the machine.
        until = time.monotonic() + patience
        whole = {**request, "id": number, "until": until}
        with self._lock:
            if self._over:
                raise BrokenPipeError(_ENDED)
            self._awaited[number] = future
            self._connection.sendall(json.dumps(whole).encode() + b"\n")
        while wanted() and (left := until - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                return future.result(min(left, _LOOKS))
        if future.cancel():
            raise TimeoutError
        return future.result()  # it has come at the last moment

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
            if future.set_running_or_notify_cancel():
                future.set_exception(BrokenPipeError(_ENDED))
        for process in self._living.values():
            process.end(-signal.SIGKILL, abandoned=True)  # they end with it

    def _hear(self, message: Mapping[str, Any]) -> None:
        if "code" in message:
            told = {key: value for key, value in message.items() if key != "pid"}
            if (ended := self._living.pop(int(message["pid"]), None)) is not None:
                ended.end(**told)
            return
        with self._lock:
            future = self._awaited.pop(int(message["id"]))
        awaited = future.set_running_or_notify_cancel()
        if "failed" in message:
            if awaited:
                future.set_exception(ChildProcessError(message["failed"]))
            return
        pid, keeper = int(message["pid"]), int(message["keeper"])
        self._living[pid] = ForkedProcess(pid, keeper=keeper, nursery=self.process.kill)
        if awaited:
            future.set_result(self._living[pid])
        else:  # nobody waits for it any more, nor will end it
            self._living[pid].end_keeper()


def available() -> bool:
    """Say whether this platform can fork a process that has loaded numpy safely."""
    return sys.platform == "linux" and hasattr(os, "fork")
