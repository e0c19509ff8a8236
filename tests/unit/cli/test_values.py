"""Conditions as people type them."""

from __future__ import annotations

from typing import Any

import click
import pytest

from omegaml_lab.cli.values import parse_condition
from omegaml_lab.core.filters import Q


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("month >= 6", ("month", "ge", 6)),
        ("month>=6.5", ("month", "ge", 6.5)),
        ("carrier=UA", ("carrier", "eq", "UA")),
        ('code == "7"', ("code", "eq", "7")),
        ("air time < -1e3", ("air time", "lt", -1000.0)),
        ("late != true", ("late", "ne", True)),
        ("carrier in UA, AA", ("carrier", "in", ["UA", "AA"])),
        ("month not in [1, 2]", ("month", "not_in", [1, 2])),
        ("when between 2026-01-01,2026-02-01", ("when", "between", ["2026-01-01", "2026-02-01"])),
        ("origin contains FK", ("origin", "contains", "FK")),
        ("index startswith a=b", ("index", "startswith", "a=b")),
        ("delay isnull", ("delay", "isnull", True)),
        ("delay isnull false", ("delay", "isnull", False)),
        ('"a > ""b""" <= 3', ('a > "b"', "le", 3)),
    ],
)
def test_what_people_type(text: str, test: tuple[Any, ...]) -> None:
    assert repr(parse_condition(text)) == repr(Q(*test))


@pytest.mark.parametrize("text", ["", "month", "= 3", ">"])
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(click.UsageError, match="no condition"):
        parse_condition(text)
