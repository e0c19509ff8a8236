from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


def test_files_on_disk_and_streams(omega: Omega, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\r\n")
    assert omega.datasets.put(path, "a.csv").attributes["mimetype"] == "text/csv"
    assert omega.datasets.get("a.csv") == b"a,b\r\n"
    with path.open("rb") as file:
        omega.datasets.put(file, "b.csv")
    assert omega.datasets.get("b.csv") == b"a,b\r\n"
    omega.datasets.put(io.BytesIO(b"x" * 5_000_000), "c")
    assert omega.datasets.metadata("c").size == 5_000_000
    assert omega.datasets.put(b"x", "d", kind="file", mimetype="text/x").attributes == {
        "mimetype": "text/x"
    }


def test_a_file_that_is_not_there_changes_nothing(omega: Omega, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        omega.datasets.put(tmp_path / "missing", "a/b")
    assert not omega.datasets.exists("a")


def test_text_comes_back_as_text(omega: Omega) -> None:
    omega.scripts.put("def f():\r\n    return 'ü\ud800'\n", "f.py")
    assert omega.scripts.get("f.py") == "def f():\r\n    return 'ü\ud800'\n"
    assert omega.scripts.read_bytes("f.py").startswith(b"def f():\r\n")


def test_text_streams_are_told_apart(omega: Omega) -> None:
    with pytest.raises(TypeError, match="binary"):
        omega.datasets.put(io.StringIO("text"), "a")
    assert not omega.datasets.exists("a")
