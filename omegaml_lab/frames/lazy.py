"""Lazy frames: Dask frames whose partitions are chunks, read when they are computed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import dask.dataframe as dd
import numpy as np
import pandas as pd
from dask._collections import new_collection
from dask.base import normalize_token, tokenize
from dask.dataframe.dask_expr._expr import (
    Expr,
    Filter,
    Head,
    Literal,
    Projection,
)
from dask.dataframe.dask_expr._reductions import Len
from dask.dataframe.dask_expr.io.io import FromMap, FromMapProjectable

from omegaml_lab.frames.blocks import Layout
from omegaml_lab.frames.masks import keep_apart
from omegaml_lab.frames.projections import keep_frames
from omegaml_lab.frames.pushdown import Source, condition_of
from omegaml_lab.frames.reader import select
from omegaml_lab.frames.writer import CHUNK_ROWS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from omegaml_lab.core.filters import Q
    from omegaml_lab.frames.blocks import Block
    from omegaml_lab.frames.pieces import Pieces
    from omegaml_lab.frames.reader import Selection
    from omegaml_lab.frames.schema import Part
    from omegaml_lab.storage.payloads import Payload
    from omegaml_lab.storage.storage import Storage

__all__ = ["lazy_frame"]

_MOST_ROWS = 4 * CHUNK_ROWS
"""Of a partition of several chunks. Measured: pandas and Dask take more for four than for one."""


def lazy_frame(payload: Payload, storage: Storage, name: str, selection: Selection) -> Any:
    """Return a Dask DataFrame or Series of some columns and rows of a payload.

    Each partition is read with only the columns that are computed. It is this state of the
    object for good, whatever is put later. Errors are those of `read_frame`.
    """
    layout = Layout.of(payload, storage, name)
    pieces = select(layout, storage, selection)
    groups = _gathered(layout, pieces.blocks())
    made = _FromChunks if layout.schema.form == "frame" else FromMap
    # Each task goes to its process with what it reads: of many segments only its own.
    common, parts = pieces.shared() if groups else pieces, layout.named()
    read = _ReadColumns(common) if layout.schema.form == "frame" else _ReadSeries(common)
    inputs: list[_Input | None] = [_Input.of(blocks, parts) for blocks in groups] or [None]
    operands = {
        "func": read,
        "iterables": [inputs],
        "args": [],
        "kwargs": {},
        "user_meta": pieces.frame([]),
        "user_divisions": _divisions(layout, storage, groups),
        "label": "omega",
    }
    make: Any = made  # Dask has types for neither
    collect: Any = new_collection
    if layout.schema.form == "frame":
        operands |= {"columns": None, "columns_arg_required": True, "enforce_metadata": False}
        operands["source"] = Source(pieces)
        collect = DataFrame
    return collect(make(**operands))


def _gathered(layout: Layout, blocks: Sequence[Block]) -> list[list[Block]]:
    """Return blocks in order as they make up partitions: small ones cost more than they read.

    Who asked for chunks smaller than the usual ones gets a partition for each of them.
    """
    groups: list[list[Block]] = []
    for block in blocks:
        before = groups[-1] if groups else []
        rows = sum(len(other.rows) for other in before) + len(block.rows)
        usual = all(
            layout.parts[one.part].chunk_rows >= CHUNK_ROWS for one in (*before[-1:], block)
        )
        if before and usual and rows <= _MOST_ROWS:
            before.append(block)
        else:
            groups.append([block])
    return groups


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """What a partition is read from: blocks, and what their segments are."""

    blocks: tuple[Block, ...]
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, blocks: Sequence[Block], parts: Sequence[Part]) -> _Input:
        """Return blocks with nothing but their own segments."""
        numbers = list(dict.fromkeys(block.part for block in blocks))
        renumbered = (replace(block, part=numbers.index(block.part)) for block in blocks)
        return cls(blocks=tuple(renumbered), parts=tuple(parts[number] for number in numbers))

    def only(self, blocks: Collection[tuple[str, int]]) -> _Input:
        """Return what is left of it: the blocks of these segments and first rows."""
        left = (block for block in self.blocks if (block.segment, block.rows.start) in blocks)
        return replace(self, blocks=tuple(left))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(len(block.rows) for block in self.blocks)

    def __dask_tokenize__(self) -> object:
        told = [(block.segment, block.rows.start, block.rows.stop) for block in self.blocks]
        return told, [normalize_token(part.index) for part in self.parts]


class DataFrame(dd.DataFrame):
    """A Dask DataFrame that need not ask Dask for what it knows, or can read at once.

    What is derived from it is a Dask DataFrame like any other.
    """

    def __len__(self) -> int:
        rows = self._expr.rows if isinstance(self._expr, _FromChunks) else None
        return int(super().__len__() if rows is None else rows)  # type: ignore[no-untyped-call]

    def head(self, n: int = 5, npartitions: int = 1, compute: bool = True) -> Any:  # noqa: FBT001, FBT002 - as Dask has it
        if compute and npartitions == 1 and n > 0 and isinstance(self._expr, _FromChunks):
            frame = self._expr.first(n)
            if len(frame) == n:
                return frame
        return super().head(n, npartitions, compute)

    def __getitem__(self, key: Any) -> Any:
        made = super().__getitem__(key)  # type: ignore[no-untyped-call]
        chosen = isinstance(key, list) and len({*map(repr, key)}) == len(key)
        if not chosen or not isinstance(self._expr, _FromChunks):
            return made
        # So that masks on it are masks on what is read.
        collect: Any = DataFrame
        return collect(self._expr.substitute_parameters({"columns": list(key)}))


class _FromChunks(FromMapProjectable):
    """Dask's way to make partitions, which also knows how many rows they have.

    `source` says which blocks a mask rules out, `is_ruled` whether one has done so.
    """

    _parameters = [*FromMapProjectable._parameters, "source", "is_ruled"]  # noqa: RUF012, SLF001
    _defaults = {**FromMapProjectable._defaults, "source": Source(None), "is_ruled": False}  # noqa: RUF012, SLF001

    @property
    def rows(self) -> int | None:
        """How many rows there are, None if only reading them would tell."""
        inputs: list[_Input | None] = [self.iterables[0][number] for number in self._partitions]
        if not self.func.is_whole or self.is_ruled:
            return None
        return sum(one.rows for one in inputs if one is not None)

    def first(self, n: int) -> Any:
        """Read the first rows of the first partition, and no more chunks than hold them."""
        found = self.func.first(self.iterables[0][self._partitions[0]], n)
        return found if self.columns_operand is None else found[self.columns]

    def _simplify_up(self, parent: Any, dependents: Any) -> Any:
        if isinstance(parent, Head):
            return self._headed(parent)
        if not isinstance(parent, Len):
            return super()._simplify_up(parent, dependents)  # type: ignore[no-untyped-call]
        if self.rows is not None:
            return Literal(self.rows)
        if self.columns:  # only the filter has to be computed
            return Len(self.substitute_parameters({"columns": []}))
        return None

    @property
    def _source(self) -> Source:
        return cast("Source", self.operand("source"))  # type: ignore[no-untyped-call]

    def __getitem__(self, other: Any) -> Any:
        if isinstance(other, Expr):
            masked: Any = _Masked
            return masked(self, other)
        return super().__getitem__(other)  # type: ignore[no-untyped-call]

    @cached_property
    def rows_read(self) -> str:
        """What tells which rows are read, of whatever columns."""
        return tokenize(self.func, self.iterables, self._partitions)

    def ruled(self, condition: Q) -> Any:
        """Return what reads no blocks in which no row passes, None if that is not known."""
        kept = self._source.kept(condition)
        if kept is None:
            return None
        fewer = [one and one.only(kept) for one in self.iterables[0]]
        return self.substitute_parameters({"iterables": [fewer], "is_ruled": True})

    def _headed(self, parent: Any) -> Any:
        """Return the first rows of the chunks that hold them, None if that is what it is."""
        first = self.iterables[0][self._partitions[0]]
        asked = parent.operand("npartitions")  # as a property it is that of what comes of it
        if first is None or asked != 1 or not self.func.is_whole or parent.n < 0:
            return None
        rows = itertools.accumulate(len(block.rows) for block in first.blocks)
        count = 1 + sum(1 for row in rows if row < parent.n)
        if count >= len(first.blocks) and len(self._partitions) == 1:
            return None
        fewer = _Input.of(first.blocks[:count], first.parts)
        only = {"iterables": [[fewer]], "user_divisions": None, "_partitions": None}
        return Head(self.substitute_parameters(only), parent.n, 1)


keep_apart(_FromChunks)
keep_frames(_FromChunks)


class _Masked(Filter):
    """A filter of rows that are read; of these it first rules out what cannot pass."""

    def _simplify_up(self, parent: Any, dependents: Any) -> Any:
        made: Any = super()._simplify_up(parent, dependents)  # type: ignore[no-untyped-call]
        # Also of the index alone, of which `len` counts the rows.
        return type(self)(*made.operands) if type(made) is Filter else made

    def _simplify_down(self) -> Any:
        nodes = {node._name: node for node in self.find_operations(_FromChunks)}.values()  # noqa: SLF001
        filtered: Any = Filter
        made = filtered(*self.operands)
        if len({node.rows_read for node in nodes}) != 1:
            return made
        condition = condition_of(self.predicate, _column_of)
        if condition is None:
            return made
        ruled = [(node, node.ruled(condition)) for node in nodes]
        # All or none of them: masks have as many rows as what they are of.
        if any(fewer is None for _, fewer in ruled):
            return made
        for node, fewer in ruled:
            made = made.substitute(node, fewer)
        return made

    def __getitem__(self, other: Any) -> Any:
        if isinstance(other, Expr):
            # While both masks are as they were written they can be one, and rule out together.
            mask: Any = other.substitute(self, self.frame)
            if self._has_rows_of(mask) and condition_of(mask, _column_of) is not None:
                return type(self)(self.frame, self.predicate & mask)
        return super().__getitem__(other)  # type: ignore[no-untyped-call]

    def _has_rows_of(self, mask: Any) -> bool:
        """Say whether a mask is of the rows that this one is of, and truth of the same type."""
        nodes = [self.frame, *mask.find_operations(_FromChunks)]
        if not all(isinstance(node, _FromChunks) for node in nodes):
            return False
        types = {part._meta.dtype for part in (mask, self.predicate)}  # noqa: SLF001
        return len({node.rows_read for node in nodes}) == 1 and types == {np.dtype(bool)}


def _column_of(given: Any) -> tuple[Any] | None:
    """Return the label of a column that is read, None if an expression is something else."""
    if isinstance(given, Projection) and given.ndim == 1 and isinstance(given.frame, _FromChunks):
        return (given.operand("columns"),)
    if isinstance(given, _FromChunks) and given.ndim == 1:
        return (given.columns[0],)
    return None


class _ReadSeries:
    """Reads partitions."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces

    @property
    def is_whole(self) -> bool:
        """Whether all rows of each block are wanted."""
        return self._pieces.tree is None

    def __dask_tokenize__(self) -> object:
        pieces = self._pieces
        segments = [segment.id for segment in pieces.layout.segments]
        # Not the text of the tree: of long values that shows the ends alone.
        tree = normalize_token(pieces.tree)
        return type(self).__name__, segments, pieces.positions, tree

    def __call__(self, given: _Input | None) -> Any:
        return _read(self._pieces, given)

    def first(self, given: _Input | None, n: int) -> Any:
        """Read the first rows of a partition."""
        return _read(self._pieces, given, n)


