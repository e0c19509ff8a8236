"""Reads frames: only the columns and rows that are asked for, two threads at once."""

from __future__ import annotations

import functools
import itertools
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import IntegrityError, InvalidOptionError, UnknownColumnError
from omegaml_lab.core.names import Columns
from omegaml_lab.frames.blocks import Block, Layout
from omegaml_lab.frames.building import Builder
from omegaml_lab.frames.empties import empty
from omegaml_lab.frames.filters import resolve
from omegaml_lab.frames.ipc import from_ipc
from omegaml_lab.frames.labels import level_values
from omegaml_lab.frames.pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from omegaml_lab.core.filters import Q
    from omegaml_lab.storage.payloads import Payload
    from omegaml_lab.storage.storage import Storage

__all__ = ["Selection", "empty_frame", "iterate_frame", "labels_of", "read_frame", "select"]

_THREADS = 2
_CHUNKS_AT_ONCE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which columns and rows of a frame are wanted: None means all."""

    columns: Sequence[Any] | Columns | None = None
    where: Q | None = None


def read_frame(payload: Payload, storage: Storage, name: str, selection: Selection) -> Any:
    """Return the DataFrame or Series of a payload, or some columns and rows of it.

    Raises
    ------
    UnknownColumnError
        If a column that is named does not exist.
    InvalidFilterError
        If a filter cannot be used on its column.
    IntegrityError
        If a chunk is missing.
    """
    layout = Layout.of(payload, storage, name)
    pieces = select(layout, storage, selection)
    if selection.where is not None:
        return pieces.frame(pieces.blocks())
    reader = _Reader(layout, storage, pieces.positions)
    reader.read()
    return reader.builder.build()


def iterate_frame(
    payload: Payload, storage: Storage, name: str, selection: Selection
) -> Iterator[Any]:
    """Return the rows of a payload as successive frames, at least one; errors like `read_frame`.

    What is not read yet is read while the caller works on what is: one frame ahead.
    """
    pieces = select(Layout.of(payload, storage, name), storage, selection)
    return _iterated(pieces)


def empty_frame(payload: Payload, storage: Storage, name: str) -> Any:
    """Return the DataFrame or Series of a payload without its rows."""
    return select(Layout.of(payload, storage, name), storage, Selection()).frame([])


def _iterated(pieces: Pieces) -> Iterator[Any]:
    empty_handed = True
    with ThreadPoolExecutor(1, "omega-frame") as pool:
        due: deque[Future[Any]] = deque()
        remaining = iter(pieces.blocks())
        due.extend(pool.submit(pieces.block, block) for block in itertools.islice(remaining, 1))
        while due:
            due.extend(pool.submit(pieces.block, b) for b in itertools.islice(remaining, 1))
            frame = due.popleft().result()
            if len(frame):
                empty_handed = False
                yield frame
    if empty_handed:
        yield pieces.frame([])


def select(layout: Layout, storage: Storage, selection: Selection) -> Pieces:
    """Return what reads the columns and rows that are wanted.

    Raises
    ------
    UnknownColumnError
        If a column that is named does not exist.
    InvalidFilterError
        If a filter cannot be used on its column.
    InvalidOptionError
        If it is a Series, which has no columns to name, or they are named by no list.
    """
    schema, tree = layout.schema, None
    positions = list(range(schema.width))
    known = schema.known()
    if selection.columns is not None:
        if schema.form == "series":
            reason = "a Series has no columns to choose from"
            raise InvalidOptionError("datasets", layout.name, "pandas.chunks", reason)
        positions = schema.positions(layout.name, labels_of(selection.columns, layout))
    if selection.where is not None:
        empties = functools.cache(lambda position: _empty(layout, position))
        tree = resolve(selection.where, layout.name, {**layout.levels(), **known}, empties)
    return Pieces(layout, storage, positions, tree)


def _empty(layout: Layout, position: int) -> Any:
    schema = layout.schema
    if position < schema.width:
        return empty(schema.recipes[position])
    arrays = [empty(recipe) for recipe in schema.recipes[schema.width :]]
    return level_values(schema.index, arrays, position - schema.width, range(0))


def labels_of(wanted: Any, layout: Layout) -> list[Any]:
    """Return the labels of the columns that are wanted.

    Raises
    ------
    UnknownColumnError
        If a name says a column that does not exist.
    InvalidOptionError
        If they are named by no list.
    """
    if isinstance(wanted, Columns):
        return _of_name(wanted, layout)
    try:
        return list(wanted)
    except TypeError:
        reason = f"columns takes a list of labels, not {wanted!r}"
        raise InvalidOptionError("datasets", layout.name, "pandas.chunks", reason) from None


def _of_name(wanted: Columns, layout: Layout) -> list[Any]:
    """Return labels for their texts: of those that are no text, the one that reads so."""
    known = list(layout.schema.known())
    texts = {str(label): label for label in reversed(known)}
    texts |= {label: label for label in known if isinstance(label, str)}
    for text in wanted.labels:
        if text not in texts:
            raise UnknownColumnError(layout.name, text, known=known)
    chosen = [texts[text] for text in wanted.labels]
    return [label for label in known if label not in chosen] if wanted.others else chosen


class _Reader:
    """Fetches all rows; threads fill in different ones."""

    def __init__(self, layout: Layout, storage: Storage, positions: Sequence[int]) -> None:
        self.builder = Builder(layout.schema, layout.parts, positions, layout.schema.rows)
        self._layout = layout
        self._storage = storage
        self._columns = set(positions)

    def read(self) -> None:
        """Fetch and decode all that is needed."""
        tasks = []
        for block in self._layout.whole():
            step = self._layout.parts[block.part].chunk_rows * _CHUNKS_AT_ONCE
            groups = self._layout.groups(block.part, self._columns)
            for start in range(0, max(len(block.rows), 1), step):
                rows = range(start, start + step)
                tasks += [(block, group, rows) for group in groups]
        with ThreadPoolExecutor(_THREADS, "omega-frame") as pool:
            read, what = pool.map(self._fetch, tasks), f"get {self._layout.name}"
            taken = list(self._storage.progress(read, what=what, total=len(tasks)))
        got: Counter[tuple[int, int]] = Counter()
        for key, count in itertools.chain.from_iterable(taken):
            got[key] += count
        self._check(got)

    def _check(self, got: Counter[tuple[int, int]]) -> None:
        for block in self._layout.whole():
            levels = range(self._layout.schema.width, len(self._layout.parts[block.part].recipes))
            for position in (*self._columns, *levels):
                # Also of an empty frame there is a chunk, with no rows.
                key = block.part, position
                if key not in got or got[key] != len(block.rows):
                    reason = f"rows of column {position} miss"
                    raise IntegrityError(f"frame {self._layout.name!r}", reason)

    def _fetch(self, task: tuple[Block, int, range]) -> list[tuple[tuple[int, int], int]]:
        """Take in some chunks; return of which part and position, and how many rows each."""
        block, group, rows = task
        part = self._layout.parts[block.part]
        levels = range(self._layout.schema.width, len(part.recipes))
        here = self._layout.chosen(block.part, group, {*self._columns, *levels})
        taken = []
        for chunk in self._storage.chunks.read(block.segment, group, rows, here):
            for position, data in chunk.columns.items():
                array = from_ipc(data)
                if len(array) != chunk.stop - chunk.start:
                    reason = f"a chunk of column {position} is short"
                    raise IntegrityError(f"frame {self._layout.name!r}", reason)
                self.builder.fill(block.part, position, block.first + chunk.start, array)
                taken.append(((block.part, position), len(array)))
        return taken
