"""Frames and conditions at random, and what pandas makes of them: the twin of each test."""

from __future__ import annotations

import datetime as dt
import functools
import operator
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from omegaml_lab.core.filters import Q

BERLIN = "Europe/Berlin"
START = pd.Timestamp("2026-03-28 22:00")
numbers = st.integers(-5, 5)
floats = st.sampled_from([-np.inf, -1.5, -0.0, 0.1, 0.5, 1.0, 2.0, np.inf])
maybe = functools.partial(st.one_of, st.none())
words = st.sampled_from(["", "a", "ab", "abc", "b", "ba", "é", "z" * 70, "\U0010ffff", "a\ud7ff"])
moments = st.integers(0, 40).map(lambda n: START + pd.Timedelta(hours=n) * 0.5)


def zoned(moment: pd.Timestamp) -> pd.Timestamp:
    return moment.tz_localize("UTC").tz_convert(BERLIN)


def objects(values: list[Any]) -> Any:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


DAY = dt.date(2026, 1, 1)
cents = numbers.map(lambda n: Decimal(n) / 4)
# What columns hold, what they are compared to, and how pandas holds them.
KINDS: dict[str, tuple[Any, Any, Any]] = {
    "int64": (numbers, numbers | floats, lambda v: np.array(v, "i8")),
    "int8": (numbers, numbers | st.just(1000), lambda v: np.array(v, "i1")),
    "uint16": (numbers.map(abs), numbers, lambda v: np.array(v, "u2")),
    "large": (
        st.sampled_from([2**53, 2**53 + 1, -(2**63), 2**63 - 1]),
        st.sampled_from([2**53, 2.0**53, 2**53 + 1, 2**63 - 1]),
        lambda v: np.array(v, "i8"),
    ),
    "float64": (floats | st.just(np.nan), floats | numbers, lambda v: np.array(v, "f8")),
    "float32": (floats | st.just(np.nan), floats, lambda v: np.array(v, "f4")),
    "float16": (floats | st.just(np.nan), floats, lambda v: np.array(v, "f2")),
    "bool": (st.booleans(), st.booleans(), lambda v: np.array(v, "bool")),
    "Int64": (maybe(numbers), numbers, lambda v: pd.array(v, dtype="Int64")),
    "UInt8": (maybe(numbers.map(abs)), numbers, lambda v: pd.array(v, dtype="UInt8")),
    "Float64": (maybe(floats), floats, lambda v: pd.array(v, dtype="Float64")),
    "boolean": (maybe(st.booleans()), st.booleans(), lambda v: pd.array(v, dtype="boolean")),
    "str": (maybe(words), words, lambda v: pd.array(v, dtype="str")),
    "string": (maybe(words), words, lambda v: pd.array(v, dtype="string[python]")),
    "text objects": (maybe(words), words, objects),
    "time": (maybe(moments), moments, lambda v: pd.DatetimeIndex(v).as_unit("us").array),
    "seconds": (
        maybe(moments),
        moments.map(lambda m: m + pd.Timedelta(1)),
        lambda v: pd.DatetimeIndex(v).as_unit("s").array,
    ),
    "zoned": (
        maybe(moments.map(zoned)),
        moments.map(zoned) | moments.map(lambda m: str(m + pd.Timedelta(days=1))),
        lambda v: pd.DatetimeIndex(v, dtype=f"datetime64[ns, {BERLIN}]").array,
    ),
    "timedelta": (
        maybe(numbers.map(lambda n: pd.Timedelta(n, "h"))),
        numbers.map(lambda n: pd.Timedelta(n, "h")),
        lambda v: pd.TimedeltaIndex(v).array,
    ),
    "category": (
        maybe(st.sampled_from(["x", "y", "z"])),
        st.sampled_from(["x", "y", "w"]),
        lambda v: pd.Categorical(v, categories=["z", "unused", "y", "x"]),
    ),
    "ordered": (
        maybe(st.integers(1, 4)),
        st.integers(1, 4),
        lambda v: pd.Categorical(v, categories=[3, 1, 4, 2], ordered=True),
    ),
    "decimal": (
        maybe(cents),
        cents,
        lambda v: pd.array(v, dtype=pd.ArrowDtype(pa.decimal128(8, 2))),
    ),
    "decimal objects": (cents, cents, objects),
    "arrow text": (maybe(words), words, lambda v: pd.array(v, dtype=pd.ArrowDtype(pa.string()))),
    "dates": (
        numbers.map(lambda n: DAY + dt.timedelta(days=n)),
        numbers.map(lambda n: DAY + dt.timedelta(days=n)),
        objects,
    ),
}
ORDER = ["lt", "le", "gt", "ge", "between"]
TEXT = ["contains", "startswith"]
TEXTS = {"str", "string", "text objects", "arrow text"}
MASKS: dict[str, Any] = {
    "between": lambda column, value: column.between(*value),
    "in": lambda column, value: column.isin(value),
    "not_in": lambda column, value: ~column.isin(value),
    "contains": lambda column, value: column.str.contains(value, regex=False),
    "startswith": lambda column, value: column.str.startswith(value),
    "isnull": lambda column, value: column.isna() == value,
}