class _ReadColumns(_ReadSeries):
    """Reads some columns of partitions; Dask says which, because there is a `columns`."""

    def __call__(self, given: _Input | None, columns: Sequence[Any]) -> Any:  # type: ignore[override]
        return _read(self._pieces.project(columns), given)


def _read(pieces: Pieces, given: _Input | None, most: int | None = None) -> Any:
    if given is None:
        return pieces.frame([])
    return pieces.of(given.parts).joined(given.blocks, most)


# -- divisions -------------------------------------------------------------------------------

_LABELLED = {"numpy", "masked", "text", "time", "zoned"}
"""Forms whose labels can be had from zone maps, which of others hold only numbers for them."""


def _divisions(layout: Layout, storage: Storage, groups: Sequence[Sequence[Block]]) -> Any:
    """Return the first label of each partition and the last, None when they do not ascend."""
    if not groups:
        return None
    blocks = [block for group in groups for block in group]
    if all(part.index["form"] == "range" for part in layout.parts):
        bounds = [_of_range(layout, block) for block in blocks]
    elif all(part.index.get("sorted") for part in layout.parts):
        bounds = _of_zones(layout, storage, blocks)
    else:
        return None
    ascending = all(bound is not None for bound in bounds) and all(
        one[1] < other[0] for one, other in itertools.pairwise(bounds)
    )
    if not ascending:
        return None
    firsts = itertools.accumulate((len(group) for group in groups[:-1]), initial=0)
    return (*(bounds[first][0] for first in firsts), bounds[-1][1])


