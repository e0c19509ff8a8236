"""What a person types: ``-p name=value`` as the notebook wants it, and the beginning of an id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from omegaml_lab.core.errors import InvalidParameterError
from omegaml_lab.core.parameters import parse_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from omegaml_lab.core.parameters import Parameter

__all__ = ["parameters_option", "parse_values", "the_one"]

T = TypeVar("T")


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
