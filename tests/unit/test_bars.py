"""Bars are shown to who can see them, and to nobody else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
from typing import TYPE_CHECKING, Any

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from omegaml_lab.bars import bar
from omegaml_lab.config import Config
from omegaml_lab.core.errors import ConfigError
from omegaml_lab.omega import Omega
from omegaml_lab.storage.storage import Storage
from omegaml_lab.store.datasets import DatasetStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

CODE = """
import time
from omegaml_lab import bars
bars._DELAY = 0.05
def slowly():
    for n in range(20):
        time.sleep(0.02)
        yield n
assert list(bars.bar(slowly(), what="put the flights", total=20)) == list(range(20))
"""


def shown(**environment: str) -> str:
    """Return what a terminal is shown."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    others = {key: value for key, value in os.environ.items() if key != "OMEGA_RUN"}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env={**others, **environment}, stderr=theirs, check=False
    )
    os.close(theirs)
    text = b""
    try:
        while more := os.read(ours, 4096):
            text += more
    except OSError:  # the other end is closed, and all is read
        pass
    os.close(ours)
    assert done.returncode == 0, text
    return text.decode()


def test_a_terminal_is_shown_a_bar() -> None:
    assert "put the flights" in shown()
    assert shown(OMEGA_RUN="r1") == ""


def test_nothing_of_it_stays_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMEGA_RUN", raising=False)
    halfway = (
        "from itertools import islice\nlist(islice(bars.bar(slowly(), what='', total=20), 9))"
    )
    cell = nbformat.v4.new_code_cell(f"{CODE}\n{halfway}")
    book = nbformat.v4.new_notebook(cells=[cell])
    client = NotebookClient(book, kernel_name="python3")
    client.execute()
    assert "HBoxModel" in str(client.widget_state)  # they were there
    outputs = [output for output in cell.outputs if output.output_type == "display_data"]
    assert len(outputs) == 2
    assert all(output.data == {"text/plain": ""} for output in outputs)


def test_a_pipe_is_not() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, check=True)
    assert done.stdout == done.stderr == b""


def test_what_was_told(omega: Omega, mongo_url: str) -> None:
    told: list[tuple[str, int, int]] = []

    def note(items: Iterable[Any], *, what: str, total: int) -> Iterator[Any]:
        listed = list(items)
        yield from listed
        told.append((what, len(listed), total))

    storage = Storage.open(mongo_url, progress=note)
    data = DatasetStore(storage, "datasets", registry=omega.registry)
    frame = pd.DataFrame({"a": range(100)})
    data.put(frame, "x", chunk_rows=10)
    assert data.get("x").equals(frame)
    data.get("x", a__ge=50)
    data.query("x", by="a")
    storage.close()
    assert told == [("put x", 10, 10), ("get x", 5, 5), ("get x", 5, 5), ("query x", 1, 1)]


def test_it_can_be_switched_off(tmp_path: Path, mongo_url: str) -> None:
    for text, expected in (("0", False), ("true", True), ("No", False)):
        config = Config.load(environ={"OMEGA_PROGRESS": text}, home=tmp_path)
        assert config.progress is expected
        with Omega(mongo_url, config=config) as om:
            assert (om.storage.progress is bar) is expected
    with pytest.raises(ConfigError, match="progress"):
        Config.load(environ={"OMEGA_PROGRESS": "perhaps"}, home=tmp_path)
