"""Adds rows to stored frames: their chunks are new, those that are there stay as they are."""

from __future__ import annotations

import functools
import hashlib
import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from omegaml_lab.core.errors import SchemaMismatchError
from omegaml_lab.frames.blocks import Layout
from omegaml_lab.frames.empties import empty
from omegaml_lab.frames.labels import build
from omegaml_lab.frames.schema import Part
from omegaml_lab.frames.values import pack
from omegaml_lab.frames.writer import WrittenPart, write_part
from omegaml_lab.storage.payloads import Payload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.frames.schema import FrameSchema
    from omegaml_lab.storage.storage import Storage

__all__ = ["Addition", "extended", "index_types", "write_fitting"]

_TOLD = 10
_NAN = object()


class Addition:
    """Rows that are to be added to a frame, whatever that has become in the meantime.

    They are written once, unless the frame was replaced by one of other columns; sorted as the
    frame is.
    """

    def __init__(
        self,
        obj: Any,
        storage: Storage,
        name: str,
        *,
        chunk_rows: int,
        index: Sequence[Any] | None = None,
    ) -> None:
        self._obj = obj
        self._storage = storage
        self._name = name
        self._chunk_rows = chunk_rows
        self._index = None if index is None else list(index)
        self._written: list[WrittenPart] = []
        self._fits = b""

    def to(self, payload: Payload) -> tuple[Payload, list[WrittenPart]]:
        """Return the payload with the rows added, and these in the parts they were written in.

        Raises
        ------
        SchemaMismatchError
            If the rows are not like those that are there.
        InvalidFrameError
            If something in them cannot be kept.
        """
        layout = Layout.of(payload, self._storage, self._name)
        key = _shape(layout.schema)
        if not self._written or key != self._fits:
            index = layout.schema.sorted_by
            if self._index is not None and self._index != index:
                reason = f"it is kept sorted by {index!r}, they should be by {self._index!r}"
                raise SchemaMismatchError(self._name, reason)
            self._written, self._fits = self._write(layout.schema), key
        schema = functools.reduce(extended, self._written, layout.schema)
        blob = self._storage.blobs.write(schema.to_bytes())
        segments = (*layout.segments, *(written.segment for written in self._written))
        return Payload(blob=blob, segments=segments), self._written

    @staticmethod
    def hash(before: str | None, payload: Payload, written: Sequence[WrittenPart]) -> str:
        """Return the hash of a frame from that of the one before."""
        digest = hashlib.sha256((before or "").encode())
        if payload.blob is not None:
            digest.update(payload.blob.hash.encode())
        for part in written:
            digest.update(part.digests)
        return digest.hexdigest()

    def _write(self, schema: FrameSchema) -> list[WrittenPart]:
        """Write the rows as those of a frame with this schema are; there is at least one part."""
        rows = self._chunk_rows
        return [write_fitting(self._obj, self._storage, self._name, schema, chunk_rows=rows)]


def write_fitting(
    obj: Any, storage: Storage, name: str, schema: FrameSchema, *, chunk_rows: int
) -> WrittenPart:
    """Write rows with their columns in the order of a frame, sorted as it is.

    Raises
    ------
    SchemaMismatchError
        If they are not like those of the frame.
    InvalidFrameError
        If something in them cannot be kept.
    """
    rows = _fitting(obj, schema, name)
    return write_part(rows, storage, name, chunk_rows=chunk_rows, index=schema.sorted_by)


def extended(schema: FrameSchema, written: WrittenPart) -> FrameSchema:
    """Return a schema with one more segment."""
    more = written.schema
    part = Part(
        rows=more.rows,
        chunk_rows=more.chunk_rows,
        groups=more.groups,
        recipes=more.recipes,
        index=more.index,
    )
    return schema.extended(part)


def _shape(schema: FrameSchema) -> bytes:
    """Return all of a schema that decides whether rows fit, and how they are written then."""
    index = {**schema.index, "range": None}  # which is where the rows are, not what they are
    return pack(
        [schema.form, schema.name, schema.columns, index, schema.recipes, schema.sorted_by]
    )


