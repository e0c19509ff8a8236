"""Sources: files that are kept elsewhere, opened by fsspec, and read frame by frame."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import itertools
import lzma
import os
import shutil
import sys
import tempfile
import zlib
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pandas as pd

from omegaml_lab.core.errors import (
    InvalidSourceError,
    MissingDependencyError,
    OmegaError,
    SourceUnavailableError,
)
from omegaml_lab.core.sources import is_host, scheme_unknown
from omegaml_lab.core.suggestions import aside
from omegaml_lab.core.urls import redacted, scheme_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["csv_frames", "json_frames", "open_file", "opened", "parquet_frames", "state"]

CHUNK_ROWS = 131_072
"""Two chunks of a frame: so many rows are in memory at once."""
_WEB = {"http", "https"}
_MOST = 1000
_BEGINNINGS = {
    b"\x1f\x8b": "compression='gzip'",
    b"BZh": "compression='bz2'",
    b"\xfd7zXZ": "compression='xz'",
    b"PK\x03\x04": "compression='zip'",
    b"\xff\xfe": "encoding='utf-16'",
    b"\xfe\xff": "encoding='utf-16'",
}


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

    url = _text(source)
    given = dict(options or {})
    if scheme_of(url) in _WEB:
        given.setdefault("block_size", 0)  # one request, in order
    known = {None, "infer", *fsspec.compression.compr}
    if compression not in known:
        named = ", ".join(sorted(str(name) for name in known if name))
        reason = f"there is no compression {compression!r:.60} here; there are {named}"
        raise InvalidSourceError(redacted(url), reason)
    with _errors(url), fsspec.open(url, "rb", compression=compression, **given) as file:
        yield file


def csv_frames(
    source: Any, storage_options: Mapping[str, Any] | None, chunk_rows: int | None, options: Any
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a CSV file; `options` are those of `pandas.read_csv`."""
    rows = _rows(chunk_rows, source)
    compression = options.pop("compression", "infer")
    with (
        opened(source, storage_options, compression=compression) as file,
        _readable(source, "CSV"),
        pd.read_csv(file, chunksize=rows, **options) as reader,
    ):
        yield from reader


