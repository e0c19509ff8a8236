"""Parameters are checked strictly, and said what is wrong with them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from omegaml_lab.core.errors import InvalidParameterError
from omegaml_lab.core.parameters import Parameter, check_parameters, parse_parameter

DECLARED = [
    Parameter(name="carrier", type="str", default="UA"),
    Parameter(name="n", type="int", default=3),
    Parameter(name="share", type="float", default=0.5),
    Parameter(name="verbose", type="bool", default=False),
    Parameter(name="columns", type="list", default=[]),
    Parameter(name="options", type="dict", default={}),
    Parameter(name="anything"),
]
BY_NAME = {parameter.name: parameter for parameter in DECLARED}


def test_values_come_back_typed_and_in_the_declared_order() -> None:
    given = {"share": 1, "carrier": "DL", "columns": [1, "a"], "options": {"a": None}}
    checked = check_parameters("job", given, DECLARED)
    assert checked == {"carrier": "DL", "share": 1.0, "columns": [1, "a"], "options": {"a": None}}
    assert list(checked) == ["carrier", "share", "columns", "options"]
    assert type(checked["share"]) is float


@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [
        ("n", np.int64(3), 3),
        ("n", np.uint8(3), 3),
        ("share", np.float64(0.1), 0.1),
        ("share", np.int32(1), 1.0),
        ("verbose", np.True_, True),
        ("carrier", np.str_("DL"), "DL"),
        ("anything", np.int64(2**62), 2**62),
    ],
)
def test_scalars_of_numpy_are_what_they_are_in_python(name: str, value: Any, plain: Any) -> None:
    checked = check_parameters("job", {name: value}, DECLARED)
    assert checked == {name: plain}
    assert type(checked[name]) is type(plain)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", np.float64(3)),
        ("verbose", np.int64(1)),
        ("share", np.float32(0.1)),
        ("anything", np.datetime64("2026")),
        ("anything", np.array(1)),
        ("carrier", 1),
        ("n", "3"),
        ("n", 3.0),
        ("n", True),
        ("n", None),
        ("share", "0.5"),
        ("verbose", 1),
        ("columns", "abc"),
        ("columns", (1, 2)),
        ("options", []),
        ("options", {1: "keys are text in JSON"}),
        ("anything", {1, 2}),
        ("anything", "x" * 1_000_001),
    ],
)
def test_other_types_are_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidParameterError, match=name) as caught:
        check_parameters("job", {name: value}, DECLARED)
    assert caught.value.parameter == name


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidParameterError, match="Did you mean 'carrier'"):
        check_parameters("job", {"carier": "x"}, DECLARED)
    with pytest.raises(InvalidParameterError, match="tag the cell"):
        check_parameters("job", {"x": 1}, [])


def test_none_and_nan_are_values_where_they_fit() -> None:
    assert check_parameters("job", {"anything": None}, DECLARED) == {"anything": None}
    assert math.isnan(check_parameters("job", {"share": math.nan}, DECLARED)["share"])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("carrier", "3", "3"),
        ("n", "-3", -3),
        ("share", "1", 1.0),
        ("verbose", "Yes", True),
        ("verbose", "0", False),
        ("columns", '["a", 1]', ["a", 1]),
        ("options", '{"a": 1}', {"a": 1}),
        ("anything", "3", 3),
        ("anything", "three", "three"),
    ],
)
def test_text_of_a_command_line_is_parsed(name: str, text: str, value: Any) -> None:
    parsed = parse_parameter("job", text, BY_NAME[name])
    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "text"),
    [("n", "three"), ("n", "3.5"), ("verbose", "maybe"), ("columns", "a"), ("options", "[1]")],
)
def test_text_that_is_no_such_value_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidParameterError):
        parse_parameter("job", text, BY_NAME[name])
