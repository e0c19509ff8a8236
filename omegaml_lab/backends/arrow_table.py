"""Arrow tables and record batches, in columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.filters import Q
from omegaml_lab.store.backend import FrameBackend, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from omegaml_lab.frames.reader import Selection
    from omegaml_lab.storage.payloads import Payload
    from omegaml_lab.storage.storage import Storage

__all__ = ["ArrowBackend"]


class ArrowBackend(FrameBackend):
    """Tables and record batches of Arrow; types, and metadata of schema and fields, come back.

    They are kept as frames are, and take the same options.
    """

    kind: ClassVar[str] = "arrow.table"
    stores: ClassVar[frozenset[str]] = frozenset({"datasets"})

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take tables and record batches."""
        cls = type(obj)
        return cls.__module__ == "pyarrow.lib" and cls.__name__ in {"Table", "RecordBatch"}

    def write(
        self, obj: Any, storage: Storage, name: str, *, chunk_rows: int | None = None
    ) -> Written:
        """Write the table.

        Raises
        ------
        InvalidFrameError
            If two columns have one name, or a column is of a type that cannot be kept.
        """
        from omegaml_lab.frames.tables import write_table

        table = _table(obj)
        payload, size, digest, details = write_table(table, storage, name, chunk_rows=chunk_rows)
        form = "table" if table is obj else "batch"
        payload = replace(payload, meta={**payload.meta, "form": form})
        return Written(payload=payload, size=size, hash=digest, details=details)

    def adding(
        self, obj: Any, storage: Storage, name: str, *, chunk_rows: int | None = None
    ) -> Callable[[Written], Written]:
        """Return what adds the rows of a table to one that is kept.

        It raises `SchemaMismatchError` where the columns have other names or types.
        """
        from omegaml_lab.frames.tables import TableAddition

        addition = TableAddition(_table(obj), storage, name, chunk_rows=chunk_rows)

        def add(state: Written) -> Written:
            payload, more, digest = addition.to(state.payload, state.hash)
            return Written(
                payload=replace(payload, meta={**payload.meta, "form": "table"}),
                size=state.size + more,
                hash=digest,
                details={**state.details, "rows": sum(s.rows for s in payload.segments)},
            )

        return add

    def read(
        self,
        payload: Payload,
        storage: Storage,
        name: str,
        /,
        *where: Q,
        columns: Sequence[str] | str | None = None,
        **filters: Any,
    ) -> Any:
        """Return the table, or some of its columns and rows.

        Raises
        ------
        UnknownColumnError
            If it has no such column.
        InvalidFilterError
            If there is no such operator, or the value does not fit the column.
        """
        from omegaml_lab.frames.tables import read_table

        table = read_table(payload, storage, name, _selection(where, columns, filters))
        if payload.meta.get("form") == "batch":
            return _batch(table)
        return table

    def read_lazily(
        self,
        payload: Payload,
        storage: Storage,
        name: str,
        /,
        *where: Q,
        columns: Sequence[str] | str | None = None,
        **filters: Any,
    ) -> Any:
        """Return a Dask frame with columns of Arrow's types; errors like `read`."""
        from omegaml_lab.frames.lazy import lazy_frame

        return lazy_frame(payload, storage, name, _selection(where, columns, filters))

    def iterate(
        self,
        payload: Payload,
        storage: Storage,
        name: str,
        /,
        *where: Q,
        columns: Sequence[str] | str | None = None,
        **filters: Any,
    ) -> Iterator[Any]:
        """Return the chunks as successive tables; errors like `read`."""
        from omegaml_lab.frames.tables import iterate_table

        return iterate_table(payload, storage, name, _selection(where, columns, filters))


def _selection(
    where: Sequence[Q], columns: Sequence[str] | str | None, filters: Mapping[str, Any]
) -> Selection:
    from omegaml_lab.frames.reader import Selection

    wanted = [columns] if isinstance(columns, str) else columns
    return Selection(columns=wanted, where=Q.every(where, filters))


def _table(obj: Any) -> Any:
    import pyarrow as pa

    return pa.Table.from_batches([obj]) if isinstance(obj, pa.RecordBatch) else obj


def _batch(table: Any) -> Any:
    """Return a table as one record batch; Arrow itself gives none for no rows."""
    import pyarrow as pa

    arrays = [
        column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
        for column in table.combine_chunks().columns
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=table.schema)
