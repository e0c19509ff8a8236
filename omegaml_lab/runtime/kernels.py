"""Kernels: each a fresh process in a folder and a process group of its own, that always ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from omegaml_lab.core.errors import OmegaError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator, Mapping

__all__ = ["KernelProcess", "KernelSource", "KernelStartError", "UnknownKernelError"]

_LONGEST_SOCKET_FOLDER = 90  # the path of a Unix socket ends at 107 bytes
START_TIMEOUT = 60.0
"""Seconds a kernel may take until it answers."""


class UnknownKernelError(OmegaError, LookupError):
    """A notebook asks for a kernel that this machine does not have."""

    def __init__(self, kernel: str, known: list[str]) -> None:
        self.kernel = kernel
        self.known = tuple(known)
        listed = ", ".join(repr(name) for name in known) or "none"
        super().__init__(
            f"The notebook asks for the kernel {kernel!r}, which the worker does not have."
            f" It has: {listed}. Install that kernel where the worker runs, or choose another"
            " one in the notebook and save it."
        )


class KernelStartError(OmegaError, RuntimeError):
    """A kernel did not start."""

    def __init__(self, kernel: str, reason: str) -> None:
        self.kernel = kernel
        self.reason = reason
        super().__init__(f"The kernel {kernel!r} did not start: {reason}")


class KernelProcess:
    """One running kernel."""

    def __init__(
        self, manager: AsyncKernelManager, folder: Path, process: subprocess.Popen[bytes]
    ) -> None:
        self.manager = manager
        self.folder = folder
        self.process = process
        self.language_info: dict[str, Any] = {}

    async def connect(self) -> Any:
        """Return a client whose channels are open, once the kernel answers.

        Raises
        ------
        KernelStartError
            If it ends first, or takes longer than a minute.
        """
        client = self.manager.client()
        client.start_channels()
        client.allow_stdin = False
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            client.kernel_info()
            # The reply alone does not prove that outputs arrive too: wait for both channels.
            with contextlib.suppress(Empty):
                reply = await client.get_shell_msg(timeout=1)
                await client.get_iopub_msg(timeout=0.2)
                self.language_info = reply["content"]["language_info"]
                return client
            if not await self.manager.is_alive():
                client.stop_channels()
                raise KernelStartError(self.manager.kernel_name, self.reason())
        client.stop_channels()
        raise KernelStartError(self.manager.kernel_name, f"no answer in {START_TIMEOUT:g} s")

    def kill(self) -> None:
        """End the kernel's whole process group; safe from any thread, and more than once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def reason(self) -> str:
        """Say how the process ended, and the last it said."""
        code = self.process.poll()
        said = self.log_tail(1000).strip()
        return _ending(code) + (f". Its last words:\n{said}" if said else "")

    def log_tail(self, size: int) -> str:
        """Return the end of what the process itself wrote to its stdout and stderr."""
        path = self.folder / "kernel.log"
        if not path.exists():
            return ""
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - size))
            return log.read().decode("utf-8", "replace")


class KernelSource:
    """Starts kernels."""

    @contextlib.asynccontextmanager
    async def start(
        self, name: str, *, environment: Mapping[str, str]
    ) -> AsyncIterator[KernelProcess]:
        """Start the kernel `name` in a fresh folder; all of it is gone when the block ends.

        Raises
        ------
        UnknownKernelError
            If there is no such kernel here.
        KernelStartError
            If its program cannot be started.
        """
        folder = Path(tempfile.mkdtemp(prefix="omega-run-"))
        try:
            kernel = await self._launch(name, folder, {**os.environ, **environment})
            try:
                yield kernel
            finally:
                kernel.kill()
                kernel.process.wait()
                kernel.manager.context.destroy(linger=0)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _launch(self, name: str, folder: Path, environment: dict[str, str]) -> KernelProcess:
        work = folder / "work"
        work.mkdir()
        specs = KernelSpecManager()
        manager = AsyncKernelManager(
            kernel_name=name,
            kernel_spec_manager=specs,
            connection_file=str(folder / "kernel.json"),
        )
        if manager.ipykernel and len(str(folder)) < _LONGEST_SOCKET_FOLDER:
            # Sockets in the run's own folder: no port that others could take or listen on.
            manager.transport, manager.ip = "ipc", str(folder / "kernel")
        for inherited in ("JPY_SESSION_NAME", "JPY_PARENT_PID"):
            environment.pop(inherited, None)
        try:
            with (folder / "kernel.log").open("wb") as log:
                await manager.start_kernel(cwd=str(work), env=environment, stdout=log, stderr=log)
        except NoSuchKernel as error:
            raise UnknownKernelError(name, sorted(specs.find_kernel_specs())) from error
        except OSError as error:
            raise KernelStartError(name, str(error)) from error
        provisioner: Any = manager.provisioner
        return KernelProcess(manager, folder, provisioner.process)


def _ending(code: int | None) -> str:
    if code is None:
        return "it stopped answering"
    if code < 0:
        name = signal.Signals(-code).name
        hint = " (out of memory, or ended from outside)" if -code == signal.SIGKILL else ""
        return f"it was ended by {name}{hint}"
    return f"it exited with code {code}"
