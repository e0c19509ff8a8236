"""Columns without rows: what a frame is made of, known without reading any of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from omegaml_lab.frames.columns import decode
from omegaml_lab.frames.ipc import from_ipc

if TYPE_CHECKING:
    from omegaml_lab.frames.columns import Recipe

__all__ = ["empty", "nothing"]


def empty(recipe: Recipe) -> Any:
    """Return the pandas array of no rows."""
    return decode(recipe, [nothing(recipe)])


def nothing(recipe: Recipe) -> pa.Array:
    """Return the Arrow array of no rows, of the type that chunks of this column have."""
    return _NOTHING[recipe["form"]](recipe)


def _masked(recipe: Recipe) -> pa.Array:
    dtype: Any = pd.api.types.pandas_dtype(recipe["dtype"])
    return pa.array(pd.array([], dtype=dtype))


def _native(recipe: Recipe) -> np.dtype[Any]:
    return np.dtype(recipe["dtype"]).newbyteorder("=")


def _interval(recipe: Recipe) -> pa.Array:
    return pa.StructArray.from_arrays([nothing(recipe["side"])] * 2, ["left", "right"])


_NOTHING: dict[str, Callable[[Recipe], pa.Array]] = {
    "numpy": lambda recipe: pa.array(np.empty(0, _native(recipe))),
    "time": lambda recipe: pa.array(np.empty(0, _native(recipe))),
    "raw": lambda recipe: pa.array([], type=pa.binary(np.dtype(recipe["dtype"]).itemsize)),
    "zoned": lambda recipe: pa.array(np.empty(0, f"M8[{recipe['unit']}]")),
    "masked": _masked,
    "text": lambda _: pa.array([], type=pa.large_string()),
    "object": lambda _: pa.array([], type=pa.large_binary()),
    "category": lambda _: pa.array([], type=pa.int8()),
    "period": lambda _: pa.array([], type=pa.int64()),
    "interval": _interval,
    "sparse": lambda recipe: nothing(recipe["dense"]),
    "arrow": lambda recipe: from_ipc(recipe["empty"]),
}
