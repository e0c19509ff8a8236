"""What a person types: values as the notebook wants them, conditions, the beginning of an id."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

import click

from omegaml_lab.core.errors import InvalidParameterError
from omegaml_lab.core.filters import Q
from omegaml_lab.core.parameters import parse_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from omegaml_lab.core.parameters import Parameter

__all__ = [
    "parameters_option",
    "parse_condition",
    "parse_grid",
    "parse_values",
    "the_one",
    "where_option",
]

T = TypeVar("T")

_OPS = {"=": "eq", "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_WORDS = ("not in", "in", "between", "contains", "startswith", "isnull")
_CONDITION = re.compile(
    rf"""\s*(?:"((?:[^"]|"")*)"|(.+?))\s*(==|!=|<=|>=|=|<|>|\b(?:{"|".join(_WORDS)})\b)(.*)""",
    re.DOTALL,
)
_LISTS = {"in", "not_in", "between"}


def parameters_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``-p name=value`` to a command."""
    return click.option(
        "-p",
        "--parameter",
        "given",
        multiple=True,
        metavar="NAME=VALUE",
        help="A parameter of it; lists and objects as JSON. May be repeated.",
    )(command)


def parse_values(job: str, given: Iterable[str], declared: Iterable[Parameter]) -> dict[str, Any]:
    """Return the values that were typed.

    Raises
    ------
    click.UsageError
        If one is not of the form ``name=value``.
    InvalidParameterError
        If it has no such parameter, or the text is no value of its type.
    """
    known = {parameter.name: parameter for parameter in declared}
    values: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{text!r} is not of the form NAME=VALUE, as in -p month=6.")
        if name not in known:
            reason = "it does not take that"
            raise InvalidParameterError(job, name, reason, known=known)
        values[name] = parse_parameter(job, value, known[name])
    return values


def parse_grid(
    job: str, given: Iterable[str], declared: Iterable[Parameter]
) -> dict[str, list[Any]]:
    """Return the values of each parameter that were typed, with commas between or as JSON.

    Raises
    ------
    click.UsageError
        If one is not of the form ``name=values``, or a name comes twice.
    InvalidParameterError
        If it has no such parameter, or a text is no value of its type.
    """
    declared, values = list(declared), dict[str, list[Any]]()
    for text in given:
        name, equals, listed = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{text!r} is not of the form NAME=VALUES, as in month=6,7.")
        if name in values:
            raise click.UsageError(f"--grid {name}= is given twice: give all its values at once.")
        typed = _typed(listed) if listed.lstrip().startswith("[") else None
        each = typed if isinstance(typed, list) else listed.split(",")
        values[name] = [
            value
            if isinstance(typed, list)
            else parse_values(job, [f"{name}={value}"], declared)[name]
            for value in each
        ]
    return values


def where_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--where`` to a command."""
    return click.option(
        "--where",
        multiple=True,
        metavar="CONDITION",
        help="Only such rows of a data frame: 'month >= 6', 'carrier in UA,AA', 'delay isnull'."
        " Repeated ones hold together.",
    )(command)


def parse_condition(text: str) -> Q:
    """Return the condition that was typed: a column, an operator and a value.

    Numbers, true, false and what is in double quotes are read as JSON, all else is text. A
    column that holds an operator is put between double quotes, in which ``""`` is one.

    Raises
    ------
    click.UsageError
        If it is none.
    """
    found = _CONDITION.fullmatch(text)
    if found is None:
        known = " ".join((*_OPS, *_WORDS))
        raise click.UsageError(f"{text!r} is no condition like 'month >= 6'; there are {known}.")
    quoted, plain, op, value = found.groups()
    column = plain if quoted is None else quoted.replace('""', '"')
    op = _OPS.get(op, op.replace(" ", "_"))
    if op == "isnull":
        return Q(column, op, _typed(value.strip() or "true"))
    if op in _LISTS:
        typed = _typed(value.strip())
        listed = (
            typed if isinstance(typed, list) else [_typed(v.strip()) for v in value.split(",")]
        )
        return Q(column, op, listed)
    return Q(column, op, _typed(value.strip()))


def _typed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def the_one(wanted: str, by_id: Mapping[str, T]) -> T | None:
    """Return what has an id that begins so, None if nothing has.

    Raises
    ------
    click.UsageError
        If several have.
    """
    found = [id for id in by_id if wanted and id.startswith(wanted)]  # noqa: A001
    if len(found) > 1:
        raise click.UsageError(f"{wanted!r} may be each of {', '.join(found[:5])}.")
    return by_id[found[0]] if found else None
