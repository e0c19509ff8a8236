"""A package of somebody else brings a channel: the one of our own how-to page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parents[3] / "docs/how-to/notifications.md"


def blocks(language: str) -> list[str]:
    text = PAGE.read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_suite_runs_over_it(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    installed, tests = tmp_path / "installed", tmp_path / "tests"
    about = installed / "my_package-1.0.dist-info"
    for folder in (installed / "my_package", about, tests):
        folder.mkdir(parents=True)
    (installed / "my_package" / "__init__.py").touch()
    (channel,) = (block for block in blocks("python") if "class FileNotifier" in block)
    (installed / "my_package" / "files.py").write_text(channel, "utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (announced,) = re.findall(r'\."(.+)"\]\n(.+) = "(.+)"', blocks("toml")[0])
    group, name, value = announced
    (about / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n")
    (tests / "test_files.py").write_text(blocks("py")[0], "utf-8")
    plain = {key: value for key, value in os.environ.items() if not key.startswith("OMEGA_")}
    found = os.pathsep.join([str(installed), str(request.config.rootpath)])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tests],
        cwd=tests,
        env={**plain, "PYTHONPATH": found},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) >= 9
