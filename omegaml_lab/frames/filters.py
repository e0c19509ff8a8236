"""Filters on frames: conditions on known columns, and the masks that pandas makes of them."""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass, replace
from numbers import Number
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from omegaml_lab.core.errors import InvalidFilterError, UnknownColumnError
from omegaml_lab.core.filters import MEANT, OPERATORS, Q, Test
from omegaml_lab.frames.refusals import REFUSALS, held, no_filter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Branch", "Leaf", "Tree", "leaves", "mask", "resolve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One test of the column at `position`; `label` is what the column is called."""

    position: int
    label: Any
    op: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Conditions that are joined; "not" has one part."""

    join: Literal["and", "or", "not"]
    parts: tuple[Tree, ...]


Tree = Leaf | Branch
_LISTS = {"in", "not_in"}
_NAMES: dict[type, str] = {str: "text", int: "number", float: "number"}


def resolve(
    condition: Q, name: str, known: Mapping[Any, int], empties: Callable[[int], Any]
) -> Tree:
    """Return the condition on the columns of the frame called `name`.

    `known` has the position of each label, `empties` returns a column without rows.

    Raises
    ------
    UnknownColumnError
        If it speaks of a column that is not there.
    InvalidFilterError
        If there is no such operator, or the value is none that the column can be compared to.
    """
    parts = tuple(
        _leaf(part, name, known, empties)
        if isinstance(part, Test)
        else resolve(part, name, known, empties)
        for part in condition.parts
    )
    if len(parts) == 1 and condition.join != "not":
        return parts[0]
    return Branch(join=condition.join, parts=parts)


def leaves(tree: Tree) -> Iterator[Leaf]:
    """Yield all tests of a condition."""
    if isinstance(tree, Leaf):
        yield tree
    else:
        for part in tree.parts:
            yield from leaves(part)


def mask(tree: Tree, name: str, columns: Mapping[int, Any], rows: int) -> np.ndarray[Any, Any]:
    """Return which of the rows of `columns` are meant; what is neither true nor false is not."""
    truth = _truth(tree, name, columns, rows)
    if isinstance(truth, np.ndarray):
        return truth
    known: np.ndarray[Any, Any] = truth.to_numpy(dtype=bool, na_value=False)
    return known


def _truth(tree: Tree, name: str, columns: Mapping[int, Any], rows: int) -> Any:
    if isinstance(tree, Leaf):
        return _tested(tree, name, columns[tree.position])
    parts = [_truth(part, name, columns, rows) for part in tree.parts]
    if tree.join == "not":
        return ~parts[0]
    join: Callable[[Any, Any], Any] = operator.and_ if tree.join == "and" else operator.or_
    return functools.reduce(join, parts, np.full(rows, fill_value=tree.join == "and"))


# -- what people write -----------------------------------------------------------------------


def _leaf(test: Test, name: str, known: Mapping[Any, int], empties: Callable[[int], Any]) -> Leaf:
    label, op = test.column, test.op
    if op is None:
        label, op = _parsed(test.column, name, known)
    elif not _in(label, known):
        raise UnknownColumnError(name, label, known=known)
    if op not in OPERATORS:
        reason = f"there is no operator {op!r}"
        raise InvalidFilterError(name, label, op, reason, known=OPERATORS, meant=MEANT)
    op = {"lte": "le", "gte": "ge"}.get(op, op)
    position = known[label]
    leaf = Leaf(position=position, label=label, op=op, value=test.value)
    _check(leaf, name)
    if op in _LISTS:  # now, and not once more for each chunk: sets and series may change
        leaf = replace(leaf, value=list(leaf.value))
    leaf = _with_unsigned(_with_times(leaf, name, empties(position)), empties(position))
    _tested(leaf, name, empties(position))  # what does not fit is said even if all is pruned
    _check_types(leaf, name, empties(position))
    return leaf


def _parsed(keyword: str, name: str, known: Mapping[Any, int]) -> tuple[str, str]:
    """Return the label and the operator of a keyword like ``month__gte``."""
    if keyword in known:  # also when it is a label that holds two underscores
        return keyword, "eq"
    label, _, op = keyword.rpartition("__")
    if label and label in known:
        return label, op
    raise UnknownColumnError(name, label if op in OPERATORS and label else keyword, known=known)


def _in(label: Any, known: Mapping[Any, int]) -> bool:
    try:
        return label in known
    except TypeError:  # not hashable, so no label
        return False


def _check(leaf: Leaf, name: str) -> None:
    """Raise unless the value is of the kind that the operator takes."""
    value, wanted = leaf.value, None
    is_list = pd.api.types.is_list_like(value)
    if leaf.op in _LISTS:
        wanted = None if is_list else "a list of values"
    elif leaf.op == "between":
        wanted = None if isinstance(value, list | tuple) and len(value) == 2 else "two values"
    elif leaf.op == "isnull":
        wanted = None if isinstance(value, bool | np.bool_) else "True or False"
    elif leaf.op in {"contains", "startswith"}:
        wanted = None if isinstance(value, str) else "text"
    elif is_list:
        wanted = "one value"
    if wanted is not None:
        raise InvalidFilterError(name, leaf.label, leaf.op, f"it takes {wanted}, not {value!r}")
    if any(type(one).__module__.partition(".")[0] == "shapely" for one in _compared(leaf)):
        reason = "no filter compares geometries: read the rows, and choose with geopandas"
        raise InvalidFilterError(name, leaf.label, leaf.op, reason)
    compared = _compared(leaf) if leaf.op not in _LISTS else []
    if any(_is_missing(one) for one in compared):
        reason = "nothing compares to a missing value: use isnull"
        raise InvalidFilterError(name, leaf.label, leaf.op, reason)


