"""Jupyter Server's own tests of contents, unchanged, against our manager.

They come from the sdist of the version that is installed, and run in a process of their own
with the plugin `mirrored`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from omegaml_lab.storage.storage import Storage
from omegaml_lab.testing.fixtures import database_url
from tests.sdists import SdistError, unpack_sdist

HERE = Path(__file__).parent
CONTENTS = "tests/services/contents"

OF_THE_DISK = {
    "test_checkpoint_subdir": "a path of a checkpoint's file",
    "test_bad_symlink": "symbolic links",
    "test_recursive_symlink": "symbolic links",
    "test_good_symlink": "symbolic links",
    "test_regression_is_hidden": "that a function which asks the disk is (not) called",
    "test_created_timestamp_fallback_to_epoch": "what os.stat fails to say",
    "test_base_model_invalid_timestamp_fallback": "what os.stat fails to say",
}
"""Tests that concern the operating system, and of what; they may fail."""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked sdist of Jupyter Server."""
    try:
        return unpack_sdist("jupyter_server", tmp_path_factory.mktemp("jupyter_server"))
    except SdistError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(f"{error}; connect to a package index")


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("place", "files"),
    [
        ("root", ("test_manager", "test_checkpoints", "test_largefilemanager")),
        pytest.param("root", ("test_api",), marks=pytest.mark.long),
        pytest.param(
            "mount",
            ("test_manager", "test_api", "test_checkpoints", "test_largefilemanager"),
            marks=pytest.mark.long,
        ),
    ],
)
def test_jupyters_own_tests_pass(
    theirs: Path, mongo_server_url: str, tmp_path: Path, place: str, files: tuple[str, ...]
) -> None:
    url = database_url(mongo_server_url, f"omega_test_{uuid.uuid4().hex[:12]}")
    report = tmp_path / "report.xml"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "mirrored", "-p", "no:cacheprovider",
         "-q", "-W", "ignore", f"--junitxml={report}",
         *(f"{CONTENTS}/{file}.py" for file in files)],
        cwd=theirs, env=environment(url, place), capture_output=True, text=True, check=False,
    )  # fmt: skip
    storage = Storage.open(url)
    storage.erase()
    storage.close()
    assert report.exists(), done.stdout + done.stderr
    bad, good = outcomes(report)
    assert not bad, done.stdout[-20_000:]
    assert good >= (45 if "test_api" not in files else 100)


def environment(url: str, place: str) -> dict[str, str]:
    mine = {
        "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1])]),
        "OMEGA_CONFORMANCE": place,
        "OMEGA_CONFORMANCE_URL": url,
    }
    ours = {"PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST"}
    return {key: value for key, value in os.environ.items() if key not in ours} | mine


def outcomes(report: Path) -> tuple[list[str], int]:
    """Return which tests failed without being allowed to, and how many passed."""
    bad, good = [], 0
    for case in ET.parse(report).iter("testcase"):
        told = {child.tag for child in case}
        if told & {"failure", "error"}:
            if case.attrib["name"].partition("[")[0] not in OF_THE_DISK:
                bad.append(case.attrib["name"])
        elif "skipped" not in told:
            good += 1
    return bad, good
