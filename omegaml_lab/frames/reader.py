"""Reads frames: only the columns that are asked for, two threads at once."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from pandas.api.internals import create_dataframe_from_blocks  # type: ignore[import-not-found]

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.frames import columns, labels
from omegaml_lab.frames.ipc import from_ipc
from omegaml_lab.frames.schema import FrameSchema

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import pyarrow as pa

    from omegaml_lab.storage.payloads import Payload, Segment
    from omegaml_lab.storage.storage import Storage

__all__ = ["read_frame"]

_THREADS = 2
_CHUNKS_AT_ONCE = 2


def read_frame(
    payload: Payload, storage: Storage, name: str, *, wanted: Sequence[Any] | None = None
) -> Any:
    """Return the DataFrame or Series of a payload; with `wanted` only these columns.

    Raises
    ------
    UnknownColumnError
        If one of `wanted` does not exist.
    IntegrityError
        If a chunk is missing.
    """
    if payload.blob is None:
        raise IntegrityError(f"frame {name!r}", "it has no schema")
    schema = FrameSchema.from_bytes(storage.blobs.read(payload.blob))
    known = schema.labels()
    positions = list(range(schema.width))
    if wanted is not None:
        positions = schema.positions(name, wanted)
        known = known.take(positions)
    reader = _Reader(schema, storage, name, positions)
    reader.read(payload.segments)
    frame = reader.build(known)
    if schema.attrs:
        frame.attrs = schema.attrs
    if schema.form == "series":
        series = frame.iloc[:, 0]
        series.name = schema.name
        return series
    return frame


class _Reader:
    """Collects the columns of one frame; threads fill in different rows."""

    def __init__(
        self, schema: FrameSchema, storage: Storage, name: str, positions: list[int]
    ) -> None:
        self._schema = schema
        self._storage = storage
        self._name = name
        self._positions = positions
        self._needed = [*positions, *range(schema.width, len(schema.recipes))]
        self._flat, self._rows_of = self._allocate()
        self._parts: dict[int, dict[int, pa.Array]] = {
            position: {} for position in self._needed if position not in self._rows_of
        }

    def read(self, segments: Sequence[Segment]) -> None:
        """Fetch and decode all that is needed."""
        tasks = []
        first = 0
        for segment in segments:
            step = self._schema.chunk_rows * _CHUNKS_AT_ONCE
            for start in range(0, max(segment.rows, 1), step):
                rows = range(start, start + step)
                tasks += [(segment, first, group, rows) for group in self._groups()]
            first += segment.rows
        with ThreadPoolExecutor(_THREADS, "omega-frame") as pool:
            taken = list(pool.map(self._fetch, tasks))
        got: Counter[int] = Counter()
        for position, count in itertools.chain.from_iterable(taken):
            got[position] += count
        for position in self._needed:  # also of an empty frame there is a chunk, with no rows
            if position not in got or got[position] != self._schema.rows:
                raise IntegrityError(f"frame {self._name!r}", f"rows of column {position} miss")

    def build(self, known: pd.Index) -> pd.DataFrame:
        """Return the frame with the column labels `known`."""
        arrays: dict[int, Any] = {}
        for position in self._needed:
            if position not in self._rows_of and position not in arrays:
                parts = self._parts.pop(position)
                chunks = [parts[start] for start in sorted(parts)]
                arrays[position] = columns.decode(self._schema.recipes[position], chunks)
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
        index = self._index(arrays)
        frame: pd.DataFrame = create_dataframe_from_blocks(blocks, index=index, columns=known)
        return frame

    def _index(self, arrays: dict[int, Any]) -> pd.Index:
        levels = range(self._schema.width, len(self._schema.recipes))
        return labels.build(self._schema.index, [arrays[position] for position in levels])

    def _groups(self) -> list[int]:
        return sorted({self._schema.groups[position] for position in self._needed})

    def _by_dtype(self) -> dict[str, list[int]]:
        """Return the positions whose columns live in one numpy block together."""
        blocks: dict[str, list[int]] = defaultdict(list)
        for position in dict.fromkeys(self._positions):
            recipe = self._schema.recipes[position]
            if columns.is_flat(recipe):
                blocks[recipe["dtype"]].append(position)
        return blocks

    def _allocate(self) -> tuple[dict[str, Any], dict[int, Any]]:
        flat: dict[str, Any] = {}
        rows_of: dict[int, Any] = {}
        for dtype, positions in self._by_dtype().items():
            flat[dtype] = np.empty((len(positions), self._schema.rows), dtype=dtype)
            for row, position in enumerate(positions):
                rows_of[position] = flat[dtype][row]
        return flat, rows_of

    def _fetch(self, task: tuple[Segment, int, int, range]) -> list[tuple[int, int]]:
        """Take in some chunks; return of which positions, and how many rows each."""
        segment, first, group, rows = task
        taken = []
        here = [p for p in set(self._needed) if self._schema.groups[p] == group]
        for chunk in self._storage.chunks.read(segment.id, group, rows, here):
            for position, data in chunk.columns.items():
                count = chunk.stop - chunk.start
                self._take(position, first + chunk.start, count, data)
                taken.append((position, count))
        return taken

    def _take(self, position: int, start: int, rows: int, data: bytes) -> None:
        array = from_ipc(data)
        if len(array) != rows:
            raise IntegrityError(f"frame {self._name!r}", f"a chunk of column {position} is short")
        target = self._rows_of.get(position)
        if target is None:
            # Text that was written as a dictionary is spelt out by the thread that read it.
            array = _plain(array, self._schema.recipes[position])
            self._parts[position][start] = array
        else:
            recipe = self._schema.recipes[position]
            target[start : start + rows] = columns.to_numpy(recipe, array)


def _plain(array: pa.Array, recipe: dict[str, Any]) -> pa.Array:
    import pyarrow as pa

    if recipe["form"] in {"text", "object"} and pa.types.is_dictionary(array.type):
        return array.dictionary_decode()
    return array
