"""DatasetStore: data, of which frames can be added to and read in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from omegaml_lab.store.options import checked
from omegaml_lab.store.store import OmegaStore
from omegaml_lab.store.writing import after, lazy_of, rows_of, stream_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from omegaml_lab.core.filters import Q
    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.core.names import Name
    from omegaml_lab.store.backend import Backend
    from omegaml_lab.store.writing import Writing

__all__ = ["DatasetStore"]


class DatasetStore(OmegaStore):
    """A store of data."""

    def put(self, obj: Any, name: str | Name, *, append: bool = False, **options: Any) -> Metadata:
        """Keep `obj` under `name` as a new revision, or add its rows to those that are there.

        Parameters
        ----------
        obj
            What to keep; with `append` a frame.
        name
            Where. Nothing need be there yet.
        append
            Add the rows of a frame, as `pandas.concat` would, in a new revision. All that
            several writers add at once is in the end there, in some order.
        **options
            Those of `OmegaStore.put`.

        Raises
        ------
        SchemaMismatchError
            If the columns or the index have other names or types than those that are there.
        InvalidOptionError
            If the object, or what is there, has no rows.
        """
        more: dict[str, Any] = {"append": True} if append else {}
        return super().put(obj, name, **options, **more)

    def getl(
        self, name: str | Name, /, *where: Q, columns: Sequence[Any] | None = None, **filters: Any
    ) -> Any:
        """Return a frame as a Dask frame, which reads its rows when it is computed.

        Its partitions are the stored chunks that the filters leave, and only the columns
        that are computed are read. It stays the revision that it is now. An array comes as
        a Dask array, of which only the blocks that are computed are read.

        Parameters
        ----------
        name
            Which frame or array.
        *where
            Conditions on rows.
        columns
            The labels of the columns, in that order; None for all.
        **filters
            Conditions as keywords, see the reference of filters; of what is no frame, the
            options that `get` takes of its kind.

        Raises
        ------
        UnknownColumnError
            If there is no such column.
        InvalidFilterError
            If a filter cannot be used on its column.
        InvalidOptionError
            If the object has no parts that could be read alone, or takes no such options.
        """
        options = filters if columns is None else {"columns": columns, **filters}
        backend, head = self._kept(name)
        there = head.metadata
        lazy = lazy_of(backend, self.name, there.name, "getl()")
        given = (head.payload, self._storage, there.name, *where)
        return checked(lazy.read_lazily, given, options, self.name, there)

    def iterchunks(
        self, name: str | Name, /, *where: Q, columns: Sequence[Any] | None = None, **filters: Any
    ) -> Iterator[Any]:
        """Return the rows of a frame as successive frames, so that none but these are in memory.

        Arrays come in blocks, rows of SQL and MongoDB as their server sends them. There is at
        least one, if only without rows. What it takes and raises is that of `getl`; what is put
        meanwhile is not seen.
        """
        options = filters if columns is None else {"columns": columns, **filters}
        backend, head = self._kept(name)
        there = head.metadata
        stream = stream_of(backend, self.name, there.name, "iterchunks()")
        given = (head.payload, self._storage, there.name, *where)
        return cast("Iterator[Any]", checked(stream.iterate, given, options, self.name, there))

    def read_csv(
        self,
        source: Any,
        name: str | Name,
        *,
        storage_options: Mapping[str, Any] | None = None,
        chunk_rows: int | None = None,
        **options: Any,
    ) -> Metadata:
        """Keep the rows of a CSV file as a frame, without holding the file in memory.

        Parameters
        ----------
        source
            A path, what is open already, or a URL that fsspec knows: ``https://…``, ``s3://…``.
        name
            Where. All rows come in one new revision.
        storage_options
            What fsspec wants to know beside the URL, such as credentials; it is not kept.
        chunk_rows
            How many rows are read at once.
        **options
            Those of `pandas.read_csv`.

        Raises
        ------
        SourceUnavailableError
            If the file is not there, or cannot be reached.
        InvalidFrameError
            If a column is text in some rows and numbers in others: say which by ``dtype=``.
        """
        from omegaml_lab.frames.sources import csv_frames

        return self._take(csv_frames(source, storage_options, chunk_rows, options), name)

    def read_json(
        self,
        source: Any,
        name: str | Name,
        *,
        storage_options: Mapping[str, Any] | None = None,
        chunk_rows: int | None = None,
        **options: Any,
    ) -> Metadata:
        """Keep the lines of JSON of a file as a frame; like `read_csv`.

        `options` are those of `pandas.read_json`.
        """
        from omegaml_lab.frames.sources import json_frames

        return self._take(json_frames(source, storage_options, chunk_rows, options), name)

    def read_parquet(
        self,
        source: Any,
        name: str | Name,
        *,
        storage_options: Mapping[str, Any] | None = None,
        chunk_rows: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> Metadata:
        """Keep the rows of a Parquet file, or some of its columns, as a frame; like `read_csv`."""
        from omegaml_lab.frames.sources import parquet_frames

        wanted = {"columns": None if columns is None else [*columns]}
        return self._take(parquet_frames(source, storage_options, chunk_rows, wanted), name)

    def _take(self, frames: Iterator[Any], name: str | Name) -> Metadata:
        return self.put(frames, name, kind="pandas.chunks")

    def _writing(self, obj: Any, path: str, backend: Backend, options: dict[str, Any]) -> Writing:
        if not options.pop("append", False):
            return super()._writing(obj, path, backend, options)
        frames = rows_of(backend, self.name, path, "append=True")
        first = super()._writing(obj, path, backend, options)
        return after(frames.adding(obj, self._storage, path, **options), first, backend)
