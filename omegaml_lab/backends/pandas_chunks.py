"""DataFrames and Series of pandas, and of geopandas, in columns."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import InvalidFrameError, InvalidOptionError
from omegaml_lab.store.backend import TableBackend, Written
from omegaml_lab.store.chunked import ChunkedBackend, selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from omegaml_lab.core.filters import Q
    from omegaml_lab.storage.payloads import Payload
    from omegaml_lab.storage.storage import Storage

__all__ = ["GeoBackend", "PandasBackend"]

_TOLD = 200
_TAKEN = {"DataFrame", "Series", "TextFileReader", "JsonReader"}


class PandasBackend(ChunkedBackend, TableBackend):
    """DataFrames and Series; dtypes, index and labels come back exactly.

    Options of put: `chunk_rows`, how many rows a chunk has; `index`, the columns by which the
    rows are kept in order, so that filters on these read little. Options of get: `columns`, the
    labels of the columns to read, in that order; conditions (`Q`), and filters as keywords.
    """

    kind: ClassVar[str] = "pandas.chunks"
    stores: ClassVar[frozenset[str]] = frozenset({"datasets"})

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take frames and series of pandas and Dask, and pandas' readers of files in chunks.

        A subclass may hold more than we know, unless it is that of `getl`.
        """
        package = type(obj).__module__.partition(".")[0]
        return _is_lazy(obj) or (package == "pandas" and type(obj).__name__ in _TAKEN)

    def write(
        self,
        obj: Any,
        storage: Storage,
        name: str,
        *,
        chunk_rows: int | None = None,
        index: Sequence[Any] | str | None = None,
    ) -> Written:
        """Write the frame; one of Dask is computed and written partition by partition.

        With ``kind="pandas.chunks"`` it may be any iterator of DataFrames: they become one.

        Raises
        ------
        InvalidFrameError
            If two columns have one label, or something in it cannot be kept.
        """
        rows, by = _chunk_rows(chunk_rows, name), _listed(index, name) or []
        if hasattr(obj, "__next__"):
            if by:
                raise InvalidFrameError(name, "the rows of a stream keep the order they come in")
            return _streamed(obj, storage, name, rows)
        if _is_lazy(obj):
            from omegaml_lab.frames.partitions import write_partitions

            payload, size, digest = write_partitions(obj, storage, name, chunk_rows=rows, index=by)
        else:
            from omegaml_lab.frames.writer import write_frame

            payload, size, digest = write_frame(obj, storage, name, chunk_rows=rows, index=by)
        details = _details(obj, len(obj) if not _is_lazy(obj) else _rows(payload))
        if by:
            details["sorted_by"] = [_text(label) for label in by]
        return Written(payload=payload, size=size, hash=digest, details=details)

    def adding(
        self,
        obj: Any,
        storage: Storage,
        name: str,
        *,
        chunk_rows: int | None = None,
        index: Sequence[Any] | str | None = None,
    ) -> Callable[[Written], Written]:
        """Return what adds the rows of a frame to one that is kept, those of Dask by partitions.

        It raises `SchemaMismatchError` where the columns or the index are of other types.
        """
        from omegaml_lab.frames.appending import Addition
        from omegaml_lab.frames.compacting import crowded
        from omegaml_lab.frames.partitions import PartitionsAddition

        make = PartitionsAddition if _is_lazy(obj) else Addition
        rows = _chunk_rows(chunk_rows, name)
        addition = make(obj, storage, name, chunk_rows=rows, index=_listed(index, name))

        def add(state: Written) -> Written:
            if crowded(state.payload):
                state = self.compacted(state, storage, name) or state
            payload, written = addition.to(state.payload)
            before, after = (p.blob.size if p.blob else 0 for p in (state.payload, payload))
            return Written(
                payload=payload,
                size=state.size - before + after + sum(part.size for part in written),
                hash=addition.hash(state.hash, payload, written),
                details={**state.details, "rows": _rows(payload)},
            )

        return add

    def query(
        self,
        payload: Payload,
        storage: Storage,
        name: str,
        /,
        *where: Q,
        columns: Sequence[Any] | str | None = None,
        by: Any = None,
        aggregate: Any = None,
        dropna: bool = True,
        sort: bool = True,
        **filters: Any,
    ) -> Any:
        """Return aggregates by group; see `DatasetStore.query`."""
        from omegaml_lab.frames.grouping import Grouping, query_frame

        grouping = Grouping(by=by, aggregate=aggregate, dropna=dropna, sort=sort)
        chosen = selection(where, columns, filters)
        return query_frame(payload, storage, name, chosen, grouping)

    def compacted(self, state: Written, storage: Storage, name: str) -> Written | None:
        """Join what small appends left, None when there is nothing to be joined."""
        from omegaml_lab.frames.compacting import compact

        done = compact(state.payload, storage, name)
        if done is None:
            return None
        return replace(state, payload=done.payload, size=state.size + done.growth)


