"""The source of installed packages: it holds the tests that their wheels leave out."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

__all__ = ["SdistError", "unpack_sdist"]


class SdistError(RuntimeError):
    """No index hands out the source of this version."""


def unpack_sdist(package: str, folder: Path) -> Path:
    """Download the source of a package, in the version that is installed; return its folder.

    Raises
    ------
    SdistError
        If there is no package index that has it.
    """
    wanted = f"{package}=={version(package)}"
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation",
         "--no-binary", package, "--dest", str(folder), wanted],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SdistError(f"The sdist of {wanted} cannot be had: {done.stderr}")
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return folder / sdist.name.removesuffix(".tar.gz")
