"""Callees: the processes in which a worker performs calls, kept warm.

Each performs one call at a time, for one bucket and owner. A model's process is used again,
with the model in memory; a script gets one that has run nobody's code, started ahead.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaml_lab.config import OF_SCHEDULERS, OF_WORKERS
from omegaml_lab.core.errors import CalleeDiedError
from omegaml_lab.runtime.calls.reach import within_reach
from omegaml_lab.runtime.kernels.family import Family
from omegaml_lab.runtime.kernels.run_folders import RunFolder
from omegaml_lab.runtime.kernels.warm import ForkedProcess, always
from omegaml_lab.runtime.kernels.working import Working

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omegaml_lab.runtime.kernels.warm import Nursery

__all__ = ["Callee", "Callees"]

_log = logging.getLogger(__name__)

_MODULE = "omegaml_lab.callee"
_PATIENCE = 5.0
_STARTS = 60.0  # or longer, as long as the process is seen to work
_LOOKS = 0.2
_SAID = 16_384
_PART = 65_536
_TELLS = 0.5
_WORN = 5000
"""Calls after which a process is not used again: what models leak in memory, threads and
temporary files goes with it."""


class Callee:
    """One process, and the line to it.

    It takes as long to make one as the process takes to start, unless it is not `wanted` any more
    meanwhile: then there is none.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        nursery: Nursery | None,
        wanted: Callable[[], bool] = always,
    ) -> None:
        self._folder = RunFolder("call")  # what the process leaves goes with it
        self._log = self._folder.path / "call.log"
        self._log.touch(0o600)
        hidden = {*OF_SCHEDULERS, *OF_WORKERS}
        inherited = {k: v for k, v in os.environ.items() if k not in hidden}
        whole = {**inherited, **environment, **self._folder.temporary()}
        try:
            self._connection = self._begun(whole, nursery, wanted)
        except BaseException:
            self._folder.remove()
            raise
        self._connection.settimeout(0.0)
        self._unsent = b""
        self.calls = 0

    def _begun(
        self, environment: dict[str, str], nursery: Nursery | None, wanted: Callable[[], bool]
    ) -> socket.socket:
        """Start the process, and return the line to it."""
        line = self._folder.path / "line"
        with socket.socket(socket.AF_UNIX) as server:
            with within_reach(line) as path:
                server.bind(path)
            server.listen(1)
            self.process = _started(str(line), environment, self._log, nursery, wanted)
            keeper = self.process.keeper if isinstance(self.process, ForkedProcess) else None
            self.family = Family(self.process.pid, keeper=keeper)
            connection = self._connected(server, wanted)
        line.unlink()
        return connection

    def _connected(self, server: socket.socket, wanted: Callable[[], bool]) -> socket.socket:
        """Return the line, once the process has come to it; who does not, and hangs, is ended."""
        server.settimeout(_LOOKS)
        working, deadline = Working(self.process.pid), time.monotonic() + _STARTS
        while self.alive and wanted():
            with contextlib.suppress(TimeoutError):
                return server.accept()[0]
            if time.monotonic() > deadline:
                if not working.goes_on():
                    break
                deadline += _STARTS
        self._end()
        raise CalleeDiedError(self.process.returncode, self.said)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    @property
    def abandoned(self) -> bool:
        """Whether the process was ended because the nursery was."""
        return bool(getattr(self.process, "abandoned", False))

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Have a call performed; return what came of it.

        Raises
        ------
        CalleeDiedError
            If the process ended before it answered.
        """
        self.begin(request)
        return self.answer()

    def begin(self, request: Mapping[str, Any]) -> None:
        """Have a call performed; its `answer` is to be heard before the next one.

        What the line does not take at once is sent while the answer is waited for.
        """
        self.calls += 1
        self._unsent = json.dumps(request).encode() + b"\n"
        self._send()

    def answer(
        self, look: Callable[[], float | None] = lambda: None, *, after: float | None = None
    ) -> dict[str, Any]:
        """Return what came of the call that was begun.

        If it has not come `after` so many seconds, `look` is called, which may `kill`, and again
        when the seconds have passed that it returns.

        Raises
        ------
        CalleeDiedError
            If the process ended before it answered.
        """
        line, pause = bytearray(), after
        with contextlib.suppress(OSError):  # hung up by us
            while not line.endswith(b"\n"):
                if not self._ready(pause):
                    pause = look()
                    continue
                self._send()
                with contextlib.suppress(BlockingIOError):  # it was ready to be told more
                    if not (part := self._connection.recv(_PART)):
                        break
                    line += part
        if not line.endswith(b"\n"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_PATIENCE)
            raise CalleeDiedError(self.process.returncode, self.said)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _ready(self, seconds: float | None) -> bool:
        """Wait until something has come, or more can be sent; say whether it is so."""
        poll = select.poll()
        poll.register(self._connection, select.POLLIN | (select.POLLOUT if self._unsent else 0))
        return bool(poll.poll(None if seconds is None else seconds * 1000))

    def _send(self) -> None:
        """Send what the line takes now of what is left to be sent."""
        try:
            while self._unsent:
                self._unsent = self._unsent[self._connection.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:  # ended, by itself or by us: there is no answer
            self._unsent = b""

    @property
    def said(self) -> str:
        """The end of what the process itself put out, and not the code that it called."""
        if not self._log.exists():  # the code that it called has removed it
            return ""
        with self._log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _SAID))
            said: bytes = log.read()
        return said.decode("utf-8", "replace")

    def tell_where(self) -> None:
        """Have it say where its code is, and give it a moment to do so: it is to be killed."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(self.process.pid, signal.SIGUSR1)
            time.sleep(_TELLS)

    def kill(self) -> None:
        """End the process with what it started; who waits for an answer gets none."""
        with contextlib.suppress(OSError):  # what it left behind may hold its end
            self._connection.shutdown(socket.SHUT_RDWR)
        self._end()

    def _end(self) -> None:
        if isinstance(self.process, ForkedProcess):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.bury()  # its keeper ends what it has started
        else:
            self.family.kill()
            self.process.wait()

    def close(self) -> None:
        """End the process and the line."""
        self.kill()
        self._folder.remove()
        self._connection.close()


