"""Calls: a method of a model, or a script, that a run performs."""

from __future__ import annotations

from typing import Any, Literal, get_args

__all__ = [
    "CALLS",
    "FITTING",
    "METHODS",
    "READING",
    "VIRTUAL",
    "CallKind",
    "check_call",
    "goes_beside",
    "shown_call",
]

CallKind = Literal["model", "script"]
"""What a run that executes no notebook calls."""

CALLS: frozenset[str] = frozenset(get_args(CallKind))
"""These kinds of runs."""

FITTING = frozenset({"fit", "partial_fit"})
"""The methods that make a new revision of the model."""

METHODS = (
    "fit",
    "partial_fit",
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "transform",
    "score",
)
"""The methods of a model that can be called."""

READING = frozenset(METHODS) - FITTING
"""Those that change nothing, of a model that is no function."""

VIRTUAL = "virtual"
"""The kind of a function that stands for a model, which may do anything, and not twice."""


_BESIDE = frozenset({"y", "sample_weight"})
_FORMS = frozenset({"json", "value", "frame", "kept", "name"})
"""What a parcel, in which an argument travels, can be."""


def goes_beside(kind: str, method: str, place: int | str) -> bool:
    """Say whether an argument goes beside the rows, as a target or weights do.

    Parameters
    ----------
    kind, method
        That of the model, and what of it is called.
    place
        Which argument: its number from 0 on, or its name.
    """
    takes = kind != VIRTUAL and method in {*FITTING, "score"}
    return takes and (place > 0 if isinstance(place, int) else place in _BESIDE)


def check_call(call: dict[str, Any] | None) -> None:
    """Raise unless this version knows how to perform a call; who asked may be a newer one.

    Raises
    ------
    LookupError, TypeError, ValueError
        If it does not.
    """
    if call is None:
        raise ValueError("it does not say what it calls")
    for wanted in (call["method"], call["target"]["kind"], call["target"]["state"]):
        if not isinstance(wanted, str):
            raise TypeError(f"its call has {wanted!r} where there has to be a text")
    for parcel in (*call["args"], *(parcel for _, parcel in call["kwargs"])):
        if not _FORMS & parcel.keys():
            raise ValueError(f"an argument of its call is a {', '.join(parcel) or 'nothing'}")


def shown_call(call: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what people see of a call: the method, and its arguments without their contents."""
    if call is None:
        return None
    named = {name: _shown(argument) for name, argument in call.get("kwargs", [])}
    return {
        "method": call["method"],
        "args": [_shown(argument) for argument in call.get("args", [])],
        "kwargs": named,
    }


def _shown(argument: dict[str, Any]) -> str:
    for form in ("name", "json"):
        if form in argument:
            text = str(argument[form])
            return text if len(text) <= 200 else text[:199] + "…"
    return next(iter(argument), "")
