"""The processes of a kernel: what they use together, and how all of them are ended."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil

from omegaml_lab.core.limits import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Family"]

_ROUNDS = 20  # of looking for what was started while the others were ended
_MARK = "OMEGA_RUN"


class Family:
    """A kernel with all that it started, and what these started.

    Parameters
    ----------
    pid
        The kernel, which leads a process group of its own.
    run
        The id of its run, which all of them have in their environment; empty when it has none.
    keeper
        The parent of the kernel, of no other one, and of all that the kernel leaves behind.
        Where there is none, these are known by the run in their environment.
    """

    def __init__(self, pid: int, *, run: str = "", keeper: int | None = None) -> None:
        self.pid = pid
        self._runs = {run} - {""}
        self._spent = 0.0
        self._keeper = self._parent(keeper)
        self._seen: set[psutil.Process] = set()
        self._usage = Usage()

    @property
    def usage(self) -> Usage:
        """What was used up to the last :meth:`measure`; seconds count for the present run."""
        used = self._usage
        return replace(used, cpu_seconds=round(max(0.0, used.cpu_seconds - self._spent), 3))

    def join(self, run: str) -> None:
        """Serve another run from now on; what was started for it has its mark."""
        self.measure()
        self._spent = self._usage.cpu_seconds
        self._runs.add(run)

    def measure(self) -> int:
        """Add up what is used, and return the bytes of memory that are used now.

        What several processes share counts once. The members are remembered: one whose parent
        ended is found no more by who looks for the kernel's children.
        """
        self._seen = {p for p in {*self._seen, *self._tree()} if p.is_running()}
        memory, seconds = 0, 0.0
        alone = len(self._seen) == 1
        for member in self._seen:
            with contextlib.suppress(psutil.Error):
                seconds += sum(member.cpu_times()[:4])  # its own, and of children that ended
                memory += member.memory_info().rss if alone else _share(member)
        self.used(seconds, memory)
        return memory

    def used(self, cpu_seconds: float, memory: int) -> None:
        """Note what is known from elsewhere: the sums never fall."""
        before = self._usage
        self._usage = Usage(
            cpu_seconds=round(max(before.cpu_seconds, cpu_seconds), 3),
            memory_peak=max(before.memory_peak, memory),
        )

    @property
    def stopped(self) -> bool:
        """Whether the kernel itself is stopped by a signal, not by a debugger."""
        with contextlib.suppress(psutil.Error):
            return bool(psutil.Process(self.pid).status() == psutil.STATUS_STOPPED)
        return False

    def interrupt(self) -> None:
        """Do what Jupyter's button does: SIGINT to the kernel and its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGINT)

    def remember(self) -> None:
        """Look who is there while the kernel lives: later they are found less surely."""
        self._seen |= set(self._tree())

    def kill(self) -> None:
        """End all of them; safe from any thread, and more than once."""
        _kill({*self._seen, *self._tree()})
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        if self._keeper is None:
            self.kill_marked()

    def kill_marked(self) -> None:
        """End what bears the mark of the run, wherever it has gone; a keeper does better."""
        for _ in range(_ROUNDS):
            left = set(self._marked())
            if not left:
                break
            _kill(left)
            psutil.wait_procs(left, timeout=0.2)

    def _parent(self, pid: int | None) -> psutil.Process | None:
        with contextlib.suppress(psutil.NoSuchProcess):
            return None if pid is None else psutil.Process(pid)
        return None

    def _tree(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            if self._keeper is not None:
                return list(self._keeper.children(recursive=True))
        try:
            kernel = psutil.Process(self.pid)
            return [kernel, *kernel.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _marked(self) -> Iterator[psutil.Process]:
        if not self._runs:
            return
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.pid == self.pid or process.status() == psutil.STATUS_ZOMBIE:
                    continue
                if process.environ().get(_MARK) in self._runs:
                    yield process


def _kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()


def _share(process: psutil.Process) -> int:
    """Return the memory of a process, of what it shares only its part, where that is told."""
    with contextlib.suppress(psutil.AccessDenied):
        return int(getattr(process.memory_full_info(), "pss", 0)) or process.memory_info().rss
    return int(process.memory_info().rss)
