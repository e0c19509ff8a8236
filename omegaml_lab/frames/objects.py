"""Columns of Python objects: text and bytes in Arrow's form, other values one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from omegaml_lab.frames.values import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["decode", "encode", "width"]

_MISSING: dict[Any, tuple[str, Any]] = {
    type(None): ("None", None),
    float: ("nan", np.nan),
    type(pd.NA): ("NA", pd.NA),
}
_GUESS = 64
_BY_NAME = dict(_MISSING.values())
_ARROW: dict[Any, Any] = {str: pa.large_string(), bytes: pa.large_binary()}


def encode(values: np.ndarray[Any, Any]) -> tuple[dict[str, Any], Callable[[int, int], pa.Array]]:
    """Return the recipe, and what cuts slices, of an array of objects."""
    uniform = _uniform(values)
    if uniform is not None:
        base, missing = uniform
        type_ = _ARROW[base]
        recipe = {"form": "object", "as": base.__name__, "missing": missing}
        if base is bytes or _is_utf8(values):
            return recipe, lambda start, stop: pa.array(
                values[start:stop], type=type_, from_pandas=True
            )

    def cut(start: int, stop: int) -> pa.Array:
        return pa.array([pack(value) for value in values[start:stop]], type=pa.large_binary())

    return {"form": "object", "as": "values"}, cut


def decode(recipe: dict[str, Any], chunks: Sequence[pa.Array]) -> np.ndarray[Any, Any]:
    """Return the array of objects."""
    out = np.empty(sum(len(chunk) for chunk in chunks), dtype=object)
    position = 0
    for chunk in chunks:
        part = out[position : position + len(chunk)]
        position += len(chunk)
        if recipe["as"] == "values":
            for index, packed in enumerate(chunk.to_pylist()):
                part[index] = unpack(packed)
        else:
            part[:] = chunk.to_numpy(zero_copy_only=False)
            if chunk.null_count and recipe["missing"] != "None":
                part[np.asarray(chunk.is_null())] = _BY_NAME[recipe["missing"]]
    return out


def width(values: np.ndarray[Any, Any]) -> float:
    """Return about how many bytes a value takes, from a sample."""
    sample = values[:: max(1, len(values) // 500)]
    sizes = [len(value) if isinstance(value, str | bytes) else _GUESS for value in sample]
    return sum(sizes) / max(1, len(sizes))


def _uniform(values: np.ndarray[Any, Any]) -> tuple[type, str] | None:
    """Return the one type of all values and how missing ones are spelt, None when mixed."""
    types = set(map(type, values))
    base = next((cls for cls in (str, bytes) if cls in types), None)
    if base is None or len(types) > 2:
        return None
    (other,) = types - {base} or {type(None)}
    if other not in _MISSING:
        return None
    if other is float and any(type(v) is float and v == v for v in values):  # noqa: PLR0124
        return None  # a real number among the text
    return base, _MISSING[other][0]


def _is_utf8(values: np.ndarray[Any, Any]) -> bool:
    """Say whether Arrow can hold all of the text: halves of surrogate pairs it cannot."""
    try:
        for value in values:
            if type(value) is str and not value.isascii():
                value.encode()
    except UnicodeEncodeError:
        return False
    return True
