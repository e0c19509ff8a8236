"""Kernels: where they start, and which repository they see."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from omegaml_lab.server.contents import OmegaContentsManager
from omegaml_lab.server.mounts import clean
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

    async def _async_start_kernel(self, **kwargs: Any) -> str:
        extension = extension_of(self.parent)
        if extension is not None:
            ours = kernel_environment(extension.omega.config)
            kwargs["env"] = {**(kwargs.get("env") or os.environ), **ours}
        return str(await super()._async_start_kernel(**kwargs))

    start_kernel = _async_start_kernel  # type: ignore[assignment] # as upstream does


def kernel_environment(config: Config) -> Mapping[str, str]:
    """Return the variables with which ``import omegaml_lab as om`` opens the same repository."""
    values = {
        "OMEGA_HOME": str(config.home),
        "OMEGA_BUCKET": config.bucket,
        "OMEGA_MONGO_URL": config.mongo_url,
        "OMEGA_BROKER_URL": config.broker_url,
    }
    return {name: value for name, value in values.items() if value}
