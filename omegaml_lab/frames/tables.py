"""Arrow tables, kept as frames are: chunk by chunk, so that parts of them can be read."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from omegaml_lab.core.errors import IntegrityError, InvalidFrameError, SchemaMismatchError
from omegaml_lab.frames.appending import Addition
from omegaml_lab.frames.writer import CHUNK_ROWS, write_frame

if TYPE_CHECKING:
    from omegaml_lab.storage.payloads import Payload
    from omegaml_lab.storage.storage import Storage

__all__ = ["TableAddition", "table_of", "write_table"]

_TOLD = 200


def write_table(
    table: pa.Table, storage: Storage, name: str, *, chunk_rows: int | None = None
) -> tuple[Payload, int, str, dict[str, Any]]:
    """Write a table; return its payload, stored size, hash, and what to tell of it.

    Raises
    ------
    InvalidFrameError
        If two columns have one name, or a column is of a type that cannot be kept.
    """
    rows = _chunk_rows(chunk_rows, name)
    payload, size, digest = write_frame(_frame(table, name), storage, name, chunk_rows=rows)
    schema = table.schema.serialize().to_pybytes()
    payload = replace(payload, meta={**payload.meta, "schema": schema})
    told = [[field.name[:200], str(field.type)[:200]] for field in list(table.schema)[:_TOLD]]
    details = {"rows": table.num_rows, "columns": table.num_columns, "dtypes": told}
    return payload, size, digest, details


def table_of(frame: pd.DataFrame, payload: Payload, name: str) -> pa.Table:
    """Return the table, or those of its columns and rows, that were read as a DataFrame."""
    return _table(frame, _schema(payload, name))


class TableAddition:
    """Rows of a table that are to be added to one that is kept; see `Addition`."""

    def __init__(
        self, table: pa.Table, storage: Storage, name: str, *, chunk_rows: int | None = None
    ) -> None:
        self._table = table
        self._name = name
        rows = _chunk_rows(chunk_rows, name)
        self._addition = Addition(_frame(table, name), storage, name, chunk_rows=rows)

    def to(self, payload: Payload, before: str | None) -> tuple[Payload, int, str]:
        """Return the payload with the rows added, how much that is more, and the hash.

        Raises
        ------
        SchemaMismatchError
            If the columns have other names or types.
        """
        schema = _schema(payload, self._name)
        for field in schema:
            types = [f.type for f in self._table.schema if f.name == field.name]
            if types and types[0] != field.type:
                reason = f"column {field.name!r} is {field.type} there and {types[0]} here"
                raise SchemaMismatchError(self._name, reason)
        added, written = self._addition.to(payload)
        sizes = [p.blob.size if p.blob else 0 for p in (payload, added)]
        more = sizes[1] - sizes[0] + sum(part.size for part in written)
        digest = self._addition.hash(before, added, written)
        return replace(added, meta=payload.meta), more, digest


def _chunk_rows(wanted: int | None, name: str) -> int:
    rows: Any = CHUNK_ROWS if wanted is None else wanted
    if not isinstance(rows, Integral) or int(rows) < 1:
        raise InvalidFrameError(name, f"chunk_rows must be a number of rows, not {rows!r}")
    return int(rows)


def _frame(table: pa.Table, name: str) -> pd.DataFrame:
    """Return a DataFrame that holds the very columns of a table."""
    try:
        arrays = {
            number: pd.arrays.ArrowExtensionArray(_plain(column))
            for number, column in enumerate(table.columns)
        }
        frame = pd.DataFrame(arrays, index=pd.RangeIndex(table.num_rows), copy=False)
    except (pa.ArrowException, NotImplementedError) as error:
        raise InvalidFrameError(name, str(error)) from error
    frame.columns = pd.Index(table.column_names, dtype=object)
    return frame


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of views, or of runs, as one of plain values: Arrow does little with them.

    For runs it has no comparison and no sum, and finds nothing in them missing.
    """
    if pa.types.is_run_end_encoded(column.type):
        return pa.chunked_array(
            [pc.run_end_decode(chunk) for chunk in column.chunks], column.type.value_type
        )
    if pa.types.is_string_view(column.type):
        return column.cast(pa.large_string())
    return column.cast(pa.large_binary()) if pa.types.is_binary_view(column.type) else column


def _table(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Return the table whose columns a DataFrame holds, with the metadata of its schema."""
    fields = [schema.field(label) for label in frame.columns]
    columns = [
        _column(frame.iloc[:, number].array, field.type) for number, field in enumerate(fields)
    ]
    chosen = pa.schema(fields, metadata=schema.metadata)
    if not columns:
        return (
            pa.table({"": pa.nulls(len(frame))})
            .select([])
            .replace_schema_metadata(schema.metadata)
        )
    return pa.table(columns, schema=chosen)


def _column(array: Any, type_: pa.DataType) -> pa.ChunkedArray:
    chunked = pa.chunked_array(array.__arrow_array__())
    if chunked.type == type_:
        return chunked
    if pa.types.is_run_end_encoded(type_):
        return pc.run_end_encode(chunked.cast(type_.value_type), type_.run_end_type)
    return chunked.cast(type_)


def _schema(payload: Payload, name: str) -> pa.Schema:
    try:
        return pa.ipc.read_schema(pa.py_buffer(payload.meta["schema"]))
    except (KeyError, pa.ArrowException) as error:
        raise IntegrityError(f"table {name!r}", "its schema cannot be read") from error
