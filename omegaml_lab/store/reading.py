"""Reading: files of rows that become frames, without being held in memory."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidOptionError
from omegaml_lab.core.suggestions import aside
from omegaml_lab.store.store import OmegaStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.core.names import Name

__all__ = ["ReadingStore"]

_KIND = "pandas.chunks"
_ADD = "read it under another name, and add that: put(getl(OTHER), NAME, append=True)"
_OTHERS = {
    "chunksize": "say chunk_rows=…, how many rows are read at once",
    "iterator": "leave it out, rows are read in parts anyway",
    "filepath_or_buffer": "it is what comes first",
    **dict.fromkeys(("append", "mode"), _ADD),
}


class ReadingStore(OmegaStore):
    """A store that takes in files which it reads row by row."""

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
        InvalidSourceError
            If pandas cannot read it, or `source` is none.
        InvalidFrameError
            If a column is text in some rows and numbers in others: say which by ``dtype=``.
        """
        import pandas as pd

        from omegaml_lab.frames.sources import csv_frames

        self._check_options(name, options, pd.read_csv)
        return self._take(csv_frames(source, storage_options, chunk_rows, options), name)

    def read_json(
        self,
        source: Any,
        name: str | Name,
        *,
        storage_options: Mapping[str, Any] | None = None,
        chunk_rows: int | None = None,
        dtype: Any = None,
    ) -> Metadata:
        """Keep the objects of a file of JSON lines as the rows of a frame; like `read_csv`."""
        from omegaml_lab.frames.sources import json_frames

        wanted = {"dtype": dtype}
        return self._take(json_frames(source, storage_options, chunk_rows, wanted), name)

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

    def _check_options(
        self, name: str | Name, options: Mapping[str, Any], reader: Callable[..., Any]
    ) -> None:
        """Raise `InvalidOptionError` for options that pandas has not, or that are said here."""
        known = [*inspect.signature(reader).parameters, "chunk_rows"]
        for option in options:
            if option in _OTHERS or option not in known:
                near = aside(option, [one for one in known if one not in _OTHERS])
                told = _OTHERS.get(option) or f"pandas has no such option{near}"
                raise InvalidOptionError(self.name, str(name), _KIND, f"{option!r}: {told}")

    def _take(self, frames: Iterator[Any], name: str | Name) -> Metadata:
        return self.put(frames, name, kind=_KIND)
