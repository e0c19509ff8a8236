"""Callees that do not come up: told at once and with the reason, and nothing is left."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import CalleeDiedError
from omegaml_lab.runtime.calls.callees import Callees

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own for what is temporary, with a path that is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="omega-") as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


def test_one_that_cannot_start_says_why() -> None:
    with pytest.raises(CalleeDiedError, match="ended with code 1") as caught:
        Callees(limit=1).take({"PYTHONHOME": "/nowhere"}, fresh=False)
    assert "encodings" in caught.value.said


def test_one_that_ends_at_once_says_why() -> None:
    callees = Callees(limit=1)
    callee = callees.take({"OMEGA_LEASE_SECONDS": "soon"}, fresh=False)
    with pytest.raises(CalleeDiedError) as caught:
        callee.ask({})
    assert "lease_seconds" in caught.value.said
    callees.give_back(callee, {}, fresh=False)
    assert not callee.alive


def test_a_successor_that_cannot_start_is_no_failure_of_the_call() -> None:
    callees = Callees(limit=1)
    callee = callees.take({"OMEGA_LEASE_SECONDS": "soon"}, fresh=True)
    callees.give_back(callee, {"PYTHONHOME": "/nowhere"}, fresh=True)
    assert not callee.alive


def test_nothing_is_left_of_one_that_has_ended(temporary: Path) -> None:
    callees = Callees(limit=1)
    callee = callees.take({}, fresh=False)
    [folder] = temporary.iterdir()
    (folder / "tmp" / "left").touch()
    assert callee.process.pid
    callee.close()
    with pytest.raises(CalleeDiedError):
        callees.take({"PYTHONHOME": "/nowhere"}, fresh=False)
    assert list(temporary.iterdir()) == []
