"""Aggregates: what each needs of a chunk, and how chunks are joined to what pandas would say.

Of the rows of a chunk Arrow makes partial results, one row a group. Pandas joins them: it alone
knows how groups are ordered, which keys are equal, and what an index of them looks like.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from omegaml_lab.frames import columns
from omegaml_lab.frames.empties import nothing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omegaml_lab.frames.columns import Recipe

__all__ = [
    "AGGREGATES",
    "MEANT",
    "SIZE",
    "Partials",
    "can_group",
    "can_reduce",
    "decoded",
    "finished",
    "joined",
    "of_values",
    "partial",
    "sample",
    "typed",
]

_NEEDS: dict[str, tuple[str, ...]] = {
    "size": (),
    "count": ("n",),
    "sum": ("sum",),
    "mean": ("n", "total"),
    "min": ("min",),
    "max": ("max",),
    "first": ("first",),
    "last": ("last",),
    "std": ("n", "total", "spread"),
    "var": ("n", "total", "spread"),
    "nunique": ("values",),
    "median": ("values",),
}
AGGREGATES = tuple(_NEEDS)
"""What can be asked of the rows of a group."""

MEANT = {
    "average": "mean", "avg": "mean", "total": "sum", "amin": "min", "amax": "max",
    "minimum": "min", "lowest": "min", "maximum": "max", "highest": "max",
    "len": "size", "rows": "size", "n": "count", "distinct": "nunique", "n_unique": "nunique",
    "unique": "nunique", "variance": "var", "stddev": "std", "sd": "std", "nth": "first",
}  # fmt: skip
"""What aggregates are called in other languages and libraries."""

SIZE = "size"
Part = tuple[int, str]
"""A column of partial results: of which position, and what is known of it."""

_VALUED = {"min", "max", "first", "last"}
_COUNTS = {"size", "count", "nunique"}
_CLOSE = 5e-4
"""So far off pandas lets the short floats be that it makes of long ones."""
_ORDERED = _COUNTS | _VALUED


def can_group(recipe: Recipe) -> bool:
    """Say whether Arrow finds the groups of such a key as pandas does."""
    if recipe["form"] == "object":
        return bool(recipe["as"] == "str")
    if recipe["form"] in {"numpy", "masked"}:
        return _number(recipe) != "float16"
    form: str = recipe["form"]
    return form in {"time", "zoned", "text", "category"}


def can_reduce(recipe: Recipe, op: str) -> bool:
    """Say whether Arrow can make the partial results of a column."""
    form = recipe["form"]
    if form in {"numpy", "masked"}:
        kind = _number(recipe)
        if kind == "float32" and op == "mean":
            return False  # by the values pandas decides whether it is of short floats
        return kind != "float16" and not (kind.startswith("bool") and op in {"std", "var"})
    if form == "time":
        return np.dtype(recipe["dtype"]).kind == "M" and op in _ORDERED
    if form in {"zoned", "text"}:
        return op in _ORDERED
    if form == "category":
        return op in _COUNTS | {"first", "last"}
    return bool(form == "object" and recipe["as"] == "str" and op in _COUNTS)


def _number(recipe: Recipe) -> str:
    return str(np.dtype(recipe["dtype"].lower().replace("boolean", "bool")).name)


# -- of a chunk ------------------------------------------------------------------------------


class Partials:
    """Which partial results aggregates need; `wanted` are positions and what is asked of them.

    With `as_met` groups come in the order of their first rows.
    """

    def __init__(
        self, keys: Sequence[int], wanted: Sequence[tuple[int, str]], *, as_met: bool = False
    ) -> None:
        self.as_met = as_met
        self.keys = list(dict.fromkeys(keys))
        self.parts = list(dict.fromkeys((p, need) for p, op in wanted for need in _NEEDS[op]))
        self.spelt = [position for position, need in self.parts if need == "values"]
        self.parts = [part for part in self.parts if part[1] != "values"]

    @property
    def positions(self) -> list[int]:
        """The columns that have to be read."""
        return list(dict.fromkeys((*self.keys, *(p for p, _ in self.parts), *self.spelt)))


def partial(
    partials: Partials, arrays: dict[int, pa.Array], recipes: Sequence[Recipe], rows: int
) -> list[pa.Table]:
    """Return partial results of some rows, first those with a row for each group.

    The others are of the columns that are spelt out: a row for each group and value.
    """
    known = {p: _prepared(arrays[p], recipes[p]) for p in partials.positions}
    keys = [_key(known[p], recipes[p]) for p in partials.keys] or [pa.nulls(rows, pa.int8())]
    names = [f"k{number}" for number in range(len(keys))]
    reduced = [_reduced(known[p], need) for p, need in partials.parts]
    table = pa.table([*keys, *reduced], names=[*names, *map(str, range(len(reduced)))])
    # Where nothing is missing there are as many values as rows.
    whole = [need == "n" and not known[p].null_count for p, need in partials.parts]
    asked: list[Any] = [([], "count_all")]
    asked += [
        (str(i), *_KERNELS[need]) for i, (_, need) in enumerate(partials.parts) if not whole[i]
    ]
    made = _grouped(table, names, asked, as_met=partials.as_met).columns
    groups, size, others = made[: len(names)], made[len(names)], iter(made[len(names) + 1 :])
    found = [size if is_whole else next(others) for is_whole in whole]
    results = [
        pa.table([*groups, size, *found], names=[*names, SIZE, *map(_name, partials.parts)])
    ]
    for position in partials.spelt:
        pairs = pa.table([*keys, known[position]], names=[*names, "v"])
        counted = _grouped(pairs, [*names, "v"], [([], "count_all")], as_met=partials.as_met)
        results.append(counted.rename_columns([*names, "v", SIZE]))
    return [_plain(result) for result in results]


def _grouped(table: pa.Table, names: list[str], asked: list[Any], *, as_met: bool) -> pa.Table:
    """Return the keys of each group, and then in order what is asked of it."""
    if not as_met:
        return table.group_by(names, use_threads=False).aggregate(asked)
    # Arrow keeps no order, not with one thread either: groups whose hashes meet change places.
    table = table.append_column("row", pa.array(np.arange(len(table))))
    made = table.group_by(names, use_threads=False).aggregate([*asked, ("row", "min")])
    return made.sort_by("row_min").drop_columns(["row_min"])


def _prepared(array: pa.Array, recipe: Recipe) -> pa.Array:
    """Return an array in which what pandas takes for missing is null."""
    if recipe["form"] == "category":
        return pc.if_else(pc.less(array, 0), pa.scalar(None, array.type), array)
    if not pa.types.is_floating(array.type) or recipe["form"] == "masked":
        return array  # of nullable numbers those that are none are there
    values = array.to_numpy(zero_copy_only=False)
    return pa.array(values, from_pandas=True) if np.isnan(values.min(initial=0)) else array


def _key(array: pa.Array, recipe: Recipe) -> pa.Array:
    if recipe["form"] in {"numpy", "masked"} and pa.types.is_floating(array.type):
        return pc.add(array, pa.scalar(0.0, array.type))  # there are two zeros, in one group
    return array


def _reduced(array: pa.Array, need: str) -> pa.Array:
    if need in {"total", "spread"} and not pa.types.is_float64(array.type):
        return array.cast(pa.float64(), safe=False)
    if need in _VALUED and pa.types.is_dictionary(array.type):
        return array.dictionary_decode()
    return array


_ZERO = pc.ScalarAggregateOptions(min_count=0)
_KERNELS: dict[str, tuple[Any, ...]] = {
    "n": ("count",),
    "sum": ("sum", _ZERO),
    "total": ("sum", _ZERO),
    "spread": ("variance", pc.VarianceOptions(ddof=0)),
    "min": ("min",),
    "max": ("max",),
    "first": ("first",),
    "last": ("last",),
}


def _name(part: Part) -> str:
    return f"{part[0]} {part[1]}"


def _plain(table: pa.Table) -> pa.Table:
    for number, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            spelt = _whole(table.column(number)).dictionary_decode()
            table = table.set_column(number, field.name, spelt)
    return table


# -- of all chunks ---------------------------------------------------------------------------


def decoded(
    table: pa.Table, partials: Partials, recipes: Sequence[Recipe], spelt: int | None = None
) -> pd.DataFrame:
    """Return partial results of one segment, with keys and values as pandas has them.

    `spelt` is the column that they are of when they are a row for each value.
    """
    held = {f"k{number}": position for number, position in enumerate(partials.keys)}
    held |= {_name(part): part[0] for part in partials.parts if part[1] in _VALUED}
    if spelt is not None:
        held["v"] = spelt
    made: dict[Any, Any] = {}
    for name in table.column_names:
        array = _whole(table.column(name))
        if name in held:
            values = _values(array, recipes[held[name]])
            made[name] = pd.Series(values, dtype=values.dtype, copy=False)
        elif pa.types.is_null(array.type):  # the key of totals
            made[name] = np.zeros(len(array), dtype=np.int8)
        else:
            made[name] = pc.fill_null(array, 0).to_numpy(zero_copy_only=False)
    for position, need in partials.parts:
        if need == "spread" and spelt is None:  # to a sum of squares, which can be added up
            made[f"{position} spread"] = made[f"{position} spread"] * made[f"{position} n"]
    return pd.DataFrame(made, copy=False)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    # What Arrow makes of no groups has no chunks.
    chunks = column.chunks or [pa.array([], column.type)]
    return chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)


def _values(array: pa.Array, recipe: Recipe) -> Any:
    if recipe["form"] == "category":
        array = pc.fill_null(array, -1)
    return columns.decode(recipe, [array])


_JOINS: dict[str, Callable[[Any], Any]] = {
    "min": lambda column: column.min(),
    "max": lambda column: column.max(),
    "first": lambda column: column.first(),
    "last": lambda column: column.last(),
}


def joined(frame: Any, keys: list[str], how: Mapping[str, bool]) -> pd.DataFrame:
    """Return partial results of chunks as those of all rows; `how` pandas groups them."""
    spreads = [name for name in frame.columns if name.endswith(" spread")]
    if spreads:
        frame = frame.assign(**{name: _about_all(frame, name, keys) for name in spreads})
    by = frame.groupby(keys, observed=True, **how)
    needs = {name: name.rpartition(" ")[2] for name in frame.columns.drop(keys)}
    added = [name for name, need in needs.items() if need not in _JOINS]
    # What is no number comes of infinities, and stays.
    sums: pd.DataFrame = by[added].sum(skipna=False)
    others = {n: _JOINS[need](by[n]) for n, need in needs.items() if need in _JOINS}
    return sums.assign(**others)[list(needs)] if others else sums


def _about_all(frame: Any, name: str, keys: list[str]) -> Any:
    """Return sums of squares about the mean of all rows of a group, not of those of a chunk.

    The source is Chan, Golub and LeVeque, "Updating formulae", 1979.
    """
    position = name.partition(" ")[0]
    n, total = f"{position} n", f"{position} total"
    by = frame.groupby(keys, observed=True, sort=False, dropna=False)
    whole = by[[n, total]].transform("sum")
    with np.errstate(invalid="ignore", divide="ignore"):
        off = frame[total] / frame[n] - whole[total] / whole[n]
    return frame[name] + (frame[n] * off**2).where(frame[n] > 0, 0.0)


def finished(op: str, position: int, whole: pd.DataFrame) -> Any:
    """Return an aggregate of a column from the joined partial results."""
    if op == SIZE:
        return whole[SIZE]
    if op in {"mean", "var", "std"}:
        n = whole[f"{position} n"]
        with np.errstate(invalid="ignore", divide="ignore"):
            if op == "mean":
                return whole[f"{position} total"] / n
            variance = (whole[f"{position} spread"] / (n - 1)).where(n > 1)
            return variance if op == "var" else np.sqrt(variance)
    return whole[f"{position} {'n' if op == 'count' else op}"]


def of_values(op: str, pairs: Any, keys: list[str], how: Mapping[str, bool]) -> Any:
    """Return an aggregate from the rows for each group and value."""
    if op == "median":  # which needs each value as often as it is there
        pairs = pairs.loc[np.repeat(pairs.index.to_numpy(), pairs[SIZE].to_numpy())]
    by = pairs.groupby(keys, observed=True, **how)["v"]
    return by.median() if op == "median" else by.nunique()


def sample(recipe: Recipe) -> Any:
    """Return a column of one row, which tells of what type pandas makes an aggregate."""
    type_ = nothing(recipe).type
    if recipe["form"] == "category" and not len(
        columns.decode(recipe, [nothing(recipe)]).categories
    ):
        return columns.decode(recipe, [pa.array([-1], type_)])
    text = pa.types.is_large_string(type_) or pa.types.is_large_binary(type_)
    one = pa.array([""], pa.large_string()) if text else pa.array([0]).cast(type_)
    return columns.decode(recipe, [one])


def typed(column: Any, dtype: Any, op: str) -> Any:
    """Return an aggregate as the type that it has of one row, unless that is too small for it.

    Sums of short integers, and what is computed of short floats as of long ones, pandas gives
    back as short where all of them fit, else as long.
    """
    if column.dtype == dtype:
        return column
    if column.dtype.kind == dtype.kind and not _fits(column, dtype, op):
        long = {"i": "Int64", "u": "UInt64", "f": "Float64"}[dtype.kind]
        return column if isinstance(dtype, np.dtype) else column.astype(long)
    return column.astype(dtype)


def _fits(column: Any, dtype: Any, op: str) -> bool:
    plain = np.dtype(dtype.name.lower())
    if plain.kind in "iu":
        ends = np.iinfo(plain)
        return not len(column) or bool(ends.min <= column.min() and column.max() <= ends.max)
    if plain.kind != "f" or op not in {"std", "median"}:
        return True
    values = column.to_numpy(dtype="float64", na_value=np.nan)
    with np.errstate(over="ignore"):
        short = values.astype(plain)
    return bool(np.allclose(short, values, rtol=0, atol=_CLOSE, equal_nan=True))
