"""Callees that do not come up: told at once and with the reason, and nothing is left."""

from __future__ import annotations

import pytest

from omegaml_lab.core.errors import CalleeDiedError
from omegaml_lab.runtime.callees import Callees


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
