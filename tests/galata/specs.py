"""JupyterLab's browser tests, in the version that is installed, ready to run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

from tests.sdists import unpack_sdist

__all__ = ["SPECS", "install"]

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "build" / "galata"

SPECS = (
    *("galata/contents", "galata/filebrowser", "galata/notebook"),
    *("save", "docmanager", "file-edit", "notebook-create", "notebook-trust", "readonly"),
    *("filebrowser", "breadcrumbs-snapshot", "file-search"),
)
"""What is run unless somebody asks for others: all that speaks of files and notebooks."""


def install() -> Path:
    """Return the folder with the specs and what they need; it is made once for each version.

    The specs and their helpers come from JupyterLab's sdist. What these import comes with the
    npm package of the helpers, of which any patch version will do.

    Raises
    ------
    SdistError
        If there is no network, or no package index with this version.
    CalledProcessError
        If npm's packages cannot be had.
    """
    folder = BUILD / version("jupyterlab")
    done = folder / "node_modules" / ".complete"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _install_packages(folder, _unpack(folder))
        done.touch()
    for name in ("galata.ts", "playwright.config.js", "tsconfig.json"):
        shutil.copy(HERE / "lab" / name, folder)
    return folder


def _unpack(folder: Path) -> str:
    """Put specs and helpers into the folder and return the version of the helpers."""
    download = folder / "sdist"
    download.mkdir()
    theirs = unpack_sdist("jupyterlab", download) / "galata"
    for part in ("src", "test"):
        shutil.copytree(theirs / part, folder / part)
    shutil.copy(theirs / "playwright.config.js", folder / "theirs.config.js")
    _be_patient(folder / "src" / "utils.ts")
    told: dict[str, str] = json.loads((theirs / "package.json").read_text("utf-8"))
    shutil.rmtree(download)
    return told["version"]


def _be_patient(helpers: Path) -> None:
    """Let the helpers wait as long as a busy machine needs to load the page."""
    source = helpers.read_text("utf-8")
    patient = source.replace("timeout: number = 15000", "timeout: number = 90000")
    if patient == source:
        msg = f"{helpers.name} does not say any more how long the helpers wait"
        raise ValueError(msg)
    helpers.write_text(patient, "utf-8")


def _install_packages(folder: Path, wanted: str) -> None:
    near = "~" + re.sub(r"^(\d+\.\d+)\..*", r"\1.0", wanted)
    package = {"private": True, "dependencies": {"@jupyterlab/galata": near}}
    (folder / "package.json").write_text(json.dumps(package), "utf-8")
    (folder / "yarn.lock").touch()  # or the packages would be those of the project around it
    subprocess.run(["jlpm", "install"], cwd=folder, check=True)
