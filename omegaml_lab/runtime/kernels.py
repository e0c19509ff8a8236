"""Kernels: each a fresh process in a folder and a process group of its own, that always ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_client.manager import AsyncKernelManager

from omegaml_lab.core.errors import OmegaError, RequirementsRefusedError
from omegaml_lab.core.modules import MODULES, MODULES_ARGUMENTS, MODULES_HOME
from omegaml_lab.runtime.family import Family
from omegaml_lab.runtime.kernel_specs import LAUNCHER, is_ipykernel, is_ours, spec_of
from omegaml_lab.runtime.warm import ForkedProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from jupyter_client.kernelspec import KernelSpec

    from omegaml_lab.runtime.environments import Environment, Environments
    from omegaml_lab.runtime.warm import Nursery
    from omegaml_lab.store.workcopy import WorkingCopy

__all__ = [
    "KernelProcess",
    "KernelSource",
    "KernelStartError",
    "lent",
]

START_TIMEOUT = 60.0
"""Seconds a kernel may take until it answers."""
_LEAVE_TIMEOUT = 5.0
_LONGEST_SOCKET_FOLDER = 90  # the path of a Unix socket ends at 107 bytes
_LONGEST_TEMPORARY = 70  # so is that of the sockets that multiprocessing makes there
# What a notebook's history would be good for is in the notebook.
_ARGUMENTS = ["--HistoryManager.hist_file=:memory:"]


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


class _Manager(AsyncKernelManager):
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

    def __init__(self, manager: _Manager, folder: Path, process: Process, family: Family) -> None:
        self.manager = manager
        self.folder, self.work = folder, folder / "work"
        self.copy: WorkingCopy | None = None
        self.process = process
        self.family = family
        self.language_info: dict[str, Any] = {}
        self.kept = False
        self._environment: dict[str, str] = {}
        self._told = 0
        self._closed = False
        manager.process = process

    async def connect(self) -> Any:
        """Return a client whose channels are open, once the kernel answers.

        Raises
        ------
        KernelStartError
            If it ends first, or takes longer than a minute.
        """
        deadline = time.monotonic() + START_TIMEOUT
        await self._bound()
        # ZeroMQ drops what a full queue cannot take: of a cell that prints fast, lines would be
        # missing and its end might never be heard. OUTPUT_LIMIT bounds what is kept instead.
        self.manager.context.rcvhwm = 0
        client = self.manager.client()
        client.start_channels()
        client.allow_stdin = False
        while time.monotonic() < deadline:
            client.kernel_info()
            # The reply alone does not prove that outputs arrive too: wait for both channels.
            with contextlib.suppress(Empty):
                reply = await client.get_shell_msg(timeout=1)
                await client.get_iopub_msg(timeout=0.2)
                self.language_info = reply["content"]["language_info"]
                if self._environment and self.language_info["name"] == "python":
                    await self._hand_over(client)
                return client
            if self.process.poll() is not None:
                client.stop_channels()
                raise KernelStartError(self.manager.kernel_name, self.reason())
        client.stop_channels()
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
            self.manager.context.destroy(linger=0)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

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


class KernelSource:
    """Starts kernels.

    Parameters
    ----------
    nursery
        Where Python kernels of this environment come from; None starts all of them cold.
    environments
        What notebooks require is installed there; None leaves it to who starts the kernel.
    """

    def __init__(
        self, nursery: Nursery | None = None, environments: Environments | None = None
    ) -> None:
        self._nursery = nursery
        self._environments = environments

    @contextlib.asynccontextmanager
    async def start(
        self,
        name: str,
        *,
        environment: Mapping[str, str],
        requires: Sequence[str] = (),
        say: Callable[[str], None] = lambda _: None,
    ) -> AsyncIterator[KernelProcess]:
        """Start the kernel `name` in a fresh folder; it is gone with the block, unless it is kept.

        What it `requires` is installed first; `say` is told how that goes.

        Raises
        ------
        UnknownKernelError
            If there is no such kernel here.
        RequirementsRefusedError, InstallationError
            If what it requires is not, or cannot be, installed.
        KernelStartError
            If its program cannot be started.
        """
        async with (
            self._prepared(name, requires, say) as prepared,
            lent(self._started(name, environment, prepared)) as kernel,
        ):
            yield kernel

    @contextlib.asynccontextmanager
    async def _prepared(
        self, name: str, requires: Sequence[str], say: Callable[[str], None]
    ) -> AsyncIterator[Environment | None]:
        """Have the environment of a kernel; None is the worker's own, or the kernel's."""
        if self._environments is None or not requires:
            yield None
            return
        if not is_ours(spec_of(name)):
            reason = f"its kernel {name!r} is not of the worker's own Python"
            remedy = (
                "Install it where that kernel is and take the lines away, or choose the kernel"
                " 'python3' in the notebook and save it."
            )
            raise RequirementsRefusedError(requires, reason, remedy)
        async with self._environments.using(requires, say=say) as environment:
            yield environment

    def _started(
        self, name: str, environment: Mapping[str, str], prepared: Environment | None
    ) -> KernelProcess:
        folder = Path(tempfile.mkdtemp(prefix="omega-run-"))
        try:
            manager = self._manager(name, folder)
            process = self._launch(manager, folder, environment, prepared)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        family = Family(
            process.pid,
            run=environment.get("OMEGA_RUN", ""),
            keeper=process.keeper if isinstance(process, ForkedProcess) else None,
        )
        return KernelProcess(manager, folder, process, family)

    def _manager(self, name: str, folder: Path) -> _Manager:
        manager = _Manager(kernel_name=name, connection_file=str(folder / "kernel.json"))
        manager.spec = spec_of(name)
        if is_ipykernel(manager.spec) and len(str(folder)) < _LONGEST_SOCKET_FOLDER:
            # Sockets in the run's own folder: no port that others could take or listen on.
            manager.transport, manager.ip = "ipc", str(folder / "kernel")
        manager.write_connection_file()
        return manager

    def _launch(
        self,
        manager: _Manager,
        folder: Path,
        environment: Mapping[str, str],
        prepared: Environment | None,
    ) -> Process:
        work, log = folder / "work", folder / "kernel.log"
        work.mkdir()
        spec = manager.spec
        command = manager.format_kernel_cmd(_ARGUMENTS if is_ipykernel(spec) else None)
        inherited = {k: v for k, v in os.environ.items() if k not in _NOT_INHERITED}
        whole = {**inherited, **spec.env, **environment}
        if len(str(folder)) <= _LONGEST_TEMPORARY:  # what it leaves there goes with the folder
            (folder / "tmp").mkdir()
            whole["TMPDIR"] = str(folder / "tmp")
        ours = command[:3] == [sys.executable, *LAUNCHER]
        if prepared is not None:
            command[0] = prepared.python
            whole |= prepared.variables
        if ours and MODULES in environment:
            command += MODULES_ARGUMENTS
            whole[MODULES_HOME] = str(folder / "modules")
        if self._nursery is not None and ours and prepared is None:
            with contextlib.suppress(OSError):
                return self._nursery.spawn(command[3:], environment=whole, folder=work, log=log)
        whole["JPY_PARENT_PID"] = str(os.getpid())
        try:
            with log.open("ab") as output:
                return subprocess.Popen(
                    command,
                    cwd=work,
                    env=whole,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    pass_fds=[] if prepared is None or prepared.lock is None else [prepared.lock],
                )
        except OSError as error:
            raise KernelStartError(manager.kernel_name, str(error)) from error


_NOT_INHERITED = frozenset(
    {"JPY_SESSION_NAME", "JPY_PARENT_PID", "JUPYTER_TOKEN", MODULES, MODULES_HOME}
)


_ORPHANED = (
    "its parent process, which minds it, was killed, by the notebook itself or from outside"
)


def _ending(code: int | None) -> str:
    if code is None:
        return "it stopped answering"
    if code < 0:
        name = signal.Signals(-code).name
        hint = " (out of memory, or ended from outside)" if -code == signal.SIGKILL else ""
        return f"it was ended by {name}{hint}"
    return f"it exited with code {code}"
