"""Pruning: what a filter says about the zone maps of chunks.

A chunk is left out only when no row of it can pass. All that is not certain keeps it: the rows
are looked at once more, one by one, when they are here.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from omegaml_lab.frames import columns
from omegaml_lab.frames.filters import Leaf
from omegaml_lab.frames.ipc import from_ipc
from omegaml_lab.storage.zones import AllOf, AnyOf, Condition, Unless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.frames.columns import Recipe
    from omegaml_lab.frames.filters import Tree

__all__ = ["condition", "may_pass"]

_EXACT = 2**53
"""Below this each whole number is a float, and comparing the two is exact."""
_MOST_VALUES = 200
_INVERSE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "ne": "eq", "not_in": "in"}
_COUNTS_MISSING = {"numpy", "time", "zoned", "masked", "text"}
Range = tuple[Any, Any]
"""The least and the most that a value can be in the numbers or texts of a zone map."""


def condition(tree: Tree, recipes: Sequence[Recipe], *, negated: bool = False) -> Condition | None:
    """Return what chunks to keep, None when all have to be looked at."""
    if isinstance(tree, Leaf):
        return _of_leaf(tree, recipes[tree.position], negated=negated)
    if tree.join == "not":
        return condition(tree.parts[0], recipes, negated=not negated)
    parts = [condition(part, recipes, negated=negated) for part in tree.parts]
    certain = tuple(part for part in parts if part is not None)
    if (tree.join == "and") is not negated:
        return AllOf(certain) if certain else None
    return AnyOf(certain) if len(certain) == len(parts) else None


def may_pass(tree: Tree, position: int, low: int, high: int) -> bool:
    """Say whether rows may pass where the column at `position` has numbers from low to high."""
    if not isinstance(tree, Leaf):
        if tree.join == "not":
            return True
        parts = (may_pass(part, position, low, high) for part in tree.parts)
        return all(parts) if tree.join == "and" else any(parts)
    if tree.position != position or tree.op not in _REACHES:
        return True
    return bool(_REACHES[tree.op](tree.value, low, high))


_REACHES: dict[str, Callable[[Any, int, int], Any]] = {
    "eq": lambda value, low, high: low <= value <= high,
    "in": lambda values, low, high: any(low <= value <= high for value in values),
    "between": lambda ends, low, high: ends[0] <= high and low <= ends[1],
    "lt": lambda value, low, _: low < value,
    "le": lambda value, low, _: low <= value,
    "gt": lambda value, _, high: high > value,
    "ge": lambda value, _, high: high >= value,
}


def _of_leaf(leaf: Leaf, recipe: Recipe, *, negated: bool) -> Condition | None:
    op, missing = leaf.op, False
    if negated or op in {"ne", "not_in"}:
        if negated == (op in {"ne", "not_in"}):  # not unequal is equal
            op = _INVERSE[op] if negated else op
        elif op in {"lt", "le", "gt", "ge"}:
            # Where pandas has no third truth, what is missing is not less, so it passes a not.
            op, missing = _INVERSE[op], True
        else:
            return None
    if op == "isnull":
        return _of_missing(leaf, recipe)
    found = _of_values(op, leaf, recipe)
    if found is None or not missing:
        return found
    if recipe["form"] not in _COUNTS_MISSING:
        return None
    return AnyOf((found, _some_missing(leaf.position)))


def _of_missing(leaf: Leaf, recipe: Recipe) -> Condition | None:
    if not leaf.value or not (recipe["form"] in _COUNTS_MISSING or recipe.get("as") == "str"):
        return None
    return _some_missing(leaf.position)


def _some_missing(position: int) -> Condition:
    return Unless(position=position, bound="n", op="lt", value=1)


def _of_values(op: str, leaf: Leaf, recipe: Recipe) -> Condition | None:
    if op == "contains":
        return None
    if op == "in":
        return _of_several(leaf, recipe)
    if op == "between":
        low, high = (_range(value, recipe) for value in leaf.value)
        return _between(leaf.position, low[0], high[1]) if low and high else None
    reach = _range(leaf.value, recipe)
    if reach is None or (recipe["form"] == "category" and op != "eq"):
        return None  # the order of codes is not that of categories
    if op == "startswith":
        return _starting(leaf)
    ends: dict[str, Condition] = {
        "eq": _between(leaf.position, *reach),
        "ge": _at_least(leaf.position, reach[0]),
        "le": _at_most(leaf.position, reach[1]),
        "gt": Unless(position=leaf.position, bound="b", op="lte", value=reach[0]),
        "lt": Unless(position=leaf.position, bound="a", op="gte", value=reach[1]),
    }
    return ends[op]


def _of_several(leaf: Leaf, recipe: Recipe) -> Condition | None:
    ranges = [_range(value, recipe, among=True) for value in leaf.value[: _MOST_VALUES + 1]]
    known = [found for found in ranges if found is not None]
    if len(known) < len(leaf.value):
        return None
    return AnyOf(tuple(_between(leaf.position, low, high) for low, high in known))


def _starting(leaf: Leaf) -> Condition | None:
    after = leaf.value.rstrip("\U0010ffff")
    if not after:
        return None
    code = ord(after[-1]) + 1
    after = after[:-1] + chr(0xE000 if code == 0xD800 else code)  # not half of a pair
    bound = Unless(position=leaf.position, bound="a", op="gte", value=after)
    return AllOf((_at_least(leaf.position, leaf.value), bound))


def _between(position: int, low: Any, high: Any) -> Condition:
    return AllOf((_at_least(position, low), _at_most(position, high)))


def _at_least(position: int, low: Any) -> Condition:
    return Unless(position=position, bound="b", op="lt", value=low)


def _at_most(position: int, high: Any) -> Condition:
    return Unless(position=position, bound="a", op="gt", value=high)


# -- values as zone maps have them -------------------------------------------------------------


def _range(value: Any, recipe: Recipe, *, among: bool = False) -> Range | None:
    """Return between what a value lies in the terms of a column's zone map, None if unknown.

    `among` other values pandas may turn all of them into floats before it compares.
    """
    form = recipe["form"]
    if form in {"numpy", "masked"}:
        name = recipe["dtype"].lower()
        return None if name == "boolean" else _numbers(value, np.dtype(name), among=among)
    if form in {"time", "zoned"}:
        return _times(value, recipe)
    if form == "text" or recipe.get("as") == "str":
        return _texts(value)
    return _codes(value, recipe) if form == "category" else None


def _numbers(value: Any, dtype: np.dtype[Any], *, among: bool) -> Range | None:
    if dtype.kind == "b" or isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, int | np.integer):
        number = int(value)
        if abs(number) < _EXACT:
            return _widened(number, dtype)
        exact = dtype.kind in "iu" and type(value) is int and not among
        return (number, number) if exact and -(2**63) <= number < 2**63 else None
    if not isinstance(value, float | np.floating) or not abs(float(value)) < _EXACT:
        return None
    exact = float(value) == value  # not of long doubles
    return _widened(float(value), dtype) if exact else None


def _widened(value: float, dtype: np.dtype[Any]) -> Range | None:
    """Return the range of a value that pandas may round to a column of short floats."""
    if dtype.kind != "f" or dtype.itemsize == 8:
        return value, value
    with np.errstate(over="ignore"):
        short = float(dtype.type(value))
    return (min(value, short), max(value, short)) if math.isfinite(short) else None


def _times(value: Any, recipe: Recipe) -> Range | None:
    if recipe["form"] == "zoned":
        unit, kind, zone = recipe["unit"], "M", recipe["zone"].tzinfo
    else:
        dtype: Any = np.dtype(recipe["dtype"])
        (unit, count), kind, zone = np.datetime_data(dtype), dtype.kind, None
        if count != 1:
            return None
    per = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}.get(unit)
    nanos = _nanoseconds(value, zone) if kind == "M" else _duration(value)
    if per is None or nanos is None:
        return None
    low = nanos // per
    return low, low + (1 if nanos % per else 0)


def _nanoseconds(value: Any, zone: Any) -> int | None:
    """Return a moment since 1970 as pandas takes it beside a column of that zone."""
    if not isinstance(value, str | dt.datetime | np.datetime64):
        return None
    try:
        # With its zone said: "now" is the time there, and not what clocks here show.
        moment = pd.Timestamp(value, tz=zone if isinstance(value, str) else None)
        if (moment.tzinfo is None) is not (zone is None):
            return None
        return int(moment.as_unit("ns").value)
    except (ValueError, OverflowError, TypeError):
        return None


def _duration(value: Any) -> int | None:
    if not isinstance(value, str | dt.timedelta | np.timedelta64):
        return None
    try:
        return int(pd.Timedelta(value).as_unit("ns").value)
    except (ValueError, OverflowError, TypeError):
        return None


def _texts(value: Any) -> Range | None:
    if not isinstance(value, str):
        return None
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which MongoDB does not take
        return None
    return str(value), str(value)


def _codes(value: Any, recipe: Recipe) -> Range | None:
    """Return the place of a value among the categories: that is what chunks hold."""
    categories = recipe["categories"]
    if "range" in categories:
        known: pd.Index[Any] = pd.RangeIndex(*categories["range"])
    else:
        array = columns.decode(categories["recipe"], [from_ipc(categories["array"])])
        known = pd.Index(array, dtype=array.dtype)
    wanted = int if known.dtype.kind in "iu" else str
    if type(value) is not wanted or not (
        known.dtype.kind in "iu" or isinstance(known.dtype, pd.StringDtype)
    ):
        return None
    try:
        alone = pd.Index([value], dtype=known.dtype)
    except OverflowError:  # numbers that are too large for any category
        return None
    code = int(known.get_indexer(alone)[0])
    return (code, code) if code >= 0 else None
