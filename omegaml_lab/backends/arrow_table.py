"""Tables of Arrow and frames of polars, in columns."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import InvalidFrameError, MissingDependencyError
from omegaml_lab.store.backend import Written
from omegaml_lab.store.chunked import ChunkedBackend

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.storage.payloads import Payload
    from omegaml_lab.storage.storage import Storage

__all__ = ["ArrowBackend", "PolarsBackend"]

_CONVERTING = threading.Lock()
"""A thread that asks polars for the types of an Enum, and one that converts it, may wait for each
other for ever: one with Python's lock, one with a lock of polars."""


class ArrowBackend(ChunkedBackend):
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

        table, form = self._table(obj, name)
        payload, size, digest, details = write_table(table, storage, name, chunk_rows=chunk_rows)
        payload = replace(payload, meta={**payload.meta, "form": form})
        return Written(payload=payload, size=size, hash=digest, details=details)

    def adding(
        self, obj: Any, storage: Storage, name: str, *, chunk_rows: int | None = None
    ) -> Callable[[Written], Written]:
        """Return what adds the rows of a table to one that is kept.

        It raises `SchemaMismatchError` where the columns have other names or types.
        """
        from omegaml_lab.frames.tables import TableAddition

        table, _ = self._table(obj, name)
        addition = TableAddition(table, storage, name, chunk_rows=chunk_rows)

        def add(state: Written) -> Written:
            payload, more, digest = addition.to(state.payload, state.hash)
            return Written(
                payload=replace(payload, meta={**payload.meta, "form": "table"}),
                size=state.size + more,
                hash=digest,
                details={**state.details, "rows": sum(s.rows for s in payload.segments)},
            )

        return add

    def given(self, frame: Any, payload: Payload, name: str) -> Any:
        """Return the table or record batch whose columns were read as those of a DataFrame."""
        from omegaml_lab.frames.tables import table_of

        table = table_of(frame, payload, name)
        return _batch(table) if payload.meta.get("form") == "batch" else table

    def _table(self, obj: Any, name: str) -> tuple[Any, str]:  # noqa: ARG002
        """Return the table that `obj` is, and what it was."""
        import pyarrow as pa

        if isinstance(obj, pa.RecordBatch):
            return pa.Table.from_batches([obj]), "batch"
        return obj, "table"


class PolarsBackend(ArrowBackend):
    """DataFrames of polars; a LazyFrame is collected by its streaming engine.

    They are kept as tables of Arrow, and take the same options.
    """

    kind: ClassVar[str] = "polars.frame"

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take eager and lazy frames."""
        cls = type(obj)
        return cls.__module__.startswith("polars.") and cls.__name__ in {"DataFrame", "LazyFrame"}

    def given(self, frame: Any, payload: Payload, name: str) -> Any:
        """Return the frame of polars.

        Raises
        ------
        MissingDependencyError
            If polars is not installed.
        """
        from omegaml_lab.frames.tables import table_of

        return _polars().from_arrow(table_of(frame, payload, name))

    def _table(self, obj: Any, name: str) -> tuple[Any, str]:
        import pyarrow as pa

        polars = _polars()
        frame = obj.collect(engine="streaming") if isinstance(obj, polars.LazyFrame) else obj
        with _CONVERTING:
            for column, dtype in frame.schema.items():
                if dtype == polars.Object:  # which would become addresses
                    raise InvalidFrameError(name, f"column {column!r} holds Python objects")
            try:
                # The oldest form is the one that Arrow's own functions can handle.
                return frame.to_arrow(compat_level=polars.CompatLevel.oldest()), "table"
            except (polars.exceptions.PolarsError, pa.ArrowException) as error:
                raise InvalidFrameError(name, str(error)) from error


def _polars() -> Any:
    try:
        import polars as pl
    except ImportError as error:
        remedy = "`pip install omegaml-lab[polars]` brings it; getl() reads without it."
        raise MissingDependencyError("polars", remedy) from error
    return pl


def _batch(table: Any) -> Any:
    """Return a table as one record batch; Arrow itself gives none for no rows."""
    import pyarrow as pa

    arrays = [
        column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
        for column in table.combine_chunks().columns
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=table.schema)
