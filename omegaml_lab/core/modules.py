"""Where the helper modules of a notebook are: beside it, in its folder of the repository."""

from __future__ import annotations

from dataclasses import dataclass

from omegaml_lab.core.names import parent_of

__all__ = ["MODULES", "MODULES_ARGUMENTS", "MODULES_HOME", "ModuleFolder"]

MODULES = "OMEGA_MODULES"
"""The variable that tells a kernel where its notebook is, as `ModuleFolder` writes it."""

MODULES_HOME = "OMEGA_MODULES_HOME"
"""The variable that names a folder for what a kernel has imported; else it makes its own."""

MODULES_ARGUMENTS = ("--IPKernelApp.extra_extensions=omegaml_lab.kernel",)
"""What makes a kernel of IPython heed them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleFolder:
    """A folder of the jobs store of a bucket; `folder` is ``""`` at the top."""

    bucket: str
    folder: str

    def __str__(self) -> str:
        return f"{self.bucket}/{self.folder}"  # a bucket has no slash

    @classmethod
    def parse(cls, text: str) -> ModuleFolder:
        """Return the folder that `text` stands for."""
        bucket, _, folder = text.partition("/")
        return cls(bucket=bucket, folder=folder)

    @classmethod
    def beside(cls, bucket: str, notebook: str) -> ModuleFolder:
        """Return the folder that a notebook is in."""
        return cls(bucket=bucket, folder=parent_of(notebook))
