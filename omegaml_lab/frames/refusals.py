"""Why pandas and Arrow refuse a filter or an aggregate, in words of who asked for it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from omegaml_lab.core.errors import InvalidFilterError, InvalidQueryError
from omegaml_lab.frames.aggregates import AGGREGATES, MEANT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["REFUSALS", "held", "no_filter", "no_such_aggregate", "refused_query"]

REFUSALS = (TypeError, ValueError, AttributeError, NotImplementedError, ArithmeticError)
"""With these pandas refuses what cannot be done with a column of some type."""

_KINDS = {
    "b": "True and False", "i": "whole numbers", "u": "whole numbers", "f": "numbers",
    "c": "complex numbers", "M": "times", "m": "lengths of time",
}  # fmt: skip


def held(dtype: Any) -> str:
    """Return what a column of this type holds."""
    if isinstance(dtype, pd.CategoricalDtype):
        return f"categories {'in' if dtype.ordered else 'without'} an order"
    if isinstance(dtype, pd.IntervalDtype):
        return "intervals"
    if isinstance(dtype, pd.DatetimeTZDtype):
        return f"times in the zone {dtype.tz}"
    if isinstance(dtype, pd.StringDtype):
        return "text"
    if pd.api.types.is_object_dtype(dtype):
        return "Python objects"
    return _KINDS.get(getattr(dtype, "kind", ""), str(dtype))


def no_filter(
    name: str, test: tuple[Any, str, Any], dtype: Any, error: Exception
) -> InvalidFilterError:
    """Return the error about a test - label, operator, value - that pandas refused."""
    label, op, value = test
    holds, why = held(dtype), ""
    if isinstance(error, UnicodeEncodeError):
        why = f"{error.object!r:.60} holds half of a surrogate pair, which no such text does"
    elif op in {"contains", "startswith"}:
        why = f"it is for text, and the column holds {holds}"
    elif isinstance(dtype, pd.CategoricalDtype) and not dtype.ordered:
        why = f"the column holds {holds}, so use eq, ne, in or not_in"
    elif pd.api.types.is_object_dtype(dtype):
        why = f"not all Python objects of the column compare with {value!r}: use in or isnull"
    elif getattr(dtype, "kind", "") == "M":
        why = _of_times(holds, dtype, value)
    elif op not in {"in", "not_in"}:
        why = f"the column holds {holds}, which do not compare with {value!r}"
        if getattr(dtype, "kind", "") == "m":
            why = f"{why}: write it as '90 min', or as a timedelta"
    return InvalidFilterError(name, label, op, why or str(error))


def _of_times(holds: str, dtype: Any, value: Any) -> str:
    values = list(value) if isinstance(value, list | tuple) else [value]
    wrong = next((one for one in values if not _is_time(one)), None)
    if wrong is not None:
        return f"the column holds {holds}, and {wrong!r} is none: write it as '2026-03-01 12:30'"
    zone = getattr(dtype, "tz", None)
    remedy = "leave the zone out" if zone is None else "say its zone, or give it as text"
    given = ", ".join(map(str, values))
    whose = "without a zone" if zone is None else f"in the zone {zone}"
    return f"the column holds times {whose}, which do not compare with {given}: {remedy}"


def _is_time(value: Any) -> bool:
    if not isinstance(value, str | date | np.datetime64):
        return False
    try:
        pd.Timestamp(value)
    except ValueError:
        return False
    return True


# -- aggregates ------------------------------------------------------------------------------


def no_such_aggregate(name: str, op: Any, known: Sequence[Any]) -> InvalidQueryError:
    """Return the error about an aggregate that nobody knows; `known` are the columns."""
    word = op if isinstance(op, str) else getattr(op, "__name__", "")
    if callable(op):
        reason = f"an aggregate is named by text, it is no function ({word})"
    elif op in known:
        reason = f"{op!r} is a column, and no aggregate: ask for aggregate={{{op!r}: 'mean'}}"
        return InvalidQueryError(name, reason, known=AGGREGATES)
    else:
        reason = f"there is no aggregate {op!r}"
    return InvalidQueryError(name, reason, known=AGGREGATES, wanted=word, meant=MEANT)


def refused_query(
    name: str, frame: pd.DataFrame, asked: Iterable[tuple[Any, str]], error: Exception
) -> InvalidQueryError:
    """Return the error about aggregates of columns that pandas refused.

    It names the column which does not have its aggregate, where one alone is refused too.
    """
    if "unhashable" in str(error):
        reason = (
            "lists, dicts and the like are neither grouped nor counted as different"
            f" ({error}): make text or numbers of them first"
        )
        return InvalidQueryError(name, reason)
    for label, op in asked:
        one = frame[label].iloc[:1]
        if not _has(one, op):
            has = ", ".join(other for other in AGGREGATES if _has(one, other))
            holds = held(one.dtype)
            which = "which has" if holds == "text" else "which have"
            return InvalidQueryError(
                name, f"column {label!r} holds {holds}, {which} no {op!r}, only {has}"
            )
    return InvalidQueryError(name, str(error))


def _has(some: pd.Series[Any], op: str) -> bool:
    try:
        some.groupby([0] * len(some), observed=True).agg(op)
    except REFUSALS:
        return False
    return True
