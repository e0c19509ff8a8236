"""The schema of a stored frame: all of it but its rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from omegaml_lab.core.errors import InvalidFrameError, UnknownColumnError, UnsupportedObjectError
from omegaml_lab.frames import labels
from omegaml_lab.frames.columns import encode
from omegaml_lab.frames.values import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.frames.columns import EncodedColumn, Recipe

__all__ = ["FrameSchema", "Part", "in_order", "take_apart"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one segment of a frame is: the rows that one put or append wrote."""

    rows: int
    chunk_rows: int
    groups: list[int]
    recipes: list[Recipe]
    index: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class FrameSchema:
    """What is needed to build a frame from its chunks.

    The columns of the frame have the positions 0 to n-1; those of its index follow.
    `groups` says in which group of chunks each position is. `rows` are those of all segments;
    what is said of groups, recipes and index is said of the first. `later` has one dictionary
    for each of the others, which leaves out what is as in the first. By the columns
    `sorted_by` the rows of each segment are in order.
    """

    form: Literal["frame", "series"]
    rows: int
    columns: dict[str, Any]
    index: dict[str, Any]
    recipes: list[Recipe]
    groups: list[int]
    chunk_rows: int
    name: Any = None
    attrs: dict[Any, Any] = field(default_factory=dict)
    later: list[dict[str, Any]] = field(default_factory=list)
    sorted_by: list[Any] = field(default_factory=list)

    @property
    def width(self) -> int:
        """How many of the positions are columns."""
        return len(self.recipes) - _depth(self.index)

    def parts(self) -> list[Part]:
        """Return what each segment is, in the order of the rows."""
        first = Part(
            rows=self.rows - sum(plain["rows"] for plain in self.later),
            chunk_rows=self.chunk_rows,
            groups=self.groups,
            recipes=self.recipes,
            index=self.index,
        )
        return [first, *(self._part(first, plain) for plain in self.later)]

    def _part(self, first: Part, plain: dict[str, Any]) -> Part:
        known = dict(enumerate(self.recipes)) | plain["recipes"]
        index = plain.get("index", self.index)
        recipes = [known[position] for position in range(self.width + _depth(index))]
        return replace(first, **{**plain, "recipes": recipes})

    def extended(self, part: Part) -> FrameSchema:
        """Return the schema of the frame with one more segment."""
        plain: dict[str, Any] = {
            "rows": part.rows,
            "recipes": {
                position: recipe
                for position, recipe in enumerate(part.recipes)
                if position >= len(self.recipes) or recipe != self.recipes[position]
            },
        }
        for name in ("chunk_rows", "groups", "index"):
            if getattr(part, name) != getattr(self, name):
                plain[name] = getattr(part, name)
        return replace(self, rows=self.rows + part.rows, later=[*self.later, plain])

    def to_bytes(self) -> bytes:
        """Return it as it is stored."""
        return pack({"version": 1, **asdict(self)})

    @classmethod
    def from_bytes(cls, data: bytes) -> FrameSchema:
        """Build it from its stored form."""
        plain = unpack(data)
        plain.pop("version")
        return cls(**plain)

    @cached_property
    def _labels(self) -> pd.Index:
        return labels.decode_labels(self.columns)

    def labels(self) -> pd.Index:
        """Return the column labels, in an index of your own: names of indexes can be set."""
        return self._labels.view()

    def known(self) -> dict[Any, int]:
        """Return the position of each label; the values of a Series go by its name."""
        if self.form == "series":
            return {"value" if self.name is None else self.name: 0}
        return {_one(label): position for position, label in enumerate(self.labels())}

    def positions(self, name: str, wanted: Sequence[Any]) -> list[int]:
        """Return the positions of columns.

        Raises
        ------
        UnknownColumnError
            If the frame called `name` has no such column.
        """
        known = self.known()
        try:
            return [known[_one(label)] for label in wanted]
        except (KeyError, TypeError):
            missing = next(label for label in wanted if not _in(label, known))
            raise UnknownColumnError(name, missing, known=known) from None


def _depth(index: dict[str, Any]) -> int:
    """Return how many positions make up an index."""
    if index["form"] == "range":
        return 0
    return len(index["names"]) if index["form"] == "multi" else 1


def _one(label: Any) -> Any:
    """Return the one NaN for any: they are unequal, but they are one label."""
    return np.nan if isinstance(label, float) and np.isnan(label) else label


def _in(label: Any, known: dict[Any, int]) -> bool:
    try:
        return label in known
    except TypeError:  # not hashable, so no label
        return False


def take_apart(
    obj: pd.DataFrame | pd.Series[Any], name: str
) -> tuple[dict[str, Any], list[EncodedColumn]]:
    """Return the fields of a schema that `obj` tells, and its columns by position.

    Raises
    ------
    InvalidFrameError
        If two columns have one label, or values are of a type that cannot be kept.
    """
    is_series = isinstance(obj, pd.Series)
    frame = obj.to_frame(name="value") if isinstance(obj, pd.Series) else obj
    if not frame.columns.is_unique:
        twice = list(dict.fromkeys(frame.columns[frame.columns.duplicated()]))[:5]
        raise InvalidFrameError(name, f"more than one column is called {twice[0]!r}")
    encoded = [
        _encoded(frame.iloc[:, i].array, name, f"column {frame.columns[i]!r}")
        for i in range(frame.shape[1])
    ]
    try:
        index = labels.describe(frame.index)
        levels = labels.levels(frame.index)
        columns = labels.encode_labels(frame.columns)
    except UnsupportedObjectError as error:
        raise InvalidFrameError(name, f"its labels hold a {error.obj_type}") from error
    if index["form"] == "array":
        index["sorted"] = _is_sorted(frame.index)
    for level, array in enumerate(levels):
        encoded.append(_encoded(array, name, f"level {level} of the index"))
    fields = {
        "form": "series" if is_series else "frame",
        "rows": len(frame),
        "columns": columns,
        "index": index,
        "recipes": [column.recipe for column in encoded],
        "name": obj.name if isinstance(obj, pd.Series) else None,
        "attrs": dict(obj.attrs),
    }
    return fields, encoded


def in_order(obj: Any, by: Sequence[Any], name: str) -> Any:
    """Return the rows of a frame sorted by some columns, equal ones in the order that they have.

    Raises
    ------
    InvalidFrameError
        If it is a Series, or the values of a column have no order.
    UnknownColumnError
        If it has no such column.
    """
    if not by:
        return obj
    if isinstance(obj, pd.Series):
        raise InvalidFrameError(name, "a Series has no columns to be sorted by")
    known = {label: place for place, label in enumerate(obj.columns)}
    for label in by:
        if not _in(label, known):
            raise UnknownColumnError(name, label, known=obj.columns)
    try:
        return obj.sort_values(list(by), kind="stable")
    except (TypeError, ValueError) as error:
        raise InvalidFrameError(name, f"it cannot be sorted by {list(by)!r} ({error})") from error


def _is_sorted(index: pd.Index[Any]) -> bool:
    """Say whether the labels are known to ascend; of objects it takes too long to find out."""
    plain = index.dtype != object and not isinstance(index.dtype, pd.CategoricalDtype)
    return plain and bool(index.is_monotonic_increasing)


def _encoded(array: Any, name: str, where: str) -> EncodedColumn:
    try:
        return replace(encode(array), where=where)
    except UnsupportedObjectError as error:
        raise InvalidFrameError(name, f"{where} holds a {error.obj_type}") from error
