"""Labels: pandas indexes as plain values, whole or with their arrays kept as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from omegaml_lab.core.errors import UnsupportedObjectError
from omegaml_lab.frames import columns
from omegaml_lab.frames.frequencies import name_of, with_frequency
from omegaml_lab.frames.ipc import from_ipc, to_ipc

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "build",
    "decode_labels",
    "describe",
    "encode_labels",
    "in_order",
    "level_values",
    "levels",
]


def describe(index: pd.Index) -> dict[str, Any]:
    """Return all of an index but its arrays.

    Raises
    ------
    UnsupportedObjectError
        If it has a frequency that cannot be had from its name.
    """
    if type(index) is pd.RangeIndex:
        parts = [index.start, index.stop, index.step]
        return {"form": "range", "range": parts, "name": index.name}
    if isinstance(index, pd.MultiIndex):
        categories = [_categories(level) for level in index.levels]
        return {"form": "multi", "names": list(index.names), "categories": categories}
    return {"form": "array", "name": index.name, "freq": name_of(index)}


def levels(index: pd.Index) -> list[Any]:
    """Return the arrays that make up an index; of levels, how they are coded."""
    if type(index) is pd.RangeIndex:
        return []
    if isinstance(index, pd.MultiIndex):
        try:
            return [
                pd.Categorical.from_codes(codes, categories=_plain(level))
                for codes, level in zip(index.codes, index.levels, strict=True)
            ]
        except ValueError as error:
            raise UnsupportedObjectError("pandas.chunks", f"level where {error}") from error
    return [index.array]


def build(plain: dict[str, Any], arrays: Sequence[Any]) -> pd.Index:
    """Return the index that `describe` and `levels` took apart."""
    if plain["form"] == "range":
        return pd.RangeIndex(*plain["range"]).rename(plain["name"])
    if plain["form"] == "multi":
        return pd.MultiIndex(
            levels=[_level(plain, array, number) for number, array in enumerate(arrays)],
            codes=[array.codes for array in arrays],
            names=plain["names"],
            verify_integrity=False,
        )
    # With its dtype said, or pandas would guess that objects are text or dates.
    index: pd.Index[Any] = pd.Index(arrays[0], dtype=arrays[0].dtype, copy=False)
    with_frequency(index, plain["freq"])
    return index.rename(plain["name"])


def level_values(plain: dict[str, Any], arrays: Sequence[Any], level: int, rows: range) -> Any:
    """Return the values of one level of an index; of a range those of some `rows`."""
    if plain["form"] == "range":
        return np.arange(rows.start, rows.stop) * plain["range"][2] + plain["range"][0]
    if plain["form"] != "multi":
        return arrays[level]
    coded = arrays[level]
    values = pd.MultiIndex(
        levels=[_level(plain, coded, level)], codes=[coded.codes], verify_integrity=False
    ).get_level_values(0)
    return values.to_numpy() if values.dtype == object else values.array


def _categories(level: pd.Index) -> dict[str, Any] | None:
    """Return the categories of a level that is of some, which may be more and in another order."""
    if not isinstance(level, pd.CategoricalIndex):
        return None
    return {"labels": encode_labels(level.categories), "ordered": bool(level.ordered)}


def _plain(level: pd.Index) -> pd.Index:
    """Return a level as the values that its codes count.

    Pandas would take the categories for them, and each code for another value.
    """
    if not isinstance(level, pd.CategoricalIndex):
        return level
    if (level.codes < 0).any():
        raise ValueError("a category is missing")
    values: pd.Index[Any] = level.categories.take(level.codes)
    return values.rename(level.name)


def _level(plain: dict[str, Any], coded: Any, number: int) -> Any:
    """Return the level that `_plain` and `_categories` took apart."""
    known = plain.get("categories")  # those of earlier versions are not kept
    if known is None or known[number] is None:
        return coded.categories
    categories, ordered = decode_labels(known[number]["labels"]), known[number]["ordered"]
    dtype = pd.CategoricalDtype(categories, ordered)
    return pd.CategoricalIndex(coded.categories, dtype=dtype, name=coded.categories.name)


def in_order(plain: dict[str, Any], coded: Any, number: int) -> bool:
    """Say whether greater values of a level of many have greater codes."""
    level = _level(plain, coded, number)
    if isinstance(level, pd.CategoricalIndex):
        return level.categories.equals(_plain(level))
    return bool(level.is_monotonic_increasing)


def encode_labels(index: pd.Index) -> dict[str, Any]:
    """Return a whole index as plain values."""
    encoded = [columns.encode(array) for array in levels(index)]
    return {
        "index": describe(index),
        "recipes": [column.recipe for column in encoded],
        "arrays": [to_ipc(column.slice(0, len(index))) for column in encoded],
    }


def decode_labels(plain: dict[str, Any]) -> pd.Index:
    """Return the index that `encode_labels` took."""
    arrays = [
        columns.decode(recipe, [from_ipc(data)])
        for recipe, data in zip(plain["recipes"], plain["arrays"], strict=True)
    ]
    return build(plain["index"], arrays)