def index_of(draw: Any, rows: int) -> pd.Index[Any]:
    made = {
        "range": lambda: pd.RangeIndex(10, 10 + 3 * rows, 3, name="r"),
        "numbers": lambda: pd.Index(np.arange(rows)[::-1] % 3),
        "text": lambda: pd.Index([f"n{n}" for n in range(rows)]),
        "days": lambda: pd.date_range("2026", periods=rows, freq="D", tz=BERLIN),
        "levels": lambda: pd.MultiIndex.from_arrays(
            [np.arange(rows) % 2, [f"n{n}" for n in range(rows)]], names=["a", None]
        ),
    }
    index: pd.Index[Any] = made[draw(st.sampled_from(sorted(made)))]()
    return index


@st.composite
def frames(draw: Any, rows: int = 14) -> tuple[pd.DataFrame, dict[Any, str]]:
    """Return a frame, and of what kind each of its columns is."""
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=3, unique=True))
    count = draw(st.integers(0, rows))
    index = index_of(draw, count)
    columns = {}
    for kind in kinds:
        held, _, make = KINDS[kind]
        values = make(draw(st.lists(held, min_size=count, max_size=count)))
        if draw(st.booleans()) and kind not in {"category", "dates"}:  # zones are of use then
            values = pd.Series(values, dtype=values.dtype).sort_values().array
        columns[kind] = pd.Series(values, index=index, dtype=values.dtype)
    return pd.DataFrame(columns, index=index), dict(zip(kinds, kinds, strict=True))


def truth(column: pd.Series[Any], op: str, value: Any) -> pd.Series[Any]:
    compare = MASKS.get(op) or getattr(operator, op)
    result = compare(column, value)
    if result.dtype != bool:  # pandas joins neither objects nor Arrow's with other masks
        result = result.astype("boolean")
    return result


def conditions(
    draw: Any, frame: pd.DataFrame, kinds: dict[Any, str], depth: int = 2
) -> tuple[Q, pd.Series[Any]]:
    """Return a condition, and the mask that pandas makes of it."""
    join = draw(st.sampled_from(["leaf", "leaf", "not", "and", "or"])) if depth else "leaf"
    if join == "leaf":
        label = draw(st.sampled_from(sorted(kinds)))
        kind = kinds[label]
        ops = ["eq", "ne", "in", "not_in", "isnull"]
        ops += TEXT if kind in TEXTS else []
        ops += [] if kind in {"category", "boolean"} else ORDER
        op = draw(st.sampled_from(ops))
        values = KINDS[kind][1]
        if op in {"in", "not_in"}:
            values = values if kind != "zoned" else moments.map(zoned)
            values = st.lists(values, max_size=3)
        elif op == "between":
            values = st.tuples(values, values)
        elif op == "isnull":
            values = st.booleans()
        value = draw(values)
        return Q(label, op, value), truth(frame[label], op, value)
    one, mask = conditions(draw, frame, kinds, depth - 1)
    if join == "not":
        return ~one, ~mask
    other, also = conditions(draw, frame, kinds, depth - 1)
    return (one & other, mask & also) if join == "and" else (one | other, mask | also)


def chosen(frame: Any, mask: pd.Series[Any]) -> Any:
    """Return what pandas selects; what is neither true nor false is left out."""
    return frame[mask.fillna(value=False).astype(bool)]


def flights() -> pd.DataFrame:
    """Return 120 flights, ten of each month."""
    return pd.DataFrame(
        {
            "month": np.repeat(np.arange(1, 13), 10),
            "carrier": ["UA", "AA", "DL", None, "B6"] * 24,
            "delay": np.where(np.arange(120) % 7, np.arange(120) * 1.5, np.nan),
        }
    )
