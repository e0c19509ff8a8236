"""What a worker offers beside its label: kernels, packages, and whether it installs others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_client.kernelspec import KernelSpecManager

from omegaml_lab.runtime.environments.installing import base_packages

if TYPE_CHECKING:
    from omegaml_lab.config import Config

__all__ = ["offered"]


def offered(config: Config) -> dict[str, object]:
    """Return what the record of a worker with these settings says of where it runs."""
    return {
        "environments": config.environments,
        "kernels": sorted(KernelSpecManager().find_kernel_specs()),
        "packages": [f"{name}=={version}" for name, version in base_packages().items()],
    }
