"""Virtual objects run when somebody vouches for them, and not otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import omegaml_lab as om
from omegaml_lab.core.errors import (
    IntegrityError,
    InvalidOptionError,
    InvalidScriptError,
    UntrustedObjectError,
)
from omegaml_lab.omega import Omega
from tests.unit.code import examples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.config import Config


@pytest.fixture
def stranger(config: Config, tmp_path: Path) -> Iterator[Omega]:
    """The same repository, from a machine that has another key."""
    with Omega(config=replace(config, home=tmp_path / "elsewhere")) as omega:
        yield omega


def test_a_function_stands_in_for_data(omega: Omega) -> None:
    stored = omega.datasets.put(examples.today, "today")
    assert (stored.kind, stored.attributes["signature"]) == ("virtual", "(day: str='monday')")
    assert examples.today("friday") == {"day": "friday"}  # still a function
    assert omega.datasets.get("today") == {"day": "monday"}
    assert omega.datasets.get("today", day="sunday") == {"day": "sunday"}
    with pytest.raises(InvalidOptionError, match=r"unexpected keyword argument 'month'.*\(day"):
        omega.datasets.get("today", month=3)
    with pytest.raises(InvalidOptionError, match=r"getl\(\) is for"):
        omega.datasets.getl("today")


def test_nothing_runs_that_nobody_vouches_for(
    omega: Omega, stranger: Omega, tmp_path: Path
) -> None:
    def plant(path):
        open(path, "w")  # noqa: PTH123, SIM115

    flag = tmp_path / "flag"
    stranger.datasets.put(om.virtual(plant), "innocent")
    for trusted in (False, None, "yes", 1):
        with pytest.raises(UntrustedObjectError, match=r"read_bytes\('innocent'\).*trusted=True"):
            omega.datasets.get("innocent", path=str(flag), trusted=trusted)
    assert not flag.exists()
    assert b"def plant" in omega.datasets.read_bytes("innocent")
    assert b"virtual" not in omega.datasets.read_bytes("innocent")
    omega.datasets.get("innocent", path=str(flag), trusted=True)
    assert flag.exists()


@pytest.mark.parametrize("what", ["source", "requires", "signature"])
def test_what_was_changed_in_the_database_does_not_run(omega: Omega, what: str) -> None:
    omega.datasets.put(examples.today, "today")
    objects = omega.storage.records("objects")
    (head,) = objects.query({"name": "today"})
    change = {
        "source": {"payload.blob.inline": b"def today(day=1):\n    raise SystemExit\n"},
        "requires": {"payload.meta.requires": ["pandas"]},
        "signature": {"payload.meta.signature": None},
    }
    objects.update(head["id"], set=change[what])
    with pytest.raises((UntrustedObjectError, IntegrityError)):
        omega.datasets.get("today")


def test_a_function_stands_in_for_a_model(omega: Omega) -> None:
    def doubles():
        class Doubles:
            def predict(self, values):
                return [v * 2 for v in values]

        return Doubles()

    omega.models.put(doubles, "doubles", kind="virtual")
    assert omega.models.get("doubles").predict([1, 2]) == [2, 4]


def test_what_is_not_whole_is_refused(omega: Omega) -> None:
    with pytest.raises(InvalidScriptError, match="'math'"):
        omega.datasets.put(om.virtual(examples.uses_module), "x")
    with pytest.raises(InvalidScriptError, match="no function"):
        omega.datasets.put(3, "x", kind="virtual")
    assert not omega.datasets.exists("x")