class Callees:
    """The processes of one worker; it may be used by many threads.

    Parameters
    ----------
    limit
        How many may be kept that wait for a call.
    nursery
        Forks them; without it each starts cold, which takes a second or two.
    """

    def __init__(self, *, limit: int, nursery: Nursery | None = None) -> None:
        self._limit = limit
        self._nursery = nursery
        self._lock = threading.Lock()
        self._idle: list[tuple[str, Callee]] = []
        self._closed = False

    def take(
        self, environment: Mapping[str, str], *, fresh: bool, wanted: Callable[[], bool] = always
    ) -> Callee:
        """Return a process for one call; a `fresh` one has performed none yet.

        `wanted` is asked again and again whether to go on, while one is being started.

        Raises
        ------
        CalleeDiedError
            If one was started, and ended at once, or was not wanted any more.
        """
        return self.warm(environment, fresh=fresh) or Callee(environment, self._nursery, wanted)

    def warm(self, environment: Mapping[str, str], *, fresh: bool = False) -> Callee | None:
        """Return a process for one call that is there already, None if there is none."""
        key = _key(environment, fresh=fresh)
        with self._lock:
            for place, (kept, callee) in reversed(list(enumerate(self._idle))):
                if kept == key:
                    del self._idle[place]
                    if callee.alive:
                        return callee
                    callee.close()
        return None

    def give_back(self, callee: Callee, environment: Mapping[str, str], *, fresh: bool) -> None:
        """Keep a process for the next call; of one for a fresh call keep a successor."""
        if fresh:
            callee.close()
            try:
                callee = Callee(environment, self._nursery)
            except (OSError, CalleeDiedError) as error:  # the next call will meet it too
                _log.warning("no process could be started ahead: %s", error)
                return
        with self._lock:
            keep = not self._closed and callee.alive and callee.calls < _WORN
            if keep:
                self._idle.append((_key(environment, fresh=fresh), callee))
        if not keep:
            callee.close()
        self.keep(self._limit)

    def keep(self, limit: int) -> None:
        """Keep so many processes that wait for a call, from now on."""
        with self._lock:
            self._limit = limit
            superfluous = [old for _, old in self._idle[:-limit]]
            del self._idle[:-limit]
        for old in superfluous:
            old.close()

    def close(self) -> None:
        """End all processes that wait for a call."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, callee in idle:
            callee.close()


def _started(
    path: str,
    environment: dict[str, str],
    log: Path,
    nursery: Nursery | None,
    wanted: Callable[[], bool],
) -> Any:
    """Return the process, as `subprocess.Popen` or like it."""
    if nursery is not None:
        where: dict[str, Any] = {"environment": environment, "folder": Path.cwd(), "log": log}
        with contextlib.suppress(OSError):
            return nursery.spawn([path], module=_MODULE, wanted=wanted, **where)
        if not wanted():
            raise CalleeDiedError(None)
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", _MODULE, path],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )


def _key(environment: Mapping[str, str], *, fresh: bool) -> str:
    return json.dumps([fresh, sorted(environment.items())])
