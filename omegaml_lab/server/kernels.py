"""Kernels: where they start, and which repository they see."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from omegaml_lab.core.modules import MODULES, MODULES_ARGUMENTS, ModuleFolder
from omegaml_lab.server.contents import OmegaContentsManager
from omegaml_lab.server.mounts import clean
from omegaml_lab.server.repository import RepositoryMount
from omegaml_lab.server.shared import extension_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.config import Config

__all__ = ["OmegaKernelManager", "kernel_environment"]


class OmegaKernelManager(AsyncMappingKernelManager):
    """Starts kernels in a folder of the disk, with the server's repository at hand."""

    def cwd_for_path(self, path: str, **kwargs: Any) -> str:
        """Return the folder for a notebook: its own on the disk, else the server's root."""
        server: Any = self.parent
        manager = server.contents_manager
        if isinstance(manager, OmegaContentsManager):
            mount, path = manager.mounts.find(clean(path))
            if mount is not manager.disk:
                return str(self.root_dir)
        return str(super().cwd_for_path(path, **kwargs))

    async def _async_start_kernel(self, *, path: Any = None, **kwargs: Any) -> str:
        extension = extension_of(self.parent)
        if extension is not None:
            ours = kernel_environment(extension.omega.config)
            kwargs["env"] = {**(kwargs.get("env") or os.environ), **ours}
            beside = None if path is None else self._modules_beside(path)
            if beside is not None and self._is_ours(kwargs.get("kernel_name")):
                kwargs["env"][MODULES] = str(beside)
                kwargs["extra_arguments"] = [
                    *(kwargs.get("extra_arguments") or ()),
                    *MODULES_ARGUMENTS,
                ]
        return str(await super()._async_start_kernel(path=path, **kwargs))

    start_kernel = _async_start_kernel  # type: ignore[assignment] # as upstream does

    def _modules_beside(self, path: str) -> ModuleFolder | None:
        """Return where a notebook of the repository finds its helper modules."""
        server: Any = self.parent
        manager = server.contents_manager
        if not isinstance(manager, OmegaContentsManager):
            return None
        mount, folder = manager.mounts.find(clean(path))
        if not isinstance(mount, RepositoryMount):
            return None
        return ModuleFolder(bucket=mount.bucket, folder=folder)

    def _is_ours(self, name: str | None) -> bool:
        """Whether a kernel is IPython in this environment: others could not load what we have."""
        specs: Any = self.kernel_spec_manager
        try:
            argv = specs.get_kernel_spec(name or self.default_kernel_name).argv
        except NoSuchKernel:  # it will be said when it is started
            return False
        return argv[0] in _OUR_PYTHON and argv[1:3] == ["-m", "ipykernel_launcher"]


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
