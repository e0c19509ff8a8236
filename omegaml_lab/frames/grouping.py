"""Grouped aggregates of stored frames, computed chunk by chunk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from omegaml_lab.core.errors import InvalidQueryError, UnknownColumnError
from omegaml_lab.frames import aggregates
from omegaml_lab.frames.aggregates import AGGREGATES, SIZE, Partials
from omegaml_lab.frames.blocks import Layout, adjacent
from omegaml_lab.frames.empties import nothing
from omegaml_lab.frames.reader import Selection, labels_of, select
from omegaml_lab.frames.refusals import (
    REFUSALS,
    no_such_aggregate,
    refused_query,
)
from omegaml_lab.frames.writer import CHUNK_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from omegaml_lab.frames.blocks import Block
    from omegaml_lab.frames.pieces import Pieces
    from omegaml_lab.storage.payloads import Payload
    from omegaml_lab.storage.storage import Storage

__all__ = ["Grouping", "query_frame"]

_THREADS = 2
_MOST_ROWS = 1_000_000
"""So many rows of partial results are joined before more are made."""
_TASK_CELLS = 16 * CHUNK_ROWS
"""So many cells are grouped at once. Measured: to group costs more for each time than for rows."""
_AS_MET = {"dropna": False, "sort": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """What groups rows, and what is asked of each group; see `DatasetStore.query`."""

    by: Any = None
    aggregate: Any = None
    dropna: bool = True
    sort: bool = True


def query_frame(
    payload: Payload, storage: Storage, name: str, selection: Selection, grouping: Grouping
) -> pd.DataFrame:
    """Return aggregates of the rows of a payload that are selected.

    Raises
    ------
    UnknownColumnError
        If a column that is named does not exist.
    InvalidFilterError
        If a filter cannot be used on its column.
    InvalidQueryError
        If there is no such aggregate, or the column has none.
    """
    layout = Layout.of(payload, storage, name)
    query = _Query(layout, selection, grouping)
    wanted = list(dict.fromkeys((*query.keys, *(label for label, _ in query.asked))))
    columns = wanted if layout.schema.form == "frame" else None
    pieces = select(layout, storage, Selection(columns=columns, where=selection.where))
    return query.by_chunks(pieces) if query.is_simple else query.by_pandas(pieces)


class _Query:
    """One question about one frame."""

    def __init__(self, layout: Layout, selection: Selection, grouping: Grouping) -> None:
        self._layout = layout
        self._known = layout.schema.known()
        self._levels = [label for label in layout.index_names() if label is not None]
        self._how = {"dropna": grouping.dropna, "sort": grouping.sort}
        by = grouping.by
        several = isinstance(by, list) or (isinstance(by, tuple) and by not in self._known)
        self._by = list(by) if several else [] if by is None else [by]
        for label in self._by:
            if label not in self._known and label not in self._levels:
                raise UnknownColumnError(layout.name, label, known=[*self._known, *self._levels])
        if len(set(self._by)) < len(self._by):
            raise InvalidQueryError(layout.name, f"it groups twice by one column: {self._by!r}")
        self._others = list(self._known)
        if selection.columns is not None:
            self._others = labels_of(selection.columns, layout)
            layout.schema.positions(layout.name, self._others)
        self._mapping = self._as_mapping(grouping.aggregate)
        self.asked = list(self._asked())

    @property
    def keys(self) -> list[Any]:
        """The labels of the columns that group; levels of the index are none."""
        return [label for label in self._by if label in self._known]

    @cached_property
    def is_simple(self) -> bool:
        """Whether Arrow groups and reduces as pandas does."""
        recipes = self._layout.schema.recipes
        return all(
            label in self._known and aggregates.can_group(recipes[self._known[label]])
            for label in self._by
        ) and all(
            aggregates.can_reduce(recipes[self._known[label]], op) for label, op in self.asked
        )

    # -- what is asked -------------------------------------------------------------------------

    def _as_mapping(self, aggregate: Any) -> Mapping[Any, Any]:
        """Return what is asked of each column; an aggregate alone is asked of all others."""
        if aggregate is None or aggregate == SIZE:
            return {}
        if isinstance(aggregate, dict):
            if not aggregate:
                raise InvalidQueryError(self._layout.name, "no aggregate is asked for")
            return aggregate
        return {label: aggregate for label in self._others if label not in self._by}

    def _asked(self) -> Iterator[tuple[Any, str]]:
        name = self._layout.name
        for label, ops in self._mapping.items():
            if label not in self._known:
                raise UnknownColumnError(name, label, known=self._known)
            listed = ops if isinstance(ops, list | tuple) else [ops]
            for op in listed:
                if op not in AGGREGATES:
                    raise no_such_aggregate(name, op, list(self._known))
            if len(set(listed)) < max(len(listed), 1):
                reason = f"column {label!r} wants each aggregate once, not {ops!r}"
                raise InvalidQueryError(name, reason)
            yield from ((label, op) for op in listed)

    # -- chunk by chunk ------------------------------------------------------------------------

    def by_chunks(self, pieces: Pieces) -> pd.DataFrame:
        """Return the result, with no more in memory than a few chunks and a row a group."""
        asked = [(self._known[label], op) for label, op in self.asked]
        keys = [self._known[label] for label in self._by]
        partials = Partials(keys, asked, as_met=not self._how["sort"])
        states = _States(partials, pieces)
        states.read()
        whole = states.joined(self._how)
        recipes = self._layout.schema.recipes
        if not self.asked:
            return self._labelled(whole[[SIZE]], None)
        columns = [states.aggregate(op, position, whole, self._how) for position, op in asked]
        template = self._template({
            label: aggregates.sample(recipes[position]) for label, position in self._known.items()
            if position in partials.positions or label in self._mapping
        })  # fmt: skip
        typed = [
            aggregates.typed(column, dtype, op)
            for column, dtype, (_, op) in zip(columns, template.dtypes, asked, strict=True)
        ]
        made = pd.concat(typed, axis=1) if typed else pd.DataFrame(index=whole.index)
        return self._labelled(made, template)

    def _template(self, columns: dict[Any, Any]) -> pd.DataFrame:
        frame = pd.DataFrame(
            {n: pd.Series(v, dtype=v.dtype) for n, v in enumerate(columns.values())}
        )
        frame.columns = pd.Index(list(columns), tupleize_cols=False)
        if self._layout.schema.form == "frame":  # which may have levels, and names of these
            labels = self._layout.schema.labels()
            frame.columns = labels.take([self._known[label] for label in columns])
        return self._aggregated(frame)

    def _labelled(self, frame: pd.DataFrame, template: pd.DataFrame | None) -> pd.DataFrame:
        if template is not None:
            frame.columns = template.columns
        if not self._by:
            return self._totals(frame)
        frame.index.names = self._by
        return frame

    # -- by pandas -----------------------------------------------------------------------------

    def by_pandas(self, pieces: Pieces) -> pd.DataFrame:
        """Return the result from the columns that it needs, all rows of these at once."""
        self._aggregated(self._framed(pieces.frame([])))  # what pandas refuses costs nothing
        return self._aggregated(self._framed(pieces.frame(pieces.blocks())))

    def _framed(self, made: Any) -> pd.DataFrame:
        frame: pd.DataFrame = made
        if isinstance(made, pd.Series):
            frame = made.to_frame(next(iter(self._known)))
        return frame

    def _aggregated(self, frame: Any) -> pd.DataFrame:
        by = self._by or pd.Series(0, index=frame.index)
        try:
            grouped = frame.groupby(by, observed=True, **self._how)
            made = grouped.agg(self._mapping) if self.asked else grouped.size().to_frame(SIZE)
            return made if self._by else self._totals(made)
        except REFUSALS as error:
            raise refused_query(self._layout.name, frame, self.asked, error) from error

    def _totals(self, made: pd.DataFrame) -> pd.DataFrame:
        """Return the one row that there is also of no rows."""
        made = made.reset_index(drop=True)
        if len(made):
            return made
        of_nothing: Any = made.reindex([0])
        ops = [op for _, op in self.asked] or [SIZE]
        for place, op in enumerate(ops):
            if op in {"size", "count", "nunique", "sum"}:
                dtype = made.dtypes.iloc[place]
                of_nothing.isetitem(place, pd.Series([pd.Series(dtype=dtype).sum()], dtype=dtype))
        totals: pd.DataFrame = of_nothing
        return totals


class _States:
    """Partial results as they come in."""

    def __init__(self, partials: Partials, pieces: Pieces) -> None:
        self._partials = partials
        self._pieces = pieces
        self._names = [f"k{number}" for number in range(max(len(partials.keys), 1))]
        self._frames: list[list[pd.DataFrame]] = [[] for _ in (None, *partials.spelt)]

    def read(self) -> None:
        """Read all chunks."""
        most = _TASK_CELLS // max(len(self._partials.positions), 1)
        blocks = list(adjacent(self._pieces.blocks(), most))
        recipes = self._pieces.layout.schema.recipes
        nothings = {p: nothing(recipes[p]) for p in self._partials.positions}
        self._take(0, [aggregates.partial(self._partials, nothings, recipes, 0)])
        with ThreadPoolExecutor(_THREADS, "omega-query") as pool:
            waiting: list[list[pa.Table]] = []
            part = rows = 0
            made = self._pieces.told(pool.map(self._partial, blocks), "query", len(blocks))
            for block, tables in zip(blocks, made, strict=True):
                if block.part != part or rows > _MOST_ROWS:
                    self._take(part, waiting)
                    part, waiting, rows = block.part, [], 0
                waiting.append(tables)
                rows += sum(table.num_rows for table in tables)
            self._take(part, waiting)

    def joined(self, how: Mapping[str, bool]) -> pd.DataFrame:
        """Return what is known of each group."""
        how = how if self._partials.keys else {"dropna": False, "sort": True}
        return aggregates.joined(self._all(0), self._names, how)

    def aggregate(
        self, op: str, position: int, whole: pd.DataFrame, how: Mapping[str, bool]
    ) -> Any:
        """Return an aggregate of a column for each group."""
        if op not in {"nunique", "median"}:
            return aggregates.finished(op, position, whole)
        pairs = self._all(1 + self._partials.spelt.index(position))
        return aggregates.of_values(op, pairs, self._names, how)

    def _partial(self, block: Block) -> list[pa.Table]:
        piece = self._pieces.read(block, indexed=False)
        recipes = self._pieces.layout.parts[block.part].recipes
        return aggregates.partial(self._partials, piece.arrays, recipes, len(piece.taken))

    def _take(self, part: int, tables: Sequence[list[pa.Table]]) -> None:
        """Keep partial results of chunks of one segment, joined when they are many."""
        recipes = self._pieces.layout.parts[part].recipes
        for number, some in enumerate(zip(*tables, strict=True)):
            spelt = self._partials.spelt[number - 1] if number else None
            frame = aggregates.decoded(pa.concat_tables(some), self._partials, recipes, spelt)
            self._frames[number].append(frame)
            if sum(map(len, self._frames[number])) > _MOST_ROWS:
                self._frames[number] = [self._compact(number)]

    def _compact(self, number: int) -> pd.DataFrame:
        keys = [*self._names, "v"] if number else self._names
        return aggregates.joined(self._all(number), keys, _AS_MET).reset_index()

    def _all(self, number: int) -> pd.DataFrame:
        frames = [frame for frame in self._frames[number] if len(frame)]
        frames = frames or self._frames[number][:1]
        return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
