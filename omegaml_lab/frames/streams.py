"""Streams of frames: successive frames that become one, without all being in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from omegaml_lab.core.errors import InvalidFrameError
from omegaml_lab.frames.partitions import joined
from omegaml_lab.frames.reader import Selection, read_frame
from omegaml_lab.frames.writer import WrittenPart, write_part
from omegaml_lab.storage.payloads import Payload

if TYPE_CHECKING:
    from omegaml_lab.storage.storage import Storage

__all__ = ["write_stream"]


def write_stream(
    frames: Iterator[Any], storage: Storage, name: str, *, chunk_rows: int
) -> tuple[Payload, int, str]:
    """Write the rows of successive DataFrames as one; return its payload, stored size and hash.

    What one frame has as whole numbers and another as floating ones becomes floating, as it
    would have in one frame, and columns that miss in all rows of a frame are of whatever type
    they have elsewhere; truth of which some is missing are objects. Frames that come too early
    for that are written again at the end. Columns may be in any order.

    Raises
    ------
    InvalidFrameError
        If there is no frame, they are not alike, or something in them cannot be kept.
    """
    stream = _Stream(storage, name, chunk_rows)
    for frame in frames:
        stream.add(frame)
    return joined(stream.parts(), storage, name)


class _Stream:
    """What was written so far, and the types that its columns have come to have."""

    def __init__(self, storage: Storage, name: str, chunk_rows: int) -> None:
        self._storage = storage
        self._name = name
        self._chunk_rows = chunk_rows
        self._labels: pd.Index[Any] | None = None
        self._dtypes: list[Any] = []
        self._missing: list[bool] = []
        self._truth: list[bool] = []
        self._rows = 0
        self._written: list[tuple[WrittenPart, list[Any]]] = []

    def add(self, frame: Any) -> None:
        """Write one more frame."""
        if not isinstance(frame, pd.DataFrame):
            reason = f"a stream of DataFrames yields a {type(frame).__name__}"
            raise InvalidFrameError(self._name, reason)
        if self._labels is None:
            self._labels = frame.columns
            self._dtypes = list(frame.dtypes)
            self._missing = [True] * len(self._dtypes)
            self._truth = [True] * len(self._dtypes)
        elif not frame.columns.equals(self._labels):
            frame = self._in_order(frame, self._labels)
        if self._written and not len(frame):
            return
        for position, dtype in enumerate(frame.dtypes):
            self._widen(position, dtype, frame.iloc[:, position])
        self._rows += len(frame)
        part = write_part(
            _converted(frame, self._dtypes),
            self._storage,
            self._name,
            chunk_rows=self._chunk_rows,
        )
        self._written.append((part, list(self._dtypes)))

    def parts(self) -> list[WrittenPart]:
        """Return what was written, with columns of one type throughout."""
        if not self._written:
            raise InvalidFrameError(self._name, "the stream yields no frame")
        kept = [one for one in self._written if one[0].schema.rows] or self._written[:1]
        return [self._rewritten(part, dtypes) for part, dtypes in kept]

    def _in_order(self, frame: pd.DataFrame, labels: pd.Index[Any]) -> pd.DataFrame:
        same = frame.columns.is_unique and labels.is_unique and len(labels) == frame.shape[1]
        if not same or not labels.isin(frame.columns).all():
            reason = f"it has other columns from row {self._rows:,} on"
            raise InvalidFrameError(self._name, reason)
        return frame.reindex(columns=labels)

    def _widen(self, position: int, dtype: Any, column: pd.Series[Any]) -> None:
        known = self._dtypes[position]
        was_missing = self._missing[position]
        is_missing = (was_missing or known != dtype) and bool(column.isna().all())
        self._missing[position] = was_missing and is_missing
        self._truth[position] = self._truth[position] and (is_missing or _is_truth(column))
        if known == dtype:
            return
        if not self._rows:
            self._dtypes[position] = dtype
            return
        wide = _common(known, dtype, was_missing=was_missing, is_missing=is_missing)
        if wide is None and self._truth[position]:
            wide = np.dtype(object)
        if wide is None:
            reason = (
                f"column {column.name!r} is {known} at first and {dtype} from row"
                f" {self._rows:,} on: convert it, or say which with dtype={{…}}"
            )
            raise InvalidFrameError(self._name, reason)
        self._dtypes[position] = wide

    def _rewritten(self, part: WrittenPart, dtypes: list[Any]) -> WrittenPart:
        if dtypes == self._dtypes:
            return part
        blob = self._storage.blobs.write(part.schema.to_bytes())
        payload = Payload(blob=blob, segments=(part.segment,))
        frame = read_frame(payload, self._storage, self._name, Selection())
        frame = _converted(frame, self._dtypes)
        return write_part(frame, self._storage, self._name, chunk_rows=self._chunk_rows)


def _common(known: Any, dtype: Any, *, was_missing: bool, is_missing: bool) -> Any:
    """Return the type that holds the values of both, None when there is none."""
    if was_missing:
        return _with_missing(dtype)
    if is_missing:
        return _with_missing(known)
    if not isinstance(known, np.dtype) or not isinstance(dtype, np.dtype):
        return None
    numbers = known.kind in "iuf" and dtype.kind in "iuf"
    times = known.kind == dtype.kind and known.kind in "mM"
    wide = np.promote_types(known, dtype) if numbers or times else None
    # Whole numbers of which no such type holds all would become others.
    loses = wide is not None and wide.kind == "f" and known.kind in "iu" and dtype.kind in "iu"
    return None if loses else wide


def _is_truth(column: pd.Series[Any]) -> bool:
    """Say whether all values are True, False or missing."""
    if column.dtype == object:
        return pd.api.types.infer_dtype(column, skipna=True) in {"boolean", "empty"}
    return bool(column.dtype == bool)


def _with_missing(dtype: Any) -> Any:
    """Return the type that holds such values and missing ones."""
    if not isinstance(dtype, np.dtype) or dtype.kind not in "iub":
        return dtype
    return np.dtype(object) if dtype.kind == "b" else np.promote_types(dtype, np.float64)


def _converted(frame: pd.DataFrame, dtypes: list[Any]) -> pd.DataFrame:
    """Return the frame with its columns of these types."""
    if all(have == want for have, want in zip(frame.dtypes, dtypes, strict=True)):
        return frame
    columns = {
        position: _column(frame.iloc[:, position], dtype) for position, dtype in enumerate(dtypes)
    }
    converted = pd.DataFrame(columns, index=frame.index, copy=False)
    converted.columns = frame.columns
    return converted


def _column(column: pd.Series[Any], dtype: Any) -> Any:
    if column.dtype == dtype:
        return column
    if column.isna().all():  # converting would make text of what is missing
        return pd.Series([], dtype=dtype).reindex(column.index)
    return column.astype(dtype)
