"""Sources: files that are kept elsewhere, opened by fsspec, and read frame by frame."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import pandas as pd

from omegaml_lab.core.errors import (
    InvalidSourceError,
    MissingDependencyError,
    SourceUnavailableError,
)
from omegaml_lab.core.urls import redacted, scheme_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["csv_frames", "json_frames", "open_file", "opened", "parquet_frames", "state"]

CHUNK_ROWS = 131_072
"""Two chunks of a frame: so many rows are in memory at once."""
_WEB = {"http", "https"}


def state(url: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a file: its `size`, `etag` and when it was `modified`.

    Raises
    ------
    SourceUnavailableError
        If it is not there, or cannot be reached.
    MissingDependencyError
        If the package that speaks its protocol is not installed.
    """
    import fsspec

    with _errors(url):
        files, path = fsspec.core.url_to_fs(url, **options)
        files.invalidate_cache()
        info = files.info(path)
    if info.get("type") == "directory":
        raise InvalidSourceError(redacted(url), "it is a folder, not a file")
    lower = {str(key).lower().replace("-", "_"): value for key, value in info.items()}
    times = ("mtime", "last_modified", "lastmodified", "modified", "updated", "created")
    found = {
        "size": lower.get("size"),
        "etag": lower.get("etag"),
        "modified": next((lower[key] for key in times if lower.get(key)), None),
    }
    return {key: _plain(value) for key, value in found.items() if value is not None}


def open_file(url: str, options: Mapping[str, Any]) -> Any:
    """Open a file as it is, to read and seek in it; errors like `state`.

    What a server gives only as a whole is copied to this disk.
    """
    import fsspec

    with _errors(url):
        files, path = fsspec.core.url_to_fs(url, **options)
        if scheme_of(url) in _WEB and not files.info(path).get("partial"):
            copy = tempfile.TemporaryFile()  # noqa: SIM115 - who is given it closes it
            with files.open(path, "rb", block_size=0) as file:
                shutil.copyfileobj(file, copy, 2**20)
            copy.seek(0)
            return copy
        return files.open(path, "rb")


@contextlib.contextmanager
def opened(
    source: Any, options: Mapping[str, Any] | None = None, *, compression: str | None = None
) -> Iterator[Any]:
    """Open a URL, a path or what is open already, to read bytes; errors like `state`."""
    if hasattr(source, "read"):
        yield source
        return
    import fsspec

    url = str(source)
    given = dict(options or {})
    if scheme_of(url) in _WEB:
        given.setdefault("block_size", 0)  # one request, in order
    with _errors(url), fsspec.open(url, "rb", compression=compression, **given) as file:
        yield file


def csv_frames(
    source: Any, storage_options: Mapping[str, Any] | None, chunk_rows: int | None, options: Any
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a CSV file; `options` are those of `pandas.read_csv`."""
    rows = chunk_rows or CHUNK_ROWS
    compression = options.pop("compression", "infer")
    with (
        opened(source, storage_options, compression=compression) as file,
        pd.read_csv(file, chunksize=rows, **options) as reader,
    ):
        yield from reader


def json_frames(
    source: Any, storage_options: Mapping[str, Any] | None, chunk_rows: int | None, options: Any
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a file of JSON lines; `options` are those of `pandas.read_json`."""
    rows = chunk_rows or CHUNK_ROWS
    compression = options.pop("compression", "infer")
    with (
        opened(source, storage_options, compression=compression) as file,
        pd.read_json(file, lines=True, chunksize=rows, **options) as reader,
    ):
        yield from reader


def parquet_frames(
    source: Any, storage_options: Mapping[str, Any] | None, chunk_rows: int | None, options: Any
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a Parquet file; `options` are those of `ParquetFile.iter_batches`."""
    import pyarrow.parquet as pq

    rows = chunk_rows or CHUNK_ROWS
    with contextlib.ExitStack() as stack:
        file = source
        if not hasattr(source, "read"):
            stack.enter_context(_errors(str(source)))
            file = stack.enter_context(open_file(str(source), storage_options or {}))
        parquet = stack.enter_context(pq.ParquetFile(file))
        first = 0
        for batch in parquet.iter_batches(batch_size=rows, **options):
            frame = batch.to_pandas()
            if type(frame.index) is pd.RangeIndex and frame.index.step == 1:
                # Each batch would count from where the file does.
                index = pd.RangeIndex(first, first + len(frame), name=frame.index.name)
                frame.index = index
            first += len(frame)
            yield frame
        if not first:
            yield parquet.schema_arrow.empty_table().to_pandas()


@contextlib.contextmanager
def _errors(url: str) -> Iterator[None]:
    """Turn the errors of fsspec into ours, without what in a URL may be secret."""
    from fsspec.registry import known_implementations

    shown, scheme = redacted(url), scheme_of(url) or "file"
    if scheme not in known_implementations:
        raise InvalidSourceError(shown, f"fsspec knows no scheme {scheme!r}")
    try:
        yield
    except ImportError as error:
        what = f"What reads {scheme}://"
        raise MissingDependencyError(what, str(error).partition("\n")[0]) from None
    except FileNotFoundError as error:
        # fsspec says so of whatever happens on the way.
        cause = error.__cause__
        if cause is None or getattr(cause, "status", 404) == 404:
            known = type(cause).__name__ if cause and not hasattr(cause, "status") else None
            raise SourceUnavailableError(shown, known or "there is no such file") from None
        raise SourceUnavailableError(shown, f"the server answers {cause.status}") from None  # type: ignore[attr-defined]
    except OSError as error:
        raise SourceUnavailableError(shown, error.strerror or type(error).__name__) from None
    except _client_errors() as error:
        status = getattr(error, "status", None) or _reply(error)
        reason = f"the server answers {status}" if status else type(error).__name__
        raise SourceUnavailableError(shown, reason) from None


def _client_errors() -> tuple[type[Exception], ...]:
    """Return the errors of aiohttp and ftplib, which are no OSErrors, when these are in use."""
    known = {"aiohttp": "ClientError", "ftplib": "Error"}
    return tuple(getattr(sys.modules[m], name) for m, name in known.items() if m in sys.modules)


def _reply(error: Exception) -> str | None:
    """Return the number that an FTP server answers first."""
    code = str(error)[:3]
    return code if code.isdecimal() else None


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return value if isinstance(value, int | str) else str(value)
