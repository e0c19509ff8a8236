"""The wheel: who installs it needs no Node, and has the Lab extension and the examples."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILT = ("omegaml_lab/labextension", "omegaml_lab/server/assets")
DATA = "share/jupyter/labextensions/omegaml-lab"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of what is or would be committed and of the bundle that was built before."""
    folder = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (folder / "src" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / "src" / name)
    for name in BUILT:
        shutil.copytree(ROOT / name, folder / "src" / name)
    # A PATH without Node: the bundle is there, so nothing may want to build it.
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=folder / "src", env={**os.environ, "PATH": "/nowhere"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_has_the_built_extension_and_its_settings(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    data = [name.partition(".data/data/")[2] for name in names]
    assert f"{DATA}/package.json" in data
    assert f"{DATA}/install.json" in data
    assert any(name.startswith(f"{DATA}/static/remoteEntry") for name in data)
    assert any(name.startswith("etc/jupyter/jupyter_server_config.d/") for name in data)


def test_wheel_has_the_scripts_of_report_pages(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for script in ("require.js", "embed-amd.js", "mathjax.js"):
        assert f"omegaml_lab/server/assets/{script}" in names


def test_wheel_has_nothing_that_is_for_developers(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top.partition("-")[0] for top in tops} == {"omegaml_lab"}
    assert [name for name in names if name.endswith((".ts", ".tsx", ".pyc"))] == []


def test_examples_come_with_the_wheel(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from omegaml_lab.services.examples import example_notebooks\n"
        "print(*example_notebooks(), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    shown = [Path(line) for line in done.stdout.split("\n") if line]
    assert {path.parent for path in shown} == {tmp_path / "omegaml_lab" / "examples"}
    assert {path.name for path in shown} == {p.name for p in (ROOT / "examples").glob("*.ipynb")}