class GeoBackend(PandasBackend):
    """GeoDataFrames and GeoSeries: geometries come back with their coordinate reference systems.

    They are kept as frames of pandas whose geometries are bytes (WKB), and take the same options.
    That is what `getl` and `query` see of them.
    """

    kind: ClassVar[str] = "geopandas.chunks"

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take frames and series of geopandas."""
        cls = type(obj)
        names = {"GeoDataFrame", "GeoSeries"}
        return cls.__module__.startswith("geopandas.") and cls.__name__ in names

    def write(
        self,
        obj: Any,
        storage: Storage,
        name: str,
        *,
        chunk_rows: int | None = None,
        index: Sequence[Any] | str | None = None,
    ) -> Written:
        """Write the frame; errors like those of a frame of pandas."""
        from omegaml_lab.frames.geometry import encoded, marked

        plain, known = encoded(obj, name)
        written = super().write(plain, storage, name, chunk_rows=chunk_rows, index=index)
        return replace(
            written,
            payload=replace(written.payload, meta={**written.payload.meta, **known}),
            hash=marked(written.hash, known),
            details={**written.details, **_details(obj, len(obj))},
        )

    def adding(
        self,
        obj: Any,
        storage: Storage,
        name: str,
        *,
        chunk_rows: int | None = None,
        index: Sequence[Any] | str | None = None,
    ) -> Callable[[Written], Written]:
        """Return what adds the rows of a frame to one that is kept.

        It raises `SchemaMismatchError` where types, or systems of coordinates, are others.
        """
        from omegaml_lab.frames.geometry import check_alike, encoded

        plain, known = encoded(obj, name)
        add_plain = super().adding(plain, storage, name, chunk_rows=chunk_rows, index=index)

        def add(state: Written) -> Written:
            check_alike(state.payload.meta, known, name)
            added = add_plain(state)
            return replace(added, payload=replace(added.payload, meta=state.payload.meta))

        return add

    def given(self, frame: Any, payload: Payload, name: str) -> Any:  # noqa: ARG002
        """Return the frame of geopandas that was read as one of pandas."""
        from omegaml_lab.frames.geometry import decoded

        return decoded(frame, payload.meta)


def _streamed(frames: Iterator[Any], storage: Storage, name: str, chunk_rows: int) -> Written:
    from omegaml_lab.frames.reader import empty_frame
    from omegaml_lab.frames.streams import write_stream

    payload, size, digest = write_stream(frames, storage, name, chunk_rows=chunk_rows)
    details = _details(empty_frame(payload, storage, name), _rows(payload))
    return Written(payload=payload, size=size, hash=digest, details=details)


def _chunk_rows(wanted: int | None, name: str) -> int:
    from omegaml_lab.frames.writer import CHUNK_ROWS

    rows: Any = CHUNK_ROWS if wanted is None else wanted
    if not isinstance(rows, Integral) or int(rows) < 1:
        raise InvalidFrameError(name, f"chunk_rows must be a number of rows, not {rows!r}")
    return int(rows)


def _listed(labels: Any, name: str) -> Any:
    if labels is None or isinstance(labels, str):
        return [labels] if labels else None
    try:
        return list(labels)
    except TypeError:
        reason = (
            f"index takes the labels of the columns that sort its rows, not {labels!r:.60}; the"
            " index of a frame is kept in any case"
        )
        raise InvalidOptionError("datasets", name, "pandas.chunks", reason) from None


def _is_lazy(obj: object) -> bool:
    return any(
        base.__module__.partition(".")[0] == "dask" and base.__name__ in {"DataFrame", "Series"}
        for base in type(obj).__mro__
    )


def _rows(payload: Payload) -> int:
    return sum(segment.rows for segment in payload.segments)


def _details(obj: Any, rows: int) -> dict[str, Any]:
    """Return what people want to know about a frame before they load it."""
    if obj.ndim == 1:
        return {"rows": rows, "dtype": str(obj.dtype)}
    told = zip(obj.columns[:_TOLD], obj.dtypes.iloc[:_TOLD], strict=True)
    # Pairs, because a label can be what no field name may be.
    dtypes = [[_text(label), str(dtype)] for label, dtype in told]
    return {"rows": rows, "columns": len(obj.columns), "dtypes": dtypes}


def _text(label: object) -> str:
    return str(label)[:200].encode("utf-8", "replace").decode()
