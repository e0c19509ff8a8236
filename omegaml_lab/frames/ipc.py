"""Arrow arrays as bytes, and what is known about their values."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["compacted", "from_ipc", "to_ipc", "zone"]

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")
_SAMPLE = 1024
_LONGEST_TEXT = 64
_INT64 = 2**63


def to_ipc(array: pa.Array) -> bytes:
    """Return an Arrow array as an IPC stream of its own, compressed."""
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([array], names=["c"])
    with pa.ipc.new_stream(sink, batch.schema, options=_OPTIONS) as stream:
        stream.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def from_ipc(data: bytes) -> pa.Array:
    """Return the Arrow array of an IPC stream."""
    with pa.ipc.open_stream(pa.py_buffer(data)) as stream:
        return stream.read_next_batch().column(0)


def compacted(array: pa.Array) -> pa.Array:
    """Return text as a dictionary when a sample shows that few values repeat."""
    if len(array) < _SAMPLE or not pa.types.is_large_string(array.type):
        return array
    if pc.count_distinct(array[:_SAMPLE]).as_py() > _SAMPLE // 4:
        return array
    encoded = array.dictionary_encode()
    return encoded if len(encoded.dictionary) <= len(array) // 2 else array


def zone(array: pa.Array) -> dict[str, Any]:
    """Return what is known about an array's values, in numbers and text that MongoDB compares.

    ``n`` counts what is missing (null or NaN). ``a`` and ``b`` bound all other values from
    below and above; either is left out when there is no short bound. Times are counted in
    their own unit since 1970.
    """
    missing = array.null_count
    if pa.types.is_dictionary(array.type):
        array = array.dictionary
    if pa.types.is_floating(array.type):
        missing += pc.sum(pc.is_nan(array)).as_py() or 0
        if pa.types.is_float16(array.type):
            array = array.cast(pa.float32())
    elif pa.types.is_temporal(array.type) and array.type.bit_width == 64:
        if pa.types.is_date64(array.type):
            return {"n": missing}
        array = array.view(pa.int64())
    elif not (_is_text(array.type) or pa.types.is_integer(array.type)):
        return {"n": missing}
    bounds = pc.min_max(array)
    return {"n": missing, **_bounds(bounds["min"].as_py(), bounds["max"].as_py())}


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_large_string(type_) or pa.types.is_string(type_))


def _bounds(low: Any, high: Any) -> dict[str, Any]:
    if low is None or low != low:  # noqa: PLR0124 - nothing but missing values
        return {}
    if isinstance(low, str):
        # The start of a text bounds it from below, but nothing short does from above.
        bounds = {"a": low[:_LONGEST_TEXT]}
        return bounds if len(high) > _LONGEST_TEXT else {**bounds, "b": high}
    numbers = {"a": low, "b": high}
    return {key: n for key, n in numbers.items() if type(n) is float or -_INT64 <= n < _INT64}