def _compared(leaf: Leaf) -> list[Any]:
    """Return the values that the column is compared to."""
    if leaf.op in {"isnull", "contains", "startswith"}:
        return []
    return list(leaf.value) if leaf.op in {"in", "not_in", "between"} else [leaf.value]


def _is_missing(value: Any) -> bool:
    return pd.api.types.is_scalar(value) and bool(pd.isna(value))


def _with_times(leaf: Leaf, name: str, empty: Any) -> Leaf:
    """Return the test with times for text among several values: pandas reads only single ones."""
    kind: Any = {"M": pd.Timestamp, "m": pd.Timedelta}.get(getattr(empty.dtype, "kind", ""))
    if leaf.op not in _LISTS or kind is None:
        return leaf
    zone = {"tz": tz} if (tz := getattr(empty.dtype, "tz", None)) is not None else {}
    try:
        value = [kind(v, **zone) if isinstance(v, str) else v for v in leaf.value]
    except ValueError as error:
        raise no_filter(name, (leaf.label, leaf.op, leaf.value), empty.dtype, error) from error
    return replace(leaf, value=value)


def _with_unsigned(leaf: Leaf, empty: Any) -> Leaf:
    """Return a test of unsigned numbers of Arrow with such: Python has signed ones."""
    values = _compared(leaf)
    arrows = isinstance(empty.dtype, pd.ArrowDtype) and empty.dtype.kind == "u"
    if not values or not arrows or not all(type(value) is int for value in values):
        return leaf
    fitting: list[Any] = [np.uint64(v) if 0 <= v < 2**64 else v for v in values]
    if leaf.op in _LISTS:  # what no such column holds would make all of them no numbers
        return replace(leaf, value=[v for v in fitting if type(v) is not int])
    return replace(leaf, value=fitting if leaf.op == "between" else fitting[0])


def _check_types(leaf: Leaf, name: str, empty: Any) -> None:
    """Raise when equality asks for a value of a type that the column never holds.

    Such values are unequal to all, which would be an empty result; they have no order either,
    and that pandas says.
    """
    if isinstance(empty.dtype, pd.CategoricalDtype):
        empty = empty.categories.array[:0]
    if isinstance(empty.dtype, pd.StringDtype):
        _check_texts(leaf, name)
        return
    if empty.dtype == object:
        return
    for value in {type(v): v for v in _compared(leaf) if not _is_missing(v)}.values():
        if not _can_equal(empty.dtype, value):
            raise _holds_no(leaf, name, held(empty.dtype), value)
        if empty.dtype.kind == "c" or not _has_order(empty):
            continue
        try:
            pd.Series(empty, dtype=empty.dtype) < value  # noqa: B015 - for what it raises
        except REFUSALS as error:
            raise _holds_no(leaf, name, held(empty.dtype), value) from error


def _check_texts(leaf: Leaf, name: str) -> None:
    for value in _compared(leaf):
        if not isinstance(value, str) and not _is_missing(value):
            raise _holds_no(leaf, name, "text", value)


def _can_equal(dtype: Any, value: Any) -> bool:
    """Say whether a value may equal one of a column of numbers or intervals.

    Without rows to compare with, NumPy has no objection to anything.
    """
    if isinstance(dtype, pd.IntervalDtype):
        return isinstance(value, pd.Interval)
    if dtype.kind not in "biufc":
        return True
    if isinstance(value, np.ndarray):  # of no axes
        return value.dtype.kind in "biufc"
    return isinstance(value, Number | np.bool_) and not isinstance(value, np.timedelta64)


def _holds_no(leaf: Leaf, name: str, held: str, value: Any) -> InvalidFilterError:
    reason = (
        f"a column of {held} holds no {_NAMES.get(type(value), type(value).__name__)}: {value!r}"
    )
    if held.startswith("times"):
        reason = f"{reason}; write it as '2026-03-01 12:30'"
    return InvalidFilterError(name, leaf.label, leaf.op, reason)


def _has_order(empty: Any) -> bool:
    return not isinstance(empty.dtype, pd.IntervalDtype | pd.SparseDtype)


# -- masks -----------------------------------------------------------------------------------

_TESTS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "in": lambda column, value: column.isin(value),
    "not_in": lambda column, value: ~column.isin(value),
    "between": lambda column, value: column.between(*value),
    "contains": lambda column, value: _texts(column).str.contains(value, regex=False),
    "startswith": lambda column, value: _texts(column).str.startswith(value),
    "isnull": lambda column, value: column.isna() if value else column.notna(),
}


def _texts(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return the text among objects, which pandas finds or not by what else is in a chunk."""
    if column.dtype != object:
        return column
    texts = [value if isinstance(value, str) else None for value in column]
    return pd.Series(texts, dtype=object)


def _as_told(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return text as Arrow's: where it is Python's, NumPy compares without the NULs at its end."""
    dtype = column.dtype
    if isinstance(dtype, pd.StringDtype) and dtype.storage == "python":
        return column.astype(pd.StringDtype("pyarrow", na_value=dtype.na_value))
    return column


def _tested(leaf: Leaf, name: str, array: Any) -> Any:
    """Return a numpy array of truth, or a nullable one where pandas leaves it open."""
    # With its dtype said, or pandas would guess that objects are text.
    column = _as_told(pd.Series(array, dtype=array.dtype, copy=False))
    try:
        result = _TESTS[leaf.op](column, leaf.value)
    except REFUSALS as error:
        raise no_filter(name, (leaf.label, leaf.op, leaf.value), array.dtype, error) from error
    if isinstance(result.dtype, np.dtype) and result.dtype == bool:
        return result.to_numpy()
    if isinstance(result.dtype, pd.SparseDtype):
        return np.asarray(result.array.to_dense(), dtype=bool)
    return result.astype("boolean").array
