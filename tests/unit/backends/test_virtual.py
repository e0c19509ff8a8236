"""Virtual objects run for who says so, and for nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import omegaml_lab as om
from omegaml_lab.core.errors import InvalidOptionError, InvalidScriptError, UntrustedObjectError
from tests.unit.code import examples

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega


def test_a_function_stands_in_for_data(omega: Omega) -> None:
    stored = omega.datasets.put(examples.today, "today")
    assert (stored.kind, stored.attributes["signature"]) == ("virtual", "(day: str='monday')")
    assert examples.today("friday") == {"day": "friday"}  # still a function
    assert omega.datasets.get("today", trusted=True) == {"day": "monday"}
    assert omega.datasets.get("today", trusted=True, day="sunday") == {"day": "sunday"}
    with pytest.raises(InvalidOptionError, match=r"unexpected keyword argument 'month'.*\(day"):
        omega.datasets.get("today", trusted=True, month=3)
    with pytest.raises(InvalidOptionError, match="has no rows"):
        omega.datasets.getl("today")


def test_nothing_runs_for_who_does_not_trust_it(omega: Omega, tmp_path: Path) -> None:
    def plant(path):
        open(path, "w")  # noqa: PTH123, SIM115

    flag = tmp_path / "flag"
    omega.datasets.put(om.virtual(plant), "innocent")
    for trusted in (False, None, "yes", 1):
        with pytest.raises(UntrustedObjectError, match=r"read_bytes\('innocent'\).*trusted=True"):
            omega.datasets.get("innocent", path=str(flag), trusted=trusted)
    assert not flag.exists()
    assert b"def plant" in omega.datasets.read_bytes("innocent")
    assert b"virtual" not in omega.datasets.read_bytes("innocent")


def test_a_function_stands_in_for_a_model(omega: Omega) -> None:
    def doubles():
        class Doubles:
            def predict(self, values):
                return [v * 2 for v in values]

        return Doubles()

    omega.models.put(doubles, "doubles", kind="virtual")
    assert omega.models.get("doubles", trusted=True).predict([1, 2]) == [2, 4]


def test_what_is_not_whole_is_refused(omega: Omega) -> None:
    with pytest.raises(InvalidScriptError, match="'math'"):
        omega.datasets.put(om.virtual(examples.uses_module), "x")
    with pytest.raises(InvalidScriptError, match="no function"):
        omega.datasets.put(3, "x", kind="virtual")
    assert not omega.datasets.exists("x")