def _fitting(obj: Any, schema: FrameSchema, name: str) -> Any:
    """Return `obj` with its columns in the order of the frame.

    Raises
    ------
    SchemaMismatchError
        If a column or the index would change its type or its name in the frame.
    """
    form = "series" if isinstance(obj, pd.Series) else "frame"
    if form != schema.form:
        raise SchemaMismatchError(name, f"it is a {schema.form}, they are a {form}")
    _check_index(obj.index, schema, name)
    if isinstance(obj, pd.Series):
        if _key(obj.name) != _key(schema.name):
            reason = f"it is called {schema.name!r}, they are called {obj.name!r}"
            raise SchemaMismatchError(name, reason)
        return _converted(obj, empty(schema.recipes[0]).dtype, name)
    known = schema.labels()
    wanted = {_key(label): label for label in known}
    given = {_key(label): label for label in obj.columns}
    if not obj.columns.is_unique or given.keys() != wanted.keys():
        remedy = "Give them the same columns, or put the whole of it again"
        raise SchemaMismatchError(name, _difference(wanted, given), remedy=remedy)
    places = {key: place for place, key in enumerate(given)}
    columns = {
        place: _converted(obj.iloc[:, places[key]], empty(schema.recipes[place]).dtype, name)
        for place, key in enumerate(wanted)
    }
    frame = pd.DataFrame(columns, index=obj.index, copy=False)
    frame.columns = known
    return frame


def _converted(column: pd.Series[Any], dtype: Any, name: str) -> Any:
    if column.dtype != dtype:
        raise _other_type(column, dtype, name)
    if not isinstance(dtype, pd.CategoricalDtype):
        return column
    # Categories without order are equal in any: here they are numbered as they are there.
    return column.cat.set_categories(dtype.categories, ordered=dtype.ordered)


def _other_type(column: pd.Series[Any], dtype: Any, name: str) -> SchemaMismatchError:
    label, here = column.name, column.dtype
    if not isinstance(dtype, pd.CategoricalDtype):
        reason = f"column {label!r} is {dtype} there and {here} here"
        remedy = f"Convert them first, as rows.astype({{{label!r}: {str(dtype)!r}}}) does"
        if not _holds(column, dtype):
            remedy = f"No {dtype} holds all of them: put the whole of it again with another type"
        return SchemaMismatchError(name, reason, remedy=remedy)
    reason = f"column {label!r} is {_categories(dtype)} there and {_categories(here)} here"
    remedy = (
        "Rows that hold no other categories can be converted, by astype to the dtype that is"
        " there; for others put the whole of it again, or keep the column as text"
    )
    return SchemaMismatchError(name, reason, remedy=remedy)


def _holds(column: pd.Series[Any], dtype: Any) -> bool:
    """Say whether values stay what they are as another type: missing ones become False easily."""
    try:
        made = column.astype(dtype)
        same = made.isna().equals(column.isna()) and (made == column)[column.notna()].all()
    except (TypeError, ValueError, ArithmeticError):
        return False
    return bool(same)


def _categories(dtype: Any) -> str:
    if not isinstance(dtype, pd.CategoricalDtype):
        return str(dtype)
    some = ", ".join(map(repr, dtype.categories[:_TOLD].tolist()))
    more = f" and {len(dtype.categories) - _TOLD} more" if len(dtype.categories) > _TOLD else ""
    return f"a category of {some}{more}{' in this order' if dtype.ordered else ''}"


def _key(label: Any) -> Any:
    """Return what is equal for equal labels, also for NaN, which Python says is never equal."""
    if isinstance(label, tuple):
        return tuple(_key(part) for part in label)
    return _NAN if isinstance(label, float) and math.isnan(label) else label


def _difference(known: dict[Any, Any], given: dict[Any, Any]) -> str:
    """Tell labels apart that are given by their keys."""
    missing = [label for key, label in known.items() if key not in given]
    extra = [label for key, label in given.items() if key not in known]
    told = [f"they have no {_some(missing)}"] if missing else []
    told += [f"it has no {_some(extra)}"] if extra else []
    return " and ".join(told) or "a column is there twice"


def _some(labels: list[Any]) -> str:
    more = f" and {len(labels) - _TOLD} more" if len(labels) > _TOLD else ""
    listed = ", ".join(map(repr, labels[:_TOLD]))
    return f"column{'s' if len(labels) > 1 else ''} {listed}{more}"


def _check_index(index: pd.Index[Any], schema: FrameSchema, name: str) -> None:
    was, now = index_types(schema), _types(index)
    if was != now:
        reason = f"the index is {', '.join(was)} there and {', '.join(now)} here"
        raise SchemaMismatchError(name, reason)


def index_types(schema: FrameSchema) -> list[str]:
    """Return the types of the levels of the index; a range has that of the numbers in it."""
    recipes = schema.recipes[schema.width :]
    return _types(build({**schema.index, "freq": None}, [empty(recipe) for recipe in recipes]))


def _types(index: pd.Index[Any]) -> list[str]:
    if isinstance(index, pd.MultiIndex):
        return [str(level.dtype) for level in index.levels]
    return [str(index.dtype)]
