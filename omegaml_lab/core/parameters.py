"""Parameters: what a notebook takes, and the check of what a run gives it."""

from __future__ import annotations

import ast
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from omegaml_lab.core.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "INJECTED",
    "TYPES",
    "Parameter",
    "ParameterType",
    "check_parameters",
    "declared",
    "literal",
    "parse_parameter",
]

INJECTED = "injected-parameters"
"""What the cell is tagged with that sets the parameters of a run."""

ParameterType = Literal["int", "float", "str", "bool", "list", "dict", "any"]

TYPES = frozenset(get_args(ParameterType))
"""The names of the types that a parameter may have."""

_CLASSES: dict[str, type] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "list": list,
    "dict": dict,
}
_SCALARS = {
    *("bool", "bool_", "str_", "float64"),  # shorter floats are not what they show in JSON
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
}
_LONGEST = 1_000_000
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a notebook, as its cell tagged ``parameters`` declares it.

    `default` is a JSON value, None when the notebook computes it.
    """

    name: str
    type: ParameterType = "any"
    default: Any = None
    help: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def declared(
    name: str,
    annotation: ast.expr | None,
    value: ast.expr | None,
    help: str = "",  # noqa: A002 - the field is named so
) -> Parameter:
    """Return the parameter that Python code declares, its type that of annotation or default."""
    known, default = literal(value)
    told = ast.unparse(annotation).strip("'\"") if annotation is not None else ""
    kind = told.partition("[")[0].strip().lower()
    if kind not in TYPES:
        kind = type(default).__name__ if known and not told else "any"
    if kind not in TYPES:
        kind = "any"
    return Parameter(name=name, type=kind, default=default, help=help)  # type: ignore[arg-type]


def literal(value: ast.expr | None) -> tuple[bool, Any]:
    """Return whether an expression is a JSON value, and which."""
    try:
        default = ast.literal_eval(value) if value is not None else None
        if json.loads(json.dumps(default, allow_nan=False)) == default:
            return value is not None, default
    except (ValueError, TypeError):
        pass
    return False, None


def check_parameters(
    job: str, given: Mapping[str, Any], declared: Iterable[Parameter]
) -> dict[str, Any]:
    """Return what was given with the declared types, in the declared order.

    A whole number is a legal ``float``, and None is legal where the default is None.

    Raises
    ------
    InvalidParameterError
        If a parameter is not declared, has another type, or cannot be written as JSON.
    """
    known = {parameter.name: parameter for parameter in declared}
    for name in given:
        if name not in known:
            raise InvalidParameterError(job, name, _unknown(known), known=known)
    return {
        name: _checked(job, parameter, given[name])
        for name, parameter in known.items()
        if name in given
    }


def parse_parameter(job: str, text: str, parameter: Parameter) -> Any:
    """Return the value that `text`, as typed on a command line, has for `parameter`.

    Lists and dicts are JSON; a parameter of any type is JSON when it can be read as such.

    Raises
    ------
    InvalidParameterError
        If the text is not a value of the parameter's type.
    """
    if parameter.type == "str":
        return text
    if parameter.type == "bool":
        if text.lower() in _TRUTH:
            return _TRUTH[text.lower()]
        raise InvalidParameterError(job, parameter.name, f"{text!r} is neither true nor false")
    try:
        value = json.loads(text)
    except ValueError as error:
        if parameter.type == "any":
            return text
        raise InvalidParameterError(
            job, parameter.name, f"it must be {_described(parameter.type)}, not {text!r}"
        ) from error
    return _checked(job, parameter, value)


def _plain(value: Any) -> Any:
    """Return a scalar of NumPy as the value of Python that it is, which is nothing else in JSON.

    Those of what a notebook computes are often of NumPy, and look like numbers and text.
    """
    if type(value).__module__ == "numpy" and type(value).__name__ in _SCALARS:
        return value.item()
    return value


def _unknown(known: Mapping[str, Parameter]) -> str:
    if known:
        return "the notebook does not take it"
    return "the notebook takes no parameters: tag the cell that sets them `parameters`"


def _checked(job: str, parameter: Parameter, value: Any) -> Any:
    value = _plain(value)
    if parameter.type == "float" and type(value) is int:
        value = float(value)
    if value is None and parameter.default is None:
        return None
    expected = _CLASSES.get(parameter.type)
    if expected is not None and type(value) is not expected:
        raise InvalidParameterError(
            job,
            parameter.name,
            f"it must be {_described(parameter.type)}, not {value!r} ({type(value).__name__})",
        )
    _check_json(job, parameter.name, value)
    return value


def _check_json(job: str, name: str, value: Any) -> None:
    try:
        text = json.dumps(value)
        same = json.loads(text) == value or value != value  # noqa: PLR0124 - NaN
    except (TypeError, ValueError, RecursionError) as error:
        reason = f"{type(value).__name__} cannot be sent to a worker as JSON ({error})"
        raise InvalidParameterError(job, name, reason) from error
    if len(text) > _LONGEST:
        reason = f"it has {len(text):,} characters as JSON, put it into a store and pass its name"
        raise InvalidParameterError(job, name, reason)
    if not same:  # tuples become lists, keys become strings
        raise InvalidParameterError(job, name, f"{value!r} changes when written as JSON")


def _described(kind: str) -> str:
    return {
        "int": "a whole number",
        "float": "a number",
        "str": "a text",
        "bool": "true or false",
        "list": "a list",
        "dict": "an object of names and values",
    }[kind]
