"""Arrow arrays as bytes, and what is known about their values."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["compacted", "from_ipc", "to_ipc", "zone"]

_COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")
_PLAIN = pa.ipc.IpcWriteOptions()
_WORTH = 0.9
"""What is compressed to more than this of its size is kept as it is: that is read sooner."""
_WAS = b"omega.type"
"""Metadata of a field that is kept as a smaller type: the name of its own."""
_INTEGERS = (pa.int8(), pa.int16(), pa.int32())
_WITH_DICTIONARIES = ("dictionary<", "extension<")
_SAMPLE = 1024
_LONGEST_TEXT = 64
_INT64 = 2**63


def to_ipc(array: pa.Array) -> bytes:
    """Return an Arrow array as an IPC stream of its own, as small as can be read quickly."""
    kept = _narrowed(array)
    was = None if kept.type == array.type else {_WAS: str(array.type)}
    schema = pa.schema([pa.field("c", kept.type, metadata=was)])
    batch = pa.record_batch([kept], schema=schema)
    made = _stream(batch, _COMPRESSED)
    if made.size > batch.nbytes * _WORTH:
        made = _stream(batch, _PLAIN)
    data: bytes = made.to_pybytes()
    return data


def _stream(batch: pa.RecordBatch, options: pa.ipc.IpcWriteOptions) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=options) as stream:
        stream.write_batch(batch)
    return sink.getvalue()


def from_ipc(data: bytes, rows: pa.Array | None = None) -> pa.Array:
    """Return the Arrow array of an IPC stream, or what a mask of its `rows` picks."""
    schema, start = _schema(data)
    if schema is None:
        with pa.ipc.open_stream(pa.py_buffer(data)) as stream:
            schema, batch = stream.schema, stream.read_next_batch()
    else:
        batch = pa.ipc.read_record_batch(pa.py_buffer(memoryview(data)[start:]), schema)
    array, metadata = batch.column(0), schema.field(0).metadata
    if rows is not None:
        array = _filtered(array, rows)
    if metadata and _WAS in metadata:
        return array.cast(pa.type_for_alias(metadata[_WAS].decode()), safe=False)
    return array


def _schema(data: bytes) -> tuple[pa.Schema | None, int]:
    """Return the schema with which an IPC stream begins, and where that ends.

    Wide frames have thousands of columns of one type: to make their schema anew takes longer
    than all else of reading one. It is None where dictionaries may come before the rows.
    """
    start = 8 + int.from_bytes(data[4:8], "little")
    return _known_schema(data[:start]), start


@functools.lru_cache(maxsize=256)
def _known_schema(message: bytes) -> pa.Schema | None:
    schema = pa.ipc.read_schema(pa.py_buffer(message))
    told = str(schema.field(0).type)
    return None if any(word in told for word in _WITH_DICTIONARIES) else schema


def _filtered(array: pa.Array, rows: pa.Array) -> pa.Array:
    if not pa.types.is_run_end_encoded(array.type):
        return array.filter(rows)
    kept = pc.run_end_decode(array).filter(rows)  # for runs Arrow has no filter
    return pc.run_end_encode(kept, array.type.run_end_type)


def _narrowed(array: pa.Array) -> pa.Array:
    """Return integers and the offsets of text as the smallest types that hold them."""
    if pa.types.is_large_string(array.type):
        try:
            return array.cast(pa.string())
        except pa.ArrowInvalid:  # a slice of text that is longer than such offsets reach
            return array
    if not pa.types.is_integer(array.type) or array.type.bit_width == 8 or not len(array):
        return array
    bounds = _zone_of_numbers(array)
    if not {"a", "b"} <= {*bounds}:
        return array
    return array.cast(_smallest(array.type, bounds["a"], bounds["b"]), safe=False)


def _smallest(own: pa.DataType, low: int, high: int) -> pa.DataType:
    for type_ in _INTEGERS:
        most = 2 ** (type_.bit_width - 1)
        if type_.bit_width < own.bit_width and -most <= low and high < most:
            return type_
    return own


def compacted(array: pa.Array) -> pa.Array:
    """Return text as a dictionary when a sample shows that few values repeat."""
    if len(array) < _SAMPLE or not pa.types.is_large_string(array.type):
        return array
    if pc.count_distinct(array[:_SAMPLE]).as_py() > _SAMPLE // 4:
        return array
    encoded = array.dictionary_encode()
    if len(encoded.dictionary) > len(array) // 2:
        return array
    indices = _narrowed(encoded.indices)
    return pa.DictionaryArray.from_arrays(indices, encoded.dictionary)


def zone(array: pa.Array) -> dict[str, Any]:
    """Return what is known about an array's values, in numbers and text that MongoDB compares.

    ``n`` counts what is missing (null or NaN). ``a`` and ``b`` bound all other values from
    below and above; either is left out when there is no short bound. Times are counted in
    their own unit since 1970.
    """
    missing = array.null_count
    if pa.types.is_dictionary(array.type):
        array = array.dictionary
    kind = array.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return _zone_of_numbers(array)
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        return _zone_of_numbers(array.view(pa.int64()))
    if not _is_text(kind):
        return {"n": missing}
    bounds = pc.min_max(array)
    return {"n": missing, **_text_bounds(bounds["min"].as_py(), bounds["max"].as_py())}


def _zone_of_numbers(array: pa.Array) -> dict[str, Any]:
    missing = array.null_count
    if missing:
        array = array.drop_null()
    values = array.to_numpy()  # no copy; numpy finds bounds several times faster than Arrow
    if not len(values):
        return {"n": missing}
    low, high = values.min(), values.max()
    if low != low:  # noqa: PLR0124 - NaN, of which one is enough
        present = values[~np.isnan(values)]
        missing += len(values) - len(present)
        if not len(present):
            return {"n": missing}
        low, high = present.min(), present.max()
    numbers = {"a": low.item(), "b": high.item()}
    fitting = {k: n for k, n in numbers.items() if type(n) is float or -_INT64 <= n < _INT64}
    return {"n": missing, **fitting}


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_large_string(type_) or pa.types.is_string(type_))


def _text_bounds(low: str | None, high: str | None) -> dict[str, str]:
    if low is None or high is None:
        return {}
    # The start of a text bounds it from below, but nothing short does from above.
    bounds = {"a": low[:_LONGEST_TEXT]}
    return bounds if len(high) > _LONGEST_TEXT else {**bounds, "b": high}
