"""The keeper: the parent of one kernel, that ends and buries all that the kernel has started.

Each kernel has its own, a fork of the nursery that does nothing else. What the kernel leaves
behind becomes the keeper's child wherever it hides, and so is found when the kernel ends. And
the parent that a notebook may kill or stop is no other kernel's. Standard library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["adopt_orphans", "children", "die_with", "keep"]

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_DEAF_TO = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ENDS = 5.0
"""Seconds in which what was killed has to be gone; what the system holds on to is left to it."""


def keep(line: int, become: Callable[[], object]) -> None:
    """Fork a process that will `become` something, and mind it to its end; never return.

    Parameters
    ----------
    line
        File descriptor to which two lines of JSON go: at once its ``pid``, and in the end also
        its exit ``code``, and what it used, as ``cpu_seconds`` and ``memory_peak``.
    """
    try:
        _keep(line, become)
    finally:
        os._exit(1)


def _keep(line: int, become: Callable[[], object]) -> None:
    os.setsid()
    for number in _DEAF_TO:
        signal.signal(number, signal.SIG_IGN)
    adopt_orphans()
    keeper, pid = os.getpid(), os.fork()
    if pid == 0:
        die_with(keeper)
        for number in _DEAF_TO:
            signal.signal(number, signal.SIG_DFL)
        os.close(line)
        become()
    _tell(line, {"pid": pid})
    status = _wait_for(pid)
    _end_children()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    _tell(
        line,
        {
            "pid": pid,
            "code": os.waitstatus_to_exitcode(status),
            "cpu_seconds": used.ru_utime + used.ru_stime,
            "memory_peak": used.ru_maxrss * 1024,
        },
    )
    os._exit(0)


def adopt_orphans() -> None:
    """Become the parent of what descendants leave behind, so that it can be found and ended."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def children() -> list[int]:
    """Return the pids of the children of this process, which has one thread."""
    try:
        listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii")
    except OSError:  # a system that was built without
        import psutil

        return [child.pid for child in psutil.Process().children()]
    return [int(pid) for pid in listed.split()]


def _wait_for(pid: int) -> int:
    """Bury all that end, until one does; return its status."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            return status


def _end_children() -> None:
    """End all children, and theirs, which are ours as soon as their parents have ended."""
    deadline = time.monotonic() + _ENDS
    with contextlib.suppress(ChildProcessError):  # none is left
        while time.monotonic() < deadline:
            for pid in children():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            time.sleep(0.001)


def die_with(parent: int) -> None:
    """Be killed when the parent ends, whose pid it is; it may have ended already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _prctl(option: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _tell(line: int, message: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):  # the nursery is gone, and this ends with it
        os.write(line, json.dumps(message).encode() + b"\n")
