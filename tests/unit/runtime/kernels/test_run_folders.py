"""Folders of runs: nobody's are removed but those whose process has ended."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from omegaml_lab.runtime.kernels.run_folders import RunFolder, collect

if TYPE_CHECKING:
    import pytest

OTHER = (
    "import sys, tempfile\n"
    "tempfile.tempdir = sys.argv[1]\n"
    "from omegaml_lab.runtime.kernels.run_folders import RunFolder\n"
    "folder = RunFolder('run')\n"
    "(folder.path / 'data').write_text('secret')\n"
    "print(folder.path, flush=True)\n"
    "input()"
)


def test_what_a_killed_process_has_left_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mine, older = RunFolder("run"), tmp_path / "omega-run-older"
    older.mkdir()
    (older / "lock").touch()  # of somebody else
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        assert collect() == []
        other.kill()
        other.wait()
    assert (theirs / "data").exists()
    assert collect() == [theirs]
    assert sorted(tmp_path.iterdir()) == sorted([mine.path, older])
    mine.remove()
    assert list(tmp_path.iterdir()) == [older]


def test_what_is_temporary_is_in_it_where_a_socket_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")
    short = RunFolder("run")
    assert short.temporary() == {"TMPDIR": str(short.path / "tmp")}
    assert (short.path / "tmp").is_dir()
    short.remove()
    deep = tmp_path / ("x" * 80)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    assert RunFolder("run").temporary() == {}
