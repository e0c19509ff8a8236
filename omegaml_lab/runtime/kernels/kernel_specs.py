"""Kernels that this machine has: what they are, and whether they are Python's."""

from __future__ import annotations

import sys

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

from omegaml_lab.core.errors import OmegaError

__all__ = ["LAUNCHER", "UnknownKernelError", "is_ipykernel", "is_ours", "spec_of"]

LAUNCHER = ["-m", "ipykernel_launcher"]
"""What follows Python in the command that starts a kernel of it."""


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


def spec_of(name: str) -> KernelSpec:
    """Return what a kernel is, from the disk: it may have been installed a moment ago.

    Raises
    ------
    UnknownKernelError
        If there is none of that name.
    """
    specs = KernelSpecManager()
    try:
        return specs.get_kernel_spec(name)
    except NoSuchKernel as error:
        raise UnknownKernelError(name, sorted(specs.find_kernel_specs())) from error


def is_ours(spec: KernelSpec) -> bool:
    """Say whether a kernel runs in the environment of this process."""
    major, minor = sys.version_info[:2]
    names = {"python", f"python{major}", f"python{major}.{minor}"}
    return is_ipykernel(spec) and spec.argv[0] in {sys.executable, *names}


def is_ipykernel(spec: KernelSpec) -> bool:
    """Say whether a kernel is Python's, of whichever environment."""
    return bool(spec.argv[1:3] == LAUNCHER)
