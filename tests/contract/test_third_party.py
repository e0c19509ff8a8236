"""A package of somebody else brings a kind: the one of our own how-to page, installed by pip."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega

PAGE = Path(__file__).parents[2] / "docs/how-to/write-a-backend.md"
PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "my-package"
version = "1.0"
"""
USER = """
import json
from my_package.points import Point
from omegaml_lab.omega import Omega

with Omega() as om:
    put = om.datasets.put(Point(1.5, -2), "a b/point")
    got = om.datasets.get("a b/point")
    print(json.dumps([put.kind, got == Point(1.5, -2), om.datasets.list(), om.registry.kinds()]))
"""


def blocks(language: str) -> list[str]:
    text = PAGE.read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the page's package was installed to, from its source."""
    source = tmp_path_factory.mktemp("source")
    (source / "my_package").mkdir()
    (source / "my_package" / "__init__.py").touch()
    (source / "my_package" / "points.py").write_text(blocks("python")[0], "utf-8")
    (source / "pyproject.toml").write_text(PROJECT + blocks("toml")[0], "utf-8")
    target = tmp_path_factory.mktemp("installed")
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"),
        *("--no-build-isolation", "--disable-pip-version-check", "--target", target, source),
    ]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return target


def environment(installed: Path, **more: str) -> dict[str, str]:
    plain = {key: value for key, value in os.environ.items() if not key.startswith("OMEGA_")}
    return {**plain, "PYTHONPATH": str(installed), **more}


def test_its_objects_are_put_and_got(installed: Path, omega: Omega) -> None:
    home = str(omega.config.home)
    done = subprocess.run(
        [sys.executable, "-c", USER],
        env=environment(installed, OMEGA_MONGO_URL=omega.url, OMEGA_HOME=home),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    kind, equal, names, kinds = json.loads(done.stdout)
    assert (kind, equal, names) == ("geometry.point", True, ["a b/point"])
    assert "geometry.point" in kinds
    # Where it is not installed, the object is there, and the error says what is missing.
    assert omega.datasets.metadata("a b/point").kind == "geometry.point"
    with pytest.raises(LookupError, match=r"No installed backend knows the kind 'geometry.point'"):
        omega.datasets.get("a b/point")


@pytest.mark.long
def test_the_suite_runs_over_it(installed: Path, mongo_server_url: str, tmp_path: Path) -> None:
    conftest, tests = blocks("py")
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_points.py").write_text(tests)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path],
        cwd=tmp_path,
        env=environment(installed, OMEGA_TEST_MONGO_URL=mongo_server_url),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) >= 14
