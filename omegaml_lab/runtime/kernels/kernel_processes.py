"""The process of one kernel: connected to, resumed, left to end, and ended."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_client.manager import AsyncKernelManager

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.runtime.kernels.warm import ForkedProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from jupyter_client.kernelspec import KernelSpec

    from omegaml_lab.runtime.kernels.family import Family
    from omegaml_lab.runtime.kernels.run_folders import RunFolder
    from omegaml_lab.store.workcopy import WorkingCopy

__all__ = ["KernelManager", "KernelProcess", "KernelStartError", "Process", "lent"]

START_TIMEOUT = 60.0
"""Seconds a kernel may take until it answers."""
_LEAVE_TIMEOUT = 5.0


class KernelStartError(OmegaError, RuntimeError):
    """A kernel did not start."""

    def __init__(self, kernel: str, reason: str) -> None:
        self.kernel = kernel
        self.reason = reason
        super().__init__(f"The kernel {kernel!r} did not start: {reason}")


class Process(Protocol):
    """What is asked of a kernel's process."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code."""


class KernelManager(AsyncKernelManager):
    """Knows a kernel's connection; its process is ours to start and to end."""

    spec: KernelSpec
    process: Process | None = None

    async def is_alive(self) -> bool:  # type: ignore[override]
        """Say whether the kernel's process runs."""
        return self.process is not None and self.process.poll() is None

    _async_is_alive = is_alive


class KernelProcess:
    """One running kernel; one that is `kept` lives on when its run has ended.

    It works in the folder `work`, which `copy` keeps in step with that of its notebook.
    """

    def __init__(
        self, manager: KernelManager, folder: RunFolder, process: Process, family: Family
    ) -> None:
        self.manager = manager
        self.folder, self.work = folder.path, folder.path / "work"
        self._folder = folder
        self.copy: WorkingCopy | None = None
        self.process = process
        self.family = family
        self.language_info: dict[str, Any] = {}
        self.kept = False
        self._environment: dict[str, str] = {}
        self._told = 0
        self._closed = False
        manager.process = process

    @property
    def abandoned(self) -> bool:
        """Whether it was ended because the process was that has forked it, with all others."""
        return bool(getattr(self.process, "abandoned", False))

    async def connect(self) -> Any:
        """Return a client whose channels are open, once the kernel answers.

        Raises
        ------
        KernelStartError
            If it ends first, or takes longer than a minute.
        """
        deadline = time.monotonic() + START_TIMEOUT
        await self._bound()
        client = self.manager.client()
        # ZeroMQ drops what a full queue cannot take: of a cell that prints fast, lines would be
        # missing and its end might never be heard. OUTPUT_LIMIT bounds what is kept instead.
        client.context.rcvhwm = 0
        client.start_channels()
        client.allow_stdin = False
        try:
            await self._answered(client, deadline)
        except BaseException:  # a run that is cancelled meanwhile: its threads and files go too
            client.stop_channels()
            raise
        return client

    async def _answered(self, client: Any, deadline: float) -> None:
        """Return once the kernel answers, with what is to be different for it set.

        Raises
        ------
        KernelStartError
            If it does not.
        """
        while time.monotonic() < deadline:
            client.kernel_info()
            # The reply alone does not prove that outputs arrive too: wait for both channels.
            with contextlib.suppress(Empty):
                reply = await client.get_shell_msg(timeout=1)
                await client.get_iopub_msg(timeout=0.2)
                self.language_info = reply["content"]["language_info"]
                if self._environment and self.language_info["name"] == "python":
                    await self._hand_over(client)
                return
            if self.process.poll() is not None:
                raise KernelStartError(self.manager.kernel_name, self.reason())
        raise KernelStartError(self.manager.kernel_name, f"no answer in {START_TIMEOUT:g} s")

    async def _hand_over(self, client: Any) -> None:
        """Set what is another one in the environment of the run that goes on in it."""
        change = f"__import__('os').environ.update({self._environment!r})"
        asked = client.execute(change, silent=True, store_history=False, allow_stdin=False)
        with contextlib.suppress(Empty):
            while True:
                reply = await client.get_shell_msg(timeout=_LEAVE_TIMEOUT)
                if reply["parent_header"].get("msg_id") == asked:
                    self._environment = {}
                    return

    def resume(self, run: str, environment: Mapping[str, str]) -> None:
        """Serve another run from now on, whose `environment` has other values."""
        self.kept = False
        self._environment = dict(environment)
        self._told = self._log_size()
        self.family.join(run)

    def close(self) -> None:
        """End it with all that it started; from any thread, and more than once."""
        if self._closed:
            return
        self._closed = True
        try:
            self.family.kill()
            if not isinstance(self.process, ForkedProcess):
                self.process.wait()
            else:
                self.process.bury()
                if self.process.orphaned:
                    self.family.kill_marked()
                self.family.used(self.process.cpu_seconds, self.process.memory_peak)
        finally:
            self._folder.remove()

    async def leave(self, client: Any) -> None:
        """Let the kernel end by itself, with its exit handlers, for a few seconds."""
        # What has left the kernel's group cannot be found any more once the kernel is gone.
        self.family.remember()
        client.shutdown()
        await self._until(lambda: self.process.poll() is not None, _LEAVE_TIMEOUT)

    def reason(self) -> str:
        """Say how the process ended, and the last it said."""
        said, orphaned = self.log_tail(1000).strip(), getattr(self.process, "orphaned", False)
        ending = _ORPHANED if orphaned else _ending(self.process.poll())
        return ending + (f". Its last words:\n{said}" if said else "")

    def log_tail(self, size: int) -> str:
        """Return the end of what the process itself wrote to its stdout and stderr."""
        if not self._log.exists():
            return ""
        with self._log.open("rb") as log:
            log.seek(max(self._told, self._log_size() - size))
            return log.read().decode("utf-8", "replace")

    @property
    def _log(self) -> Path:
        return self.folder / "kernel.log"

    def _log_size(self) -> int:
        return self._log.stat().st_size if self._log.exists() else 0

    async def _bound(self) -> None:
        """Wait for the kernel's sockets: who connects before they are there waits longer."""
        if self.manager.transport != "ipc":
            return
        ports = [self.manager.shell_port, self.manager.iopub_port, self.manager.control_port]
        paths = [Path(f"{self.manager.ip}-{port}") for port in ports]
        await self._until(
            lambda: all(path.exists() for path in paths) or self.process.poll() is not None,
            START_TIMEOUT,
        )

    async def _until(self, condition: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def lent(kernel: KernelProcess) -> AsyncIterator[KernelProcess]:
    """End a kernel with the block, unless all went well and it was to be kept."""
    try:
        yield kernel
    except BaseException:
        kernel.kept = False
        raise
    finally:
        if not kernel.kept:
            kernel.close()


_ORPHANED = (
    "its parent process, which minds it, was killed, by the notebook itself or from outside"
)


def _ending(code: int | None) -> str:
    if code is None:
        return "it stopped answering"
    if code < 0:
        name = _signal_name(-code)
        hint = " (out of memory, or ended from outside)" if -code == signal.SIGKILL else ""
        return f"it was ended by {name}{hint}"
    return f"it exited with code {code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of the real-time ones, most of which have no name
        return f"signal {number}"
