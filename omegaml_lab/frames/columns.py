"""Columns: pandas arrays as Arrow arrays, slice by slice, and back, exactly.

Each column has a recipe: plain values that say what Arrow alone does not know. Recipes are
stored; a form, once written, must stay readable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from omegaml_lab.core.errors import UnsupportedObjectError
from omegaml_lab.frames import objects
from omegaml_lab.frames.frequencies import name_of, with_frequency
from omegaml_lab.frames.ipc import from_ipc, to_ipc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["EncodedColumn", "Recipe", "decode", "encode", "is_flat"]

Recipe = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedColumn:
    """A column about to be written.

    `slice(start, stop)` returns these rows in Arrow's form, and may be called by any thread;
    `width` is about how many bytes a row takes; `where` names the column in messages.
    """

    where: str = ""
    recipe: Recipe
    slice: Callable[[int, int], pa.Array]
    width: float


def encode(values: Any) -> EncodedColumn:
    """Return the column for a pandas array.

    Raises
    ------
    UnsupportedObjectError
        If it holds values of types that cannot be kept.
    """
    for dtype, encoder in _ENCODERS:
        if isinstance(values.dtype, dtype):
            return encoder(values)
    if not isinstance(values.dtype, np.dtype) and not isinstance(
        values, pd.arrays.NumpyExtensionArray
    ):
        raise UnsupportedObjectError("pandas.chunks", f"column of {values.dtype}")
    array = np.asarray(values)
    if array.dtype == object:
        recipe, cut = objects.encode(array)
        return EncodedColumn(recipe=recipe, slice=cut, width=objects.width(array))
    return _encode_numpy(array)


def decode(recipe: Recipe, chunks: Sequence[pa.Array]) -> Any:
    """Return the pandas array that was encoded; there must be at least one chunk."""
    form = recipe["form"]
    if form == "object":
        return objects.decode(recipe, chunks)
    return _DECODERS[form](recipe, chunks)


def is_flat(recipe: Recipe) -> bool:
    """Say whether the array is a numpy array whose slices can be filled in one by one."""
    return recipe["form"] in {"numpy", "time"}


# -- numpy ---------------------------------------------------------------------------------


def _encode_numpy(values: np.ndarray[Any, Any]) -> EncodedColumn:
    dtype = values.dtype
    if dtype.kind in "mM":
        recipe, cut = {"form": "time", "dtype": dtype.str}, _slices(values, from_pandas=True)
    elif dtype.kind in "biuf" and dtype.itemsize <= 8:
        native = values if dtype.isnative else values.astype(dtype.newbyteorder("="))
        recipe, cut = {"form": "numpy", "dtype": dtype.str}, _slices(native, from_pandas=False)
    else:  # complex and extended precision, of which Arrow knows nothing
        recipe, cut = {"form": "raw", "dtype": dtype.str}, _raw_slices(values)
    return EncodedColumn(recipe=recipe, slice=cut, width=dtype.itemsize)


def _slices(values: Any, *, from_pandas: bool) -> Callable[[int, int], pa.Array]:
    # from_pandas=False keeps NaN a value, as it is in numpy.
    return lambda start, stop: pa.array(values[start:stop], from_pandas=from_pandas)


def _raw_slices(values: np.ndarray[Any, Any]) -> Callable[[int, int], pa.Array]:
    size = values.dtype.itemsize

    def cut(start: int, stop: int) -> pa.Array:
        buffer = pa.py_buffer(np.ascontiguousarray(values[start:stop]).tobytes())
        return pa.Array.from_buffers(pa.binary(size), stop - start, [None, buffer])

    return cut


def _decode_flat(recipe: Recipe, chunks: Sequence[pa.Array]) -> np.ndarray[Any, Any]:
    parts = [to_numpy(recipe, chunk) for chunk in chunks]
    return parts[0].copy() if len(parts) == 1 else np.concatenate(parts)


def to_numpy(recipe: Recipe, chunk: pa.Array) -> np.ndarray[Any, Any]:
    """Return the rows of a chunk of a flat column; what is returned may be read-only."""
    if pa.types.is_boolean(chunk.type) and not chunk.null_count:
        return _bits(chunk)  # many times sooner than Arrow does it
    values: np.ndarray[Any, Any] = chunk.to_numpy(zero_copy_only=False)
    return values.astype(np.dtype(recipe["dtype"]), copy=False)


def _bits(chunk: pa.BooleanArray) -> np.ndarray[Any, Any]:
    packed = np.frombuffer(chunk.buffers()[1], np.uint8)
    stop = chunk.offset + len(chunk)
    return np.unpackbits(packed, count=stop, bitorder="little")[chunk.offset :].view(bool)


def _decode_raw(recipe: Recipe, chunks: Sequence[pa.Array]) -> np.ndarray[Any, Any]:
    dtype = np.dtype(recipe["dtype"])
    parts: list[Any] = []
    for chunk in chunks:
        start = chunk.offset * dtype.itemsize
        data = chunk.buffers()[1]
        parts.append(np.frombuffer(data, dtype, len(chunk), start) if len(chunk) else [])
    return np.concatenate([np.asarray(part, dtype) for part in parts])


# -- extension arrays ----------------------------------------------------------------------


def _encode_zoned(values: Any) -> EncodedColumn:
    utc = np.asarray(values, dtype=f"M8[{values.dtype.unit}]")
    unit, zone = values.dtype.unit, values.dtype.tz
    # A time carries the zone: times are what the codec of values knows zones in.
    import datetime as dt

    recipe = {"form": "zoned", "unit": unit, "zone": dt.time(tzinfo=_portable(zone))}
    return EncodedColumn(recipe=recipe, slice=_slices(utc, from_pandas=True), width=8)


def _portable(zone: Any) -> Any:
    import datetime as dt

    if type(zone).__module__.startswith("dateutil") and type(zone).__name__ == "tzutc":
        return dt.UTC
    return dt.UTC if str(zone) == "UTC" and type(zone).__module__.startswith("pytz") else zone


def _decode_zoned(recipe: Recipe, chunks: Sequence[pa.Array]) -> Any:
    dtype = f"M8[{recipe['unit']}]"
    utc = pd.DatetimeIndex(_decode_flat({"dtype": dtype}, chunks))
    return utc.tz_localize("UTC").tz_convert(recipe["zone"].tzinfo).array


def _encode_masked(values: Any) -> EncodedColumn:
    data, missing = values._data, values._mask  # noqa: SLF001 - pandas takes NaN for missing

    def cut(start: int, stop: int) -> pa.Array:
        return pa.array(data[start:stop], mask=missing[start:stop], from_pandas=False)

    recipe = {"form": "masked", "dtype": values.dtype.name}
    return EncodedColumn(recipe=recipe, slice=cut, width=8)


def _decode_masked(recipe: Recipe, chunks: Sequence[pa.Array]) -> Any:
    dtype: Any = pd.api.types.pandas_dtype(recipe["dtype"])
    if dtype.kind != "f":
        return _from_arrow(dtype, chunks)
    array = _whole(pa.chunked_array(chunks))
    values = array.fill_null(0).to_numpy(zero_copy_only=False).astype(dtype.type)
    missing = array.is_null().to_numpy(zero_copy_only=False)
    return pd.arrays.FloatingArray(values, missing.copy())


def _encode_text(values: Any) -> EncodedColumn:
    missing = "NA" if values.dtype.na_value is pd.NA else "nan"
    recipe = {"form": "text", "storage": values.dtype.storage, "missing": missing}
    width = values.nbytes / max(len(values), 1)
    return EncodedColumn(
        recipe=recipe, slice=_arrow_slices(values, pa.large_string()), width=width
    )


def _decode_text(recipe: Recipe, chunks: Sequence[pa.Array]) -> Any:
    missing = pd.NA if recipe["missing"] == "NA" else np.nan
    return _from_arrow(pd.StringDtype(recipe["storage"], na_value=missing), chunks)


def _encode_arrow(values: Any) -> EncodedColumn:
    width = values.nbytes / max(len(values), 1)
    cut = _arrow_slices(values)
    recipe = {"form": "arrow", "empty": to_ipc(cut(0, 0))}
    return EncodedColumn(recipe=recipe, slice=cut, width=width)


def _decode_arrow(_recipe: Recipe, chunks: Sequence[pa.Array]) -> Any:
    return _from_arrow(pd.ArrowDtype(chunks[0].type), chunks)


def _arrow_slices(values: Any, type_: pa.DataType | None = None) -> Callable[[int, int], pa.Array]:
    def cut(start: int, stop: int) -> pa.Array:
        array = pa.array(values[start:stop], type=type_)
        return _whole(array)

    return cut


def _whole(array: Any) -> pa.Array:
    if isinstance(array, pa.ChunkedArray):
        return array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
    return array


def _from_arrow(dtype: Any, chunks: Sequence[pa.Array]) -> Any:
    return dtype.__from_arrow__(pa.chunked_array(chunks))


def _encode_category(values: Any) -> EncodedColumn:
    index = values.categories
    categories: Recipe = {"name": index.name}
    if type(index) is pd.RangeIndex:
        categories["range"] = [index.start, index.stop, index.step]
    else:
        column = encode(index.array)
        categories["freq"] = name_of(index)
        categories["recipe"] = column.recipe
        categories["array"] = to_ipc(column.slice(0, len(index)))
    recipe = {"form": "category", "ordered": bool(values.ordered), "categories": categories}
    codes = values.codes
    return EncodedColumn(
        recipe=recipe, slice=_slices(codes, from_pandas=False), width=codes.dtype.itemsize
    )


def _decode_category(recipe: Recipe, chunks: Sequence[pa.Array]) -> Any:
    codes = _decode_flat({"dtype": chunks[0].type.to_pandas_dtype()}, chunks)
    categories = recipe["categories"]
    if "range" in categories:
        index: pd.Index[Any] = pd.RangeIndex(*categories["range"]).rename(categories["name"])
    else:
        array = decode(categories["recipe"], [from_ipc(categories["array"])])
        index = pd.Index(array, dtype=array.dtype, name=categories["name"])
        index = with_frequency(index, categories["freq"])
    dtype = pd.CategoricalDtype(index, recipe["ordered"])
    return pd.Categorical.from_codes(codes, dtype=dtype, validate=True)


def _encode_period(values: Any) -> EncodedColumn:
    ordinals = np.asarray(values.view("i8"))
    recipe = {"form": "period", "dtype": values.dtype.name}
    return EncodedColumn(recipe=recipe, slice=_slices(ordinals, from_pandas=False), width=8)


def _decode_period(recipe: Recipe, chunks: Sequence[pa.Array]) -> Any:
    ordinals = _decode_flat({"dtype": "i8"}, chunks)
    dtype: Any = pd.api.types.pandas_dtype(recipe["dtype"])
    return pd.arrays.PeriodArray(ordinals, dtype=dtype)


def _encode_interval(values: Any) -> EncodedColumn:
    left, right = encode(values.left.array), encode(values.right.array)

    def cut(start: int, stop: int) -> pa.Array:
        sides = [left.slice(start, stop), right.slice(start, stop)]
        return pa.StructArray.from_arrays(sides, ["left", "right"])

    recipe = {"form": "interval", "closed": values.closed, "side": left.recipe}
    return EncodedColumn(recipe=recipe, slice=cut, width=left.width + right.width)


def _decode_interval(recipe: Recipe, chunks: Sequence[pa.Array]) -> Any:
    left = decode(recipe["side"], [chunk.field("left") for chunk in chunks])
    right = decode(recipe["side"], [chunk.field("right") for chunk in chunks])
    return pd.arrays.IntervalArray.from_arrays(left, right, closed=recipe["closed"])


def _encode_sparse(values: Any) -> EncodedColumn:
    dense = encode(np.asarray(values.to_dense()))
    recipe = {"form": "sparse", "fill": values.dtype.fill_value, "dense": dense.recipe}
    return EncodedColumn(recipe=recipe, slice=dense.slice, width=dense.width)


def _decode_sparse(recipe: Recipe, chunks: Sequence[pa.Array]) -> Any:
    dense = decode(recipe["dense"], chunks)
    dtype = pd.SparseDtype(dense.dtype, recipe["fill"])
    return pd.arrays.SparseArray(dense, fill_value=recipe["fill"], dtype=dtype)


_MASKED = (
    pd.BooleanDtype, pd.Float32Dtype, pd.Float64Dtype,
    pd.Int8Dtype, pd.Int16Dtype, pd.Int32Dtype, pd.Int64Dtype,
    pd.UInt8Dtype, pd.UInt16Dtype, pd.UInt32Dtype, pd.UInt64Dtype,
)  # fmt: skip
_ENCODERS: tuple[tuple[Any, Callable[[Any], EncodedColumn]], ...] = (
    (pd.DatetimeTZDtype, _encode_zoned),
    (pd.StringDtype, _encode_text),
    (pd.ArrowDtype, _encode_arrow),
    (pd.CategoricalDtype, _encode_category),
    (pd.PeriodDtype, _encode_period),
    (pd.IntervalDtype, _encode_interval),
    (pd.SparseDtype, _encode_sparse),
    (_MASKED, _encode_masked),
)
_DECODERS: dict[str, Callable[[Recipe, Sequence[pa.Array]], Any]] = {
    "numpy": _decode_flat,
    "time": _decode_flat,
    "raw": _decode_raw,
    "zoned": _decode_zoned,
    "masked": _decode_masked,
    "text": _decode_text,
    "arrow": _decode_arrow,
    "category": _decode_category,
    "period": _decode_period,
    "interval": _decode_interval,
    "sparse": _decode_sparse,
}
