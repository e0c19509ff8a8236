"""Kernels: where they start, and which repository they see."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import traitlets
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError

from omegaml_lab.core.modules import MODULES, MODULES_ARGUMENTS, ModuleFolder
from omegaml_lab.server.contents.contents import OmegaContentsManager
from omegaml_lab.server.contents.mounts import clean
from omegaml_lab.server.contents.repository import RepositoryMount
from omegaml_lab.server.kernels.kernelfiles import KernelFiles
from omegaml_lab.server.shared import extension_of, shared_omega
from omegaml_lab.server.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.config import Config

__all__ = ["OmegaKernelManager", "kernel_environment"]


class OmegaKernelManager(AsyncMappingKernelManager):
    """Starts kernels where their notebook is, with the server's repository at hand.

    One of a notebook of the repository works in a working copy of its folder.
    """

    files = traitlets.Instance(KernelFiles)

    @traitlets.default("files")
    def _default_files(self) -> KernelFiles:
        return KernelFiles(shared_omega(self.parent).config, Threads(size=4))

    def cwd_for_path(self, path: str, **kwargs: Any) -> str:
        """Return the folder for a notebook of the disk, else the server's root."""
        server: Any = self.parent
        manager = server.contents_manager
        if isinstance(manager, OmegaContentsManager):
            mount, path = manager.mounts.find(clean(path))
            if mount is not manager.disk:
                return str(self.root_dir)
        return str(super().cwd_for_path(path, **kwargs))

    async def _async_start_kernel(
        self, *, kernel_id: str | None = None, path: Any = None, **kwargs: Any
    ) -> str:
        start = super()._async_start_kernel
        extension = extension_of(self.parent)
        if extension is None or (kernel_id is not None and kernel_id in self):
            return str(await start(kernel_id=kernel_id, path=path, **kwargs))
        kernel_id = kernel_id or self.new_kernel_id()
        ours = kernel_environment(extension.omega.config)
        kwargs["env"] = {**(kwargs.get("env") or os.environ), **ours}
        if path is not None:
            path = await self._settle(kernel_id, path, kwargs)
        try:
            started = str(await start(kernel_id=kernel_id, path=path, **kwargs))
        except BaseException:
            await self.files.close(kernel_id)
            raise
        # Also when it dies: it is started again then, by itself.
        self.add_restart_callback(started, partial(self.files.left, started))
        return started

    start_kernel = _async_start_kernel  # type: ignore[assignment] # as upstream does

    async def _async_restart_kernel(self, kernel_id: str, now: bool = False) -> Any:  # noqa: FBT001, FBT002 - Jupyter's signature
        if extension_of(self.parent) is None:
            return await super()._async_restart_kernel(kernel_id, now=now)
        args: Any = self.get_kernel(kernel_id)._launch_args  # noqa: SLF001 - it is started with these
        before: dict[str, Any] = dict(args or {})  # none, where it was never started
        place = await self._go_along(kernel_id)
        try:
            answer = await super()._async_restart_kernel(kernel_id, now=now)
        except BaseException:
            if place is not None:  # it stays where it was
                args.clear()
                args.update(before)
                await self.files.close(kernel_id, but=before.get("cwd"))
            raise
        if place is not None:
            await self.files.close(kernel_id, but=place)
            self.files.watch(kernel_id, self._kernels[kernel_id])
        self.files.left(kernel_id)
        return answer

    restart_kernel = _async_restart_kernel  # type: ignore[assignment] # as upstream does

    async def _go_along(self, kernel_id: str) -> str | None:
        """Let a kernel start where its notebook is now; return the folder if that is another."""
        server: Any = self.parent
        manager = server.contents_manager
        if not isinstance(manager, OmegaContentsManager):
            return None
        try:
            session = await server.session_manager.get_session(kernel_id=kernel_id)
        except HTTPError:  # nobody's
            return None
        path = await manager.get_kernel_path(session["path"])
        mount, folder = manager.mounts.find(clean(path))
        bucket = mount.bucket if isinstance(mount, RepositoryMount) else None
        wanted = None if bucket is None else ModuleFolder(bucket=bucket, folder=folder)
        if wanted == self.files.place(kernel_id):
            return None
        kernel: Any = self.get_kernel(kernel_id)
        args = kernel._launch_args  # noqa: SLF001 - what it is started again with
        given = [one for one in args.get("extra_arguments") or () if one not in MODULES_ARGUMENTS]
        again: dict[str, Any] = {
            "kernel_name": kernel.kernel_name,
            "env": {key: value for key, value in args["env"].items() if key != MODULES},
            "extra_arguments": given,
        }
        left = await self._settle(kernel_id, path, again)
        if left is not None:
            again["cwd"] = self.cwd_for_path(left)
        del again["kernel_name"]
        args.update(again)
        return str(again["cwd"])

    async def _settle(self, kernel_id: str, path: str, kwargs: dict[str, Any]) -> str | None:
        """Let the kernel of a notebook in the repository work beside it.

        Returns the path by which it is left to decide where it works; none, if that is settled.
        """
        server: Any = self.parent
        manager = server.contents_manager
        if not isinstance(manager, OmegaContentsManager):
            return path
        mount, folder = manager.mounts.find(clean(path))
        if not isinstance(mount, RepositoryMount):
            return path
        beside = ModuleFolder(bucket=mount.bucket, folder=folder)
        if self._is_ours(kwargs.get("kernel_name")):
            kwargs["env"][MODULES] = str(beside)
            given = kwargs.get("extra_arguments") or ()
            kwargs["extra_arguments"] = [*given, *MODULES_ARGUMENTS]
        viewed = _VIEWED in kwargs["env"]
        place = await self.files.open(kernel_id, beside, mount, viewed=viewed)
        if place is None:
            return path
        kwargs["cwd"] = place
        return None

    async def _async_shutdown_kernel(self, kernel_id: str, *args: Any, **kwargs: Any) -> Any:
        ended = await super()._async_shutdown_kernel(kernel_id, *args, **kwargs)
        await self.files.close(kernel_id)
        return ended

    shutdown_kernel = _async_shutdown_kernel  # type: ignore[assignment] # as upstream does

    def start_watching_activity(self, kernel_id: str) -> None:
        """Watch also for what it leaves beside its notebook."""
        super().start_watching_activity(kernel_id)
        self.files.watch(kernel_id, self._kernels[kernel_id])

    def stop_watching_activity(self, kernel_id: str) -> None:
        """Watch no more."""
        self.files.forget(kernel_id)
        super().stop_watching_activity(kernel_id)

    def _handle_kernel_died(self, kernel_id: str) -> None:
        super()._handle_kernel_died(kernel_id)
        self.files.ended(kernel_id)

    async def end(self) -> None:
        """End all kernels, while what they leave beside their notebooks can still be kept."""
        await self.shutdown_all()
        await self.files.end()

    async def object_changed(self, logger: object, schema_id: str, data: Any) -> None:
        """Give the kernels what has changed beside their notebooks: a listener of events."""
        del logger, schema_id
        told = {key: data.get(key) for key in ("previous", "bucket")}
        await self.files.changed(store=data["store"], name=data["name"], **told)

    def _is_ours(self, name: str | None) -> bool:
        """Whether a kernel is IPython in this environment: others could not load what we have."""
        specs: Any = self.kernel_spec_manager
        try:
            argv = specs.get_kernel_spec(name or self.default_kernel_name).argv
        except NoSuchKernel:  # it will be said when it is started
            return False
        return argv[0] in _OUR_PYTHON and argv[1:3] == ["-m", "ipykernel_launcher"]


_VIEWED = "VOILA_REQUEST_URL"
_OUR_PYTHON = {
    sys.executable,
    "python",  # which is what jupyter_client takes these for
    f"python{sys.version_info[0]}",
    f"python{sys.version_info[0]}.{sys.version_info[1]}",
}


def kernel_environment(config: Config) -> Mapping[str, str]:
    """Return the variables with which ``import omegaml_lab as om`` opens the same repository."""
    values = {
        "OMEGA_HOME": str(config.home),
        "OMEGA_BUCKET": config.bucket,
        "OMEGA_MONGO_URL": config.mongo_url,
        "OMEGA_BROKER_URL": config.broker_url,
    }
    return {name: value for name, value in values.items() if value}
