"""polars DataFrames, in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import InvalidFrameError, MissingDependencyError
from omegaml_lab.core.filters import Q
from omegaml_lab.store.backend import FrameBackend, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from omegaml_lab.frames.reader import Selection
    from omegaml_lab.storage.payloads import Payload
    from omegaml_lab.storage.storage import Storage

__all__ = ["PolarsBackend"]


class PolarsBackend(FrameBackend):
    """DataFrames of polars; a LazyFrame is collected by its streaming engine.

    They are kept as frames are, and take the same options.
    """

    kind: ClassVar[str] = "polars.frame"
    stores: ClassVar[frozenset[str]] = frozenset({"datasets"})

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take eager and lazy frames."""
        cls = type(obj)
        return cls.__module__.startswith("polars.") and cls.__name__ in {"DataFrame", "LazyFrame"}

    def write(
        self, obj: Any, storage: Storage, name: str, *, chunk_rows: int | None = None
    ) -> Written:
        """Write the frame.

        Raises
        ------
        InvalidFrameError
            If a column holds Python objects.
        """
        from omegaml_lab.frames.tables import write_table

        table = _arrow(obj, name)
        payload, size, digest, details = write_table(table, storage, name, chunk_rows=chunk_rows)
        return Written(payload=payload, size=size, hash=digest, details=details)

    def adding(
        self, obj: Any, storage: Storage, name: str, *, chunk_rows: int | None = None
    ) -> Callable[[Written], Written]:
        """Return what adds the rows of a frame to one that is kept.

        It raises `SchemaMismatchError` where the columns have other names or types.
        """
        from omegaml_lab.frames.tables import TableAddition

        addition = TableAddition(_arrow(obj, name), storage, name, chunk_rows=chunk_rows)

        def add(state: Written) -> Written:
            payload, more, digest = addition.to(state.payload, state.hash)
            rows = sum(segment.rows for segment in payload.segments)
            details = {**state.details, "rows": rows}
            return Written(payload=payload, size=state.size + more, hash=digest, details=details)

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
        """Return the frame, or some of its columns and rows.

        Raises
        ------
        MissingDependencyError
            If polars is not installed.
        UnknownColumnError
            If it has no such column.
        InvalidFilterError
            If there is no such operator, or the value does not fit the column.
        """
        from omegaml_lab.frames.tables import read_table

        polars = _polars()
        table = read_table(payload, storage, name, _selection(where, columns, filters))
        return polars.from_arrow(table)

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
        """Return the chunks as successive frames; errors like `read`."""
        from omegaml_lab.frames.tables import iterate_table

        polars = _polars()
        tables = iterate_table(payload, storage, name, _selection(where, columns, filters))
        return (polars.from_arrow(table) for table in tables)


def _selection(
    where: Sequence[Q], columns: Sequence[str] | str | None, filters: Mapping[str, Any]
) -> Selection:
    from omegaml_lab.frames.reader import Selection

    wanted = [columns] if isinstance(columns, str) else columns
    return Selection(columns=wanted, where=Q.every(where, filters))


def _arrow(obj: Any, name: str) -> Any:
    import pyarrow as pa

    polars = _polars()
    frame = obj.collect(engine="streaming") if isinstance(obj, polars.LazyFrame) else obj
    for column, dtype in frame.schema.items():
        if dtype == polars.Object:  # which would become addresses
            raise InvalidFrameError(name, f"column {column!r} holds Python objects")
    try:
        # The oldest form is the one that Arrow's own functions can handle.
        return frame.to_arrow(compat_level=polars.CompatLevel.oldest())
    except (polars.exceptions.PolarsError, pa.ArrowException) as error:
        raise InvalidFrameError(name, str(error)) from error


def _polars() -> Any:
    try:
        import polars as pl
    except ImportError as error:
        remedy = "`pip install omegaml-lab[polars]` brings it; getl() reads without it."
        raise MissingDependencyError("polars", remedy) from error
    return pl
