"""Builds frames from the Arrow arrays of chunks."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.internals import create_dataframe_from_blocks  # type: ignore[import-not-found]

from omegaml_lab.frames import columns
from omegaml_lab.frames.empties import empty
from omegaml_lab.frames.indexes import Rows, index_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omegaml_lab.frames.columns import Recipe
    from omegaml_lab.frames.schema import FrameSchema, Part

__all__ = ["Builder", "plain"]


class Builder:
    """Takes in chunks in any order, by several threads, and makes a frame of them.

    Numpy columns are filled straight into the blocks of the new frame.
    """

    def __init__(
        self, schema: FrameSchema, parts: Sequence[Part], positions: Sequence[int], rows: int
    ) -> None:
        self._schema = schema
        self._parts = parts
        self._positions = positions
        self._flat, self._rows_of = self._allocate(rows)
        self._arrays: dict[int, dict[tuple[int, int], pa.Array]] = defaultdict(dict)

    def fill(self, part: int, position: int, start: int, array: pa.Array) -> None:
        """Take in a column of some rows, of which the first is row `start` of the frame."""
        recipe = self._parts[part].recipes[position]
        target = self._rows_of.get(position)
        if target is None:
            # Text that was written as a dictionary is spelt out by the thread that read it.
            self._arrays[position][part, start] = plain(array, recipe)
        else:
            target[start : start + len(array)] = columns.to_numpy(recipe, array)

    def build(
        self, taken: Mapping[int, Any] | None = None, index: pd.Index[Any] | None = None
    ) -> Any:
        """Return the frame or series.

        `taken` has the numbers of the rows in each of the parts that were taken from, None
        says that all of all parts were. `index` is made from what was taken in by default.
        """
        arrays = {
            position: self._decoded(position)
            for position in self._positions
            if position not in self._rows_of
        }
        places = defaultdict(list)
        for place, position in enumerate(self._positions):
            places[position].append(place)
        blocks: list[tuple[Any, Any]] = []
        for dtype, positions in self._by_dtype().items():
            block = self._flat[dtype]
            blocks.append((block, np.array([places[p].pop(0) for p in positions], dtype=np.intp)))
        for position, remaining in places.items():
            for place in remaining:
                # A flat column is left here only when it is asked for once more.
                array = arrays[position] if position in arrays else self._rows_of[position].copy()
                if isinstance(array, np.ndarray):
                    array = array.reshape(1, -1)
                blocks.append((array, np.array([place], dtype=np.intp)))
        known = self._schema.labels()
        if list(self._positions) != list(range(self._schema.width)):
            known = known.take(list(self._positions))
        index = self.index(taken) if index is None else index
        frame = create_dataframe_from_blocks(blocks, index=index, columns=known)
        return self._finished(frame)

    def _finished(self, frame: pd.DataFrame) -> Any:
        frame.attrs = self._schema.attrs
        if self._schema.form == "frame":
            return frame
        series = frame.iloc[:, 0]
        series.name = self._schema.name
        return series

    def index(self, taken: Mapping[int, Any] | None = None) -> pd.Index[Any]:
        """Return the index alone; `taken` is that of `build`."""
        nothing = np.empty(0, dtype=np.intp)
        rows = [
            Rows(
                part=part,
                taken=None if taken is None else taken.get(number, nothing),
                arrays=self._levels(number),
            )
            for number, part in enumerate(self._parts)
        ]
        # A mask on a series leaves a frequency only to rows that follow each other.
        return index_of(rows, widest_step=1 if self._schema.form == "series" else None)

    def _levels(self, number: int) -> list[Any]:
        part = self._parts[number]
        levels = range(self._schema.width, len(part.recipes))
        return [self._decoded(position, number) for position in levels]

    def _decoded(self, position: int, only: int | None = None) -> Any:
        """Return a column, or what one part has of it; each part may have its own recipe."""
        # A part without rows starts where the next one does: rows alone are no key.
        found = [
            (part, self._arrays[position][part, start])
            for part, start in sorted(self._arrays[position])
        ]
        chosen = [chunk for chunk in found if only is None or chunk[0] == only]
        decoded = [
            columns.decode(recipe, [array for _, array in run])
            for recipe, run in _runs(chosen, self._parts, position)
        ]
        if not decoded:
            return empty(self._parts[only or 0].recipes[position])
        return decoded[0] if len(decoded) == 1 else _concatenated(decoded)

    def _by_dtype(self) -> dict[str, list[int]]:
        """Return the positions whose columns live in one numpy block together."""
        blocks: dict[str, list[int]] = defaultdict(list)
        for position in dict.fromkeys(self._positions):
            recipe = self._schema.recipes[position]
            if columns.is_flat(recipe):
                blocks[recipe["dtype"]].append(position)
        return blocks

    def _allocate(self, rows: int) -> tuple[dict[str, Any], dict[int, Any]]:
        flat: dict[str, Any] = {}
        rows_of: dict[int, Any] = {}
        for dtype, positions in self._by_dtype().items():
            flat[dtype] = np.empty((len(positions), rows), dtype=dtype)
            for row, position in enumerate(positions):
                rows_of[position] = flat[dtype][row]
        return flat, rows_of


def plain(array: pa.Array, recipe: Recipe) -> pa.Array:
    """Return text spelt out that was written as a dictionary."""
    if recipe["form"] in {"text", "object"} and pa.types.is_dictionary(array.type):
        return array.dictionary_decode()
    return array


def _concatenated(arrays: Sequence[Any]) -> Any:
    # With its dtype said, or pandas would guess that objects are text.
    whole = pd.concat([pd.Series(array, dtype=array.dtype) for array in arrays])
    return whole.to_numpy() if isinstance(arrays[0], np.ndarray) else whole.array


def _runs(
    chunks: Sequence[tuple[int, pa.Array]], parts: Sequence[Part], position: int
) -> list[tuple[Recipe, list[tuple[int, pa.Array]]]]:
    """Return successive chunks that have one recipe together."""
    runs = []
    numbered = itertools.groupby(chunks, key=lambda chunk: parts[chunk[0]].recipes[position])
    for recipe, run in numbered:
        runs.append((recipe, list(run)))
    return runs