def json_frames(
    source: Any, storage_options: Mapping[str, Any] | None, chunk_rows: int | None, options: Any
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a file of JSON lines; `options` are those of `pandas.read_json`."""
    rows, empty = _rows(chunk_rows, source), True
    compression = options.pop("compression", "infer")
    with (
        opened(source, storage_options, compression=compression) as file,
        _readable(source, "JSON lines"),
        pd.read_json(file, lines=True, chunksize=rows, **options) as reader,
    ):
        for frame in reader:
            empty = False
            yield frame
    if empty:
        yield pd.DataFrame()


def parquet_frames(
    source: Any, storage_options: Mapping[str, Any] | None, chunk_rows: int | None, options: Any
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a Parquet file; `options` are those of `ParquetFile.iter_batches`."""
    import pyarrow.parquet as pq

    rows = _rows(chunk_rows, source)
    with contextlib.ExitStack() as stack:
        file = source
        if not hasattr(source, "read"):
            url = _text(source)
            stack.enter_context(_errors(url))
            file = stack.enter_context(open_file(url, storage_options or {}))
        stack.enter_context(_readable(source, "Parquet"))
        parquet = stack.enter_context(pq.ParquetFile(file))
        first, numbers = 0, _numbers(parquet.schema_arrow)
        for batch in parquet.iter_batches(batch_size=rows, **options):
            frame = batch.to_pandas()
            if type(frame.index) is pd.RangeIndex:  # each batch would count from its own start
                frame.index = numbers(range(first, first + len(frame)))
            first += len(frame)
            yield frame
        if not first:
            yield parquet.schema_arrow.empty_table().to_pandas()


def _numbers(schema: Any) -> Callable[[range], pd.RangeIndex]:
    """Return what makes the index of some rows, as pandas noted it in a file."""
    told = (schema.pandas_metadata or {}).get("index_columns") or [None]
    noted = told[0] if len(told) == 1 and isinstance(told[0], dict) else {}
    start, step = int(noted.get("start", 0)), int(noted.get("step", 1))

    def index(rows: range) -> pd.RangeIndex:
        ends = start + rows.start * step, start + rows.stop * step
        return pd.RangeIndex(*ends, step, name=noted.get("name"))

    return index


def _text(source: Any) -> str:
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    reason = "say a path, a URL, or what is open to be read"
    if hasattr(source, "columns"):
        reason = "it is no file: put() keeps it"
    raise InvalidSourceError(f"A {type(source).__name__}", reason)


def _rows(wanted: Any, source: Any) -> int:
    if wanted is None:
        return CHUNK_ROWS
    if not isinstance(wanted, Integral) or int(wanted) < 1:
        reason = f"chunk_rows must be a number of rows, not {wanted!r:.60}"
        raise InvalidSourceError(_shown(source), reason)
    return int(wanted)


def _shown(source: Any) -> str:
    return redacted(str(source)) if isinstance(source, str | os.PathLike) else "What is open"


@contextlib.contextmanager
def _readable(source: Any, what: str) -> Iterator[None]:
    """Turn what pandas and Arrow say of the content of a file into an error of ours."""
    try:
        yield
    except OmegaError:
        raise
    except UnicodeDecodeError as error:
        reason = f"it is no text in {error.encoding} ({error.reason}): {_instead(error, what)}"
        raise InvalidSourceError(_shown(source), reason) from error
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        reason = f"it is packed, and cut short or damaged: {str(error).rstrip('.')}"
        raise InvalidSourceError(_shown(source), reason) from error
    except (ValueError, TypeError, LookupError) as error:  # of which one is an unknown encoding
        reason = f"it cannot be read as {what}: {str(error).strip().rstrip('.')}"
        raise InvalidSourceError(_shown(source), reason) from error


def _instead(error: UnicodeDecodeError, what: str) -> str:
    """Say how else bytes may be read: by how they begin, or else what most such files are."""
    for start, option in _BEGINNINGS.items():
        if error.object.startswith(start):
            return f"say its {option}"
    if what != "CSV":
        return "write it as that"
    plain = error.encoding.replace("_", "-") == "utf-8"
    return "say its encoding='latin-1'" if plain else "say another encoding="


@contextlib.contextmanager
def _errors(url: str) -> Iterator[None]:
    """Turn the errors of fsspec into ours, without what in a URL may be secret."""
    from fsspec.registry import known_implementations

    shown, scheme = redacted(url), scheme_of(url) or "file"
    if scheme not in known_implementations:
        raise InvalidSourceError(shown, scheme_unknown(scheme, known_implementations))
    try:
        yield
    except OmegaError:
        raise
    except ImportError as error:
        what = f"What reads {scheme}://"
        raise MissingDependencyError(what, str(error).partition("\n")[0]) from None
    except FileNotFoundError as error:
        # fsspec says so of whatever happens on the way.
        cause = error.__cause__
        if cause is None or getattr(cause, "status", 404) == 404:
            unsaid = cause is None or hasattr(cause, "status")
            reason = _missing(url) if unsaid else _unreached(cause, url)
            raise SourceUnavailableError(shown, reason) from None
        raise SourceUnavailableError(shown, f"the server answers {cause.status}") from None  # type: ignore[attr-defined]
    except OSError as error:
        raise SourceUnavailableError(shown, error.strerror or type(error).__name__) from None
    except _client_errors() as error:
        status = getattr(error, "status", None) or _reply(error)
        reason = f"the server answers {status}" if status else _unreached(error, url)
        raise SourceUnavailableError(shown, reason) from None


def _missing(url: str) -> str:
    """Say that there is no such file, and on this disk which one may be meant."""
    told = "there is no such file"
    if scheme_of(url) is not None:
        return told
    if is_host(url):
        return f"{told} on this disk; an address of the web begins with https://"
    path = Path(url).absolute()
    with contextlib.suppress(OSError):
        here = (entry.name for entry in itertools.islice(path.parent.iterdir(), _MOST))
        return f"{told} in {path.parent}{aside(path.name, here)}"
    return f"{told}, and no folder {path.parent}"


def _unreached(error: BaseException | None, url: str) -> str:
    """Say why a server was not reached, in no words of aiohttp."""
    kind, host = type(error).__name__, urlsplit(url).netloc.rpartition("@")[2]
    if "DNS" in kind:
        return f"no host is called {host}"
    if "Connector" in kind or "Connection" in kind:
        return f"{host} does not answer ({kind})"
    return kind


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
