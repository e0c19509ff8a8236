"""Pieces: blocks as they are read, with the rows that a filter leaves of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.frames import columns
from omegaml_lab.frames.blocks import Block, Layout, adjacent, blocks
from omegaml_lab.frames.building import Builder, plain
from omegaml_lab.frames.filters import leaves, mask
from omegaml_lab.frames.ipc import from_ipc
from omegaml_lab.frames.labels import level_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from omegaml_lab.frames.filters import Tree
    from omegaml_lab.frames.schema import Part
    from omegaml_lab.storage.chunks import Chunk
    from omegaml_lab.storage.storage import Storage

__all__ = ["Piece", "Pieces"]

_THREADS = 2
_CELLS_AT_ONCE = 2**19
T = TypeVar("T")
Stored = tuple[range, bytes]
"""A column of a chunk: which rows of its segment, and the bytes of its array."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Rows of a block: their numbers in its segment, and each column of them."""

    block: Block
    taken: np.ndarray[Any, Any]
    arrays: dict[int, pa.Array]

    def first(self, most: int) -> Piece:
        """Return no more than so many rows."""
        arrays = {position: array[:most] for position, array in self.arrays.items()}
        return Piece(block=self.block, taken=self.taken[:most], arrays=arrays)


class Pieces:
    """Reads columns of a frame block by block, and of these the rows that a filter wants.

    It holds nothing but what it was made from: threads and processes may share it.
    """

    def __init__(
        self, layout: Layout, storage: Storage, positions: Sequence[int], tree: Tree | None
    ) -> None:
        self.layout = layout
        self.positions = list(positions)
        self.storage = storage
        self.tree = tree
        self._filtered = [] if tree is None else sorted({x.position for x in leaves(tree)})

    def project(self, wanted: Sequence[Any]) -> Pieces:
        """Return what reads only some of the columns of the same rows."""
        positions = self.layout.schema.positions(self.layout.name, wanted)
        return Pieces(self.layout, self.storage, positions, self.tree)

    def shared(self) -> Pieces:
        """Return what is the same for all segments; only `of` one of them it can read."""
        schema = replace(self.layout.schema, later=[])
        layout = replace(self.layout, schema=schema, parts=(), segments=())
        return Pieces(layout, self.storage, self.positions, self.tree)

    def of(self, parts: Sequence[Part]) -> Pieces:
        """Return what reads blocks of some segments, as if there were no others."""
        layout = replace(self.layout, parts=tuple(parts))
        return Pieces(layout, self.storage, self.positions, self.tree)

    def told(self, items: Iterable[T], verb: str, total: int) -> Iterator[T]:
        """Yield what is read, and tell how far it is."""
        return self.storage.progress(items, what=f"{verb} {self.layout.name}", total=total)

    def blocks(self) -> list[Block]:
        """Return the blocks that may have such rows."""
        needed = {*self.positions, *self._filtered}
        return blocks(self.layout, self.storage, self.tree, needed)

    def frame(self, wanted: Sequence[Block]) -> Any:
        """Return the rows of some blocks as one frame."""
        if len(wanted) > 1:
            with ThreadPoolExecutor(_THREADS, "omega-frame") as pool:
                pieces = list(self.told(pool.map(self.read, wanted), "get", len(wanted)))
        else:
            pieces = [self.read(block) for block in wanted]  # no thread is started for a lookup
        taken: dict[int, list[Any]] = {}
        for piece in pieces:
            taken.setdefault(piece.block.part, []).append(piece.taken)
        return self._built(pieces, self._index({n: np.concatenate(t) for n, t in taken.items()}))

    def block(self, block: Block) -> Any:
        """Return the rows of one block, with the index that its segment has."""
        part = self.layout.parts[block.part]
        frame = self.of([part]).joined([replace(block, part=0)])
        frame.index.names = self.layout.index_names()
        return frame

    def joined(self, wanted: Sequence[Block], most: int | None = None) -> Any:
        """Return the rows of some blocks, which this thread reads, or the first `most` of them."""
        pieces: list[Piece] = []
        # To ask for a chunk costs about as much as to read two columns of it.
        cells = 0 if most is not None else _CELLS_AT_ONCE
        for block in adjacent(wanted, cells // max(len(self.positions), 1)):
            piece = self.read(block)
            if most is not None:
                piece = piece.first(most)
                most -= len(piece.taken)
            pieces.append(piece)
            if most == 0:
                break
        return self._built(pieces, None)

    def _built(self, pieces: Sequence[Piece], index: pd.Index[Any] | None) -> Any:
        rows = sum(len(piece.taken) for piece in pieces)
        builder = Builder(self.layout.schema, self.layout.parts, self.positions, rows)
        first = 0
        taken: dict[int, list[Any]] = {}
        for piece in pieces:
            for position, array in piece.arrays.items():
                builder.fill(piece.block.part, position, first, array)
            taken.setdefault(piece.block.part, []).append(piece.taken)
            first += len(piece.taken)
        return builder.build({n: np.concatenate(some) for n, some in taken.items()}, index)

    def read(self, block: Block, *, indexed: bool = True) -> Piece:
        """Return the rows of a block that the filter wants, on request without their index."""
        levels = range(self.layout.schema.width, len(self.layout.parts[block.part].recipes))
        needed = [*self.positions, *(levels if indexed else ())]
        stored = range(len(self.layout.parts[block.part].recipes))
        tested = {position for position in self._filtered if position in stored}
        if any(position >= self.layout.schema.width for position in tested):
            tested |= {*levels}
        found = self._fetch(block, {*needed, *tested})
        known = {position: self._array(block, position, found) for position in tested}
        chosen = None if self.tree is None else self._mask(block, known)
        if chosen is None or chosen.all():
            known |= {p: self._array(block, p, found) for p in needed if p not in known}
            taken = np.arange(block.rows.start, block.rows.stop)
            return Piece(block=block, taken=taken, arrays={p: known[p] for p in needed})
        # What the mask leaves out is not even brought into its own type.
        arrays = {p: self._array(block, p, found, chosen) for p in needed}
        return Piece(block=block, taken=np.flatnonzero(chosen) + block.rows.start, arrays=arrays)

    def _mask(self, block: Block, arrays: dict[int, pa.Array]) -> np.ndarray[Any, Any]:
        assert self.tree is not None  # noqa: S101 - for mypy
        tested = {p: self._tested(block, p, arrays) for p in self._filtered}
        return mask(self.tree, self.layout.name, tested, len(block.rows))

    def _tested(self, block: Block, position: int, arrays: dict[int, pa.Array]) -> Any:
        """Return a column, or a level of the index, as pandas compares it."""
        part, width = self.layout.parts[block.part], self.layout.schema.width
        levels = [position] if position < len(part.recipes) else []
        if position >= width and part.index["form"] == "multi":
            levels = list(range(width, len(part.recipes)))
        decoded = [
            columns.decode(part.recipes[p], [plain(arrays[p], part.recipes[p])]) for p in levels
        ]
        if position < width:
            return decoded[0]
        return level_values(part.index, decoded, position - width, block.rows)

    def _fetch(self, block: Block, positions: set[int]) -> dict[int, list[Stored]]:
        """Return columns of a block as they are stored: each chunk's rows and bytes."""
        found: dict[int, list[Stored]] = {position: [] for position in positions}
        part = self.layout.parts[block.part]
        for group in sorted({part.groups[position] for position in positions}):
            here = self.layout.chosen(block.part, group, positions)
            for chunk in self._chunks(block, group, here):
                for position in positions & chunk.columns.keys():
                    rows = range(chunk.start, chunk.stop)
                    found[position].append((rows, chunk.columns[position]))
        return found

    def _chunks(self, block: Block, group: int, here: list[int] | None) -> Iterator[Chunk]:
        chunks = self.storage.chunks
        if block.step is None:
            return chunks.read(block.segment, group, block.rows, here)
        starts = range(block.rows.start, block.rows.stop, block.step)
        return chunks.reread(block.segment, group, starts, here)

    def _array(
        self,
        block: Block,
        position: int,
        found: dict[int, list[Stored]],
        chosen: np.ndarray[Any, Any] | None = None,
    ) -> pa.Array:
        """Return a column of a block, or the rows of it that are `chosen`."""
        recipe = self.layout.parts[block.part].recipes[position]
        arrays, rows = [], block.rows.start
        for chunk, data in sorted(found[position], key=lambda stored: stored[0].start):
            picked = None
            if chosen is not None:
                first = chunk.start - block.rows.start
                picked = pa.array(chosen[first : first + len(chunk)])
            arrays.append(from_ipc(data, picked))
            rows += len(arrays[-1]) if chosen is None else len(chunk)
        if rows != block.rows.stop:
            raise IntegrityError(f"frame {self.layout.name!r}", f"rows of column {position} miss")
        if len(arrays) == 1:
            return arrays[0]
        return pa.concat_arrays([plain(array, recipe) for array in arrays])

    def _index(self, taken: dict[int, Any]) -> pd.Index[Any] | None:
        """Return the index where it is more than that of its parts one after the other."""
        parts = self.layout.parts
        if len(parts) == 1 or not any(part.index.get("freq") for part in parts):
            return None
        # Only all rows tell whether the times of one segment go on where those before end.
        every = Pieces(self.layout, self.storage, [], None)
        builder = Builder(self.layout.schema, parts, [], 0)
        for block in every.blocks():
            for position, array in every.read(block).arrays.items():
                builder.fill(block.part, position, block.first + block.rows.start, array)
        firsts = [block.first for block in self.layout.whole()]
        rows = [taken[number] + firsts[number] for number in sorted(taken)]
        chosen = np.concatenate(rows) if rows else np.empty(0, np.intp)
        if self.layout.schema.form == "frame":
            return builder.index().take(chosen)
        mask = np.zeros(self.layout.schema.rows, dtype=bool)
        mask[chosen] = True  # pandas keeps less of a frequency than where it takes rows
        return builder.index()[mask]