def _of_range(layout: Layout, block: Block) -> Any:
    labels = range(*layout.parts[block.part].index["range"])[block.rows.start : block.rows.stop]
    return (labels[0], labels[-1]) if labels.step > 0 else None


def _of_zones(layout: Layout, storage: Storage, blocks: Sequence[Block]) -> list[Any]:
    """Return the least and greatest label of each block, as the zone maps of the index say."""
    position = layout.schema.width
    by_group: dict[int, list[str]] = {}
    for segment, part in zip(layout.segments, layout.parts, strict=True):
        by_group.setdefault(part.groups[position], []).append(segment.id)
    zones: dict[str, list[tuple[int, Any]]] = {segment.id: [] for segment in layout.segments}
    for group, segments in by_group.items():
        for chunk in storage.chunks.survey(segments, group, [position]):
            if position in chunk.zones:
                zones[chunk.segment].append((chunk.start, chunk.zones[position]))
    return [
        _ends(
            [zone for start, zone in zones[block.segment] if start in block.rows],
            layout.parts[block.part].recipes[position],
        )
        for block in blocks
    ]


def _ends(zones: Sequence[Any], recipe: dict[str, Any]) -> Any:
    known = all(zone["n"] == 0 and {"a", "b"} <= {*zone} for zone in zones)
    if not zones or not known or recipe["form"] not in _LABELLED:
        return None
    ends = min(zone["a"] for zone in zones), max(zone["b"] for zone in zones)
    return tuple(_label(end, recipe) for end in ends)


def _label(value: Any, recipe: dict[str, Any]) -> Any:
    if recipe["form"] == "time":
        unit, _ = np.datetime_data(np.dtype(recipe["dtype"]))
        kind: Any = pd.Timedelta if np.dtype(recipe["dtype"]).kind == "m" else pd.Timestamp
        return kind(value, unit=unit)
    if recipe["form"] == "zoned":
        moment = pd.Timestamp(value, unit=recipe["unit"], tz="UTC")
        return moment.tz_convert(recipe["zone"].tzinfo)
    return value
