"""The schema of a stored frame: all of it but its rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from omegaml_lab.core.errors import InvalidFrameError, UnknownColumnError, UnsupportedObjectError
from omegaml_lab.frames import labels
from omegaml_lab.frames.columns import encode
from omegaml_lab.frames.values import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.frames.columns import EncodedColumn, Recipe

__all__ = ["FrameSchema", "take_apart"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSchema:
    """What is needed to build a frame from its chunks.

    The columns of the frame have the positions 0 to n-1; those of its index follow.
    `groups` says in which group of chunks each position is.
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

    @property
    def width(self) -> int:
        """How many of the positions are columns."""
        return len(self.recipes) - self.depth

    @property
    def depth(self) -> int:
        """How many of the positions, the last, make up the index."""
        if self.index["form"] == "range":
            return 0
        return len(self.index["names"]) if self.index["form"] == "multi" else 1

    def to_bytes(self) -> bytes:
        """Return it as it is stored."""
        return pack({"version": 1, **asdict(self)})

    @classmethod
    def from_bytes(cls, data: bytes) -> FrameSchema:
        """Build it from its stored form."""
        plain = unpack(data)
        plain.pop("version")
        return cls(**plain)

    def labels(self) -> pd.Index:
        """Return the column labels."""
        return labels.decode_labels(self.columns)

    def positions(self, name: str, wanted: Sequence[Any]) -> list[int]:
        """Return the positions of columns.

        Raises
        ------
        UnknownColumnError
            If the frame called `name` has no such column.
        """
        known = {label: position for position, label in enumerate(self.labels())}
        try:
            return [known[label] for label in wanted]
        except (KeyError, TypeError):
            missing = next(label for label in wanted if not _in(label, known))
            raise UnknownColumnError(name, missing, known=known) from None


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


def _encoded(array: Any, name: str, where: str) -> EncodedColumn:
    try:
        return replace(encode(array), where=where)
    except UnsupportedObjectError as error:
        raise InvalidFrameError(name, f"{where} holds a {error.obj_type}") from error
