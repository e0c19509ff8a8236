"""Kernels: each a fresh process in a folder and a process group of its own, that always ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

from omegaml_lab.config import OF_SCHEDULERS, OF_WORKERS
from omegaml_lab.core.errors import RequirementsRefusedError
from omegaml_lab.core.modules import MODULES, MODULES_ARGUMENTS, MODULES_HOME
from omegaml_lab.runtime.kernels.family import Family
from omegaml_lab.runtime.kernels.kernel_processes import (
    KernelManager,
    KernelProcess,
    KernelStartError,
    lent,
)
from omegaml_lab.runtime.kernels.kernel_specs import LAUNCHER, is_ipykernel, is_ours, spec_of
from omegaml_lab.runtime.kernels.run_folders import RunFolder
from omegaml_lab.runtime.kernels.waiting import to_the_end
from omegaml_lab.runtime.kernels.warm import ForkedProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from omegaml_lab.runtime.environments.environments import Environment, Environments
    from omegaml_lab.runtime.kernels.kernel_processes import Process
    from omegaml_lab.runtime.kernels.warm import Nursery

__all__ = ["KernelSource"]

_LONGEST_SOCKET_FOLDER = 90  # the path of a Unix socket ends at 107 bytes
# What a notebook's history would be good for is in the notebook.
_ARGUMENTS = ["--HistoryManager.hist_file=:memory:"]


class KernelSource:
    """Starts kernels.

    Parameters
    ----------
    nursery
        Where Python kernels of this environment come from, and the keepers of others; None
        starts all of them cold and by themselves.
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
            lent(await self._begun(name, environment, prepared)) as kernel,
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

    async def _begun(
        self, name: str, environment: Mapping[str, str], prepared: Environment | None
    ) -> KernelProcess:
        """Start it in another thread: a nursery may take its time, and a run be cancelled."""
        given_up = threading.Event()
        return await to_the_end(
            lambda: self._started(name, environment, prepared, lambda: not given_up.is_set()),
            hurry=given_up.set,
            undo=KernelProcess.close,
        )

    def _started(
        self,
        name: str,
        environment: Mapping[str, str],
        prepared: Environment | None,
        wanted: Callable[[], bool],
    ) -> KernelProcess:
        folder = RunFolder("run")
        try:
            manager = self._manager(name, folder.path)
            process = self._launch(manager, folder, environment, prepared, wanted)
        except BaseException:
            folder.remove()
            raise
        family = Family(
            process.pid,
            run=environment.get("OMEGA_RUN", ""),
            keeper=process.keeper if isinstance(process, ForkedProcess) else None,
        )
        return KernelProcess(manager, folder, process, family)

    def _manager(self, name: str, folder: Path) -> KernelManager:
        manager = KernelManager(kernel_name=name, connection_file=str(folder / "kernel.json"))
        manager.spec = spec_of(name)
        if is_ipykernel(manager.spec) and len(str(folder)) < _LONGEST_SOCKET_FOLDER:
            # Sockets in the run's own folder: no port that others could take or listen on.
            manager.transport, manager.ip = "ipc", str(folder / "kernel")
        manager.write_connection_file()
        return manager

    def _launch(
        self,
        manager: KernelManager,
        folder: RunFolder,
        environment: Mapping[str, str],
        prepared: Environment | None,
        wanted: Callable[[], bool],
    ) -> Process:
        work, log = folder.path / "work", folder.path / "kernel.log"
        work.mkdir()
        spec = manager.spec
        command = manager.format_kernel_cmd(_ARGUMENTS if is_ipykernel(spec) else None)
        inherited = {k: v for k, v in os.environ.items() if k not in _NOT_INHERITED}
        whole = {**inherited, **spec.env, **environment, **folder.temporary()}
        ours = command[:3] == [sys.executable, *LAUNCHER]
        if prepared is not None:
            command[0] = prepared.python
            whole |= prepared.variables
        if ours and MODULES in environment:
            command += MODULES_ARGUMENTS
            whole[MODULES_HOME] = str(folder.path / "modules")
        if self._nursery is not None:
            where: dict[str, Any] = {"environment": whole, "folder": work, "log": log}
            where["wanted"] = wanted
            with contextlib.suppress(OSError):
                if ours and prepared is None:
                    return self._nursery.spawn(command[3:], **where)
                if shutil.which(command[0], path=whole.get("PATH")):
                    # Cold, but with a keeper: what it leaves behind is found, wherever it goes.
                    locked = None if prepared is None else prepared.locked
                    return self._nursery.execute(command, **where, lock=locked)
            if not wanted():
                raise KernelStartError(manager.kernel_name, "nobody wants it any more")
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
    {
        *("JPY_SESSION_NAME", "JPY_PARENT_PID", "JUPYTER_TOKEN", MODULES, MODULES_HOME),
        *(*OF_SCHEDULERS, *OF_WORKERS),
    }
)
