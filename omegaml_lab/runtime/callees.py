"""Callees: the processes in which a worker performs calls, kept warm.

Each performs one call at a time, for one bucket and owner. A model's process is used again,
with the model in memory; a script gets one that has run nobody's code, started ahead.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import CalleeDiedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.runtime.warm import Nursery

__all__ = ["Callee", "Callees"]

_MODULE = "omegaml_lab.callee"
_PATIENCE = 5.0
_STARTS = 60.0


class Callee:
    """One process, and the line to it."""

    def __init__(self, environment: Mapping[str, str], nursery: Nursery | None) -> None:
        with (
            tempfile.TemporaryDirectory(prefix="omega-call-") as folder,
            socket.socket(socket.AF_UNIX) as server,
        ):
            path = str(Path(folder) / "line")
            server.bind(path)
            server.listen(1)
            server.settimeout(_STARTS)
            self.process = _started(path, {**os.environ, **environment}, nursery)
            self._connection, _ = server.accept()
        self._connection.settimeout(None)
        self._lines = self._connection.makefile("rb")

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Have a call performed; return what came of it.

        Raises
        ------
        CalleeDiedError
            If the process ended before it answered.
        """
        try:
            self._connection.sendall(json.dumps(request).encode() + b"\n")
            line = self._lines.readline()
        except (OSError, ValueError):  # ended, by itself or by us
            line = b""
        if not line.endswith(b"\n"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_PATIENCE)
            raise CalleeDiedError(self.process.returncode)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def kill(self) -> None:
        """End the process with what it started; who waits for an answer gets none."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        """End the process and the line."""
        self.kill()
        self._lines.close()
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

    def take(self, environment: Mapping[str, str], *, fresh: bool) -> Callee:
        """Return a process for one call; a `fresh` one has performed none yet."""
        key = _key(environment, fresh=fresh)
        with self._lock:
            for place, (kept, callee) in reversed(list(enumerate(self._idle))):
                if kept == key:
                    del self._idle[place]
                    if callee.alive:
                        return callee
                    callee.close()
        return Callee(environment, self._nursery)

    def give_back(self, callee: Callee, environment: Mapping[str, str], *, fresh: bool) -> None:
        """Keep a process for the next call; of one for a fresh call keep a successor."""
        if fresh:
            callee.close()
            callee = Callee(environment, self._nursery)
        with self._lock:
            if self._closed or not callee.alive:
                superfluous = [callee]
            else:
                self._idle.append((_key(environment, fresh=fresh), callee))
                superfluous = [old for _, old in self._idle[: -self._limit]]
                del self._idle[: -self._limit]
        for old in superfluous:
            old.close()

    def close(self) -> None:
        """End all processes that wait for a call."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, callee in idle:
            callee.close()


def _started(path: str, environment: dict[str, str], nursery: Nursery | None) -> Any:
    """Return the process, as `subprocess.Popen` or like it."""
    if nursery is not None:
        null = Path(os.devnull)
        with contextlib.suppress(OSError):
            return nursery.spawn(
                [path], environment=environment, folder=Path.cwd(), log=null, module=_MODULE
            )
    return subprocess.Popen(
        [sys.executable, "-m", _MODULE, path],
        stdin=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )


def _key(environment: Mapping[str, str], *, fresh: bool) -> str:
    return json.dumps([fresh, sorted(environment.items())])
