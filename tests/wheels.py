"""Packages made for a test: an index is never asked."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["make_slow_sdist", "make_wheel"]


def make_wheel(
    folder: Path, name: str, version: str = "1.0", *, requires: Sequence[str] = (), code: str = ""
) -> Path:
    """Write a wheel of one module, with a command of the same name that calls its ``main``."""
    about = f"{name}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    metadata += [f"Requires-Dist: {each}" for each in requires]
    tag = "Wheel-Version: 1.0\nGenerator: omega\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {
        f"{name}.py": f"version = {version!r}\n{code}\n",
        f"{about}/METADATA": "\n".join(metadata) + "\n",
        f"{about}/WHEEL": tag,
        f"{about}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{about}/RECORD"])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for each, text in files.items():
            wheel.writestr(each, text)
    return path


def make_slow_sdist(folder: Path, name: str, flag: Path) -> Path:
    """Write the source of a package whose build says so in a file, and never ends."""
    import io
    import tarfile

    backend = (
        "import os, time\n"
        f"def build_wheel(*_): open({str(flag)!r}, 'a').write(f'{{os.getpid()}}\\n');"
        " time.sleep(600)\n"
        "prepare_metadata_for_build_wheel = build_wheel\n"
        "def get_requires_for_build_wheel(*_): return []\n"
    )
    project = (
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
        f"[project]\nname = '{name}'\nversion = '1.0'\n"
    )
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        files = {"backend.py": backend, "pyproject.toml": project, "PKG-INFO": metadata}
        for file, text in files.items():
            about = tarfile.TarInfo(f"{name}-1.0/{file}")
            about.size = len(text)
            archive.addfile(about, io.BytesIO(text.encode()))
    return path
