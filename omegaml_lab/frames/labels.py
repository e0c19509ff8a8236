"""Labels: pandas indexes as plain values, whole or with their arrays kept as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from omegaml_lab.core.errors import InvalidFrameError
from omegaml_lab.frames import columns
from omegaml_lab.frames.ipc import from_ipc, to_ipc

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["build", "decode_labels", "describe", "encode_labels", "levels"]


def describe(index: pd.Index, name: str) -> dict[str, Any]:
    """Return all of an index but its arrays; `name` is of the frame, for messages."""
    if type(index) is pd.RangeIndex:
        parts = [index.start, index.stop, index.step]
        return {"form": "range", "range": parts, "name": index.name}
    if isinstance(index, pd.MultiIndex):
        return {"form": "multi", "names": list(index.names)}
    plain: dict[str, Any] = {"form": "array", "name": index.name}
    freq = getattr(index, "freq", None)
    if freq is not None and not isinstance(index, pd.PeriodIndex):
        if pd.tseries.frequencies.to_offset(freq.freqstr) != freq:
            raise InvalidFrameError(
                name, f"the frequency {freq!r} of its index has no name; set freq to None"
            )
        plain["freq"] = freq.freqstr
    return plain


def levels(index: pd.Index) -> list[Any]:
    """Return the arrays that make up an index."""
    if type(index) is pd.RangeIndex:
        return []
    if isinstance(index, pd.MultiIndex):
        return [index.get_level_values(i).array for i in range(index.nlevels)]
    return [index.array]


def build(plain: dict[str, Any], arrays: Sequence[Any]) -> pd.Index:
    """Return the index that `describe` and `levels` took apart."""
    if plain["form"] == "range":
        return pd.RangeIndex(*plain["range"]).rename(plain["name"])
    if plain["form"] == "multi":
        return pd.MultiIndex.from_arrays([_flat(a) for a in arrays], names=plain["names"])
    index = _flat(arrays[0]).rename(plain["name"])
    if freq := plain.get("freq"):
        index.freq = pd.tseries.frequencies.to_offset(freq)  # type: ignore[attr-defined]
    return index


def encode_labels(index: pd.Index) -> dict[str, Any]:
    """Return a whole index as plain values."""
    encoded = [columns.encode(array) for array in levels(index)]
    return {
        "index": describe(index, "labels"),
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


def _flat(array: Any) -> pd.Index:
    # With its dtype said, or pandas would guess that objects are text or dates.
    index: pd.Index[Any] = pd.Index(array, dtype=array.dtype, copy=False)
    return index
