"""Blocks: the pieces that a stored frame is read in."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.frames.empties import empty
from omegaml_lab.frames.filters import leaves
from omegaml_lab.frames.labels import in_order
from omegaml_lab.frames.pruning import condition, may_pass
from omegaml_lab.frames.schema import FrameSchema
from omegaml_lab.storage.payloads import Segment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from omegaml_lab.frames.columns import Recipe
    from omegaml_lab.frames.filters import Tree
    from omegaml_lab.frames.schema import Part
    from omegaml_lab.storage.payloads import Payload
    from omegaml_lab.storage.storage import Storage

__all__ = ["Block", "Layout", "adjacent", "blocks"]

_AT_ONCE = 50
_UNKNOWN: Recipe = {"form": "unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Rows of a segment that no chunk reaches out of; `first` is where the segment starts.

    Each chunk in it has `step` rows, or the last one fewer, unless that is not known.
    """

    part: int
    segment: str
    first: int
    rows: range
    step: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A frame as it is stored: its schema, and the parts and segments that its rows are in."""

    name: str
    schema: FrameSchema
    parts: Sequence[Part]
    segments: Sequence[Segment]

    @classmethod
    def of(cls, payload: Payload, storage: Storage, name: str) -> Layout:
        """Read the schema of a payload.

        Raises
        ------
        IntegrityError
            If it has none.
        """
        if payload.blob is None:
            raise IntegrityError(f"frame {name!r}", "it has no schema")
        schema = FrameSchema.from_bytes(storage.blobs.read(payload.blob))
        parts = schema.parts()
        # A frame that is nothing but the length of its index has no chunks.
        nothing = Segment(id="", rows=parts[0].rows, chunks=0)
        segments = payload.segments or (nothing,)
        if len(segments) != len(parts):
            raise IntegrityError(f"frame {name!r}", "its schema does not fit its chunks")
        return cls(name=name, schema=schema, parts=parts, segments=segments)

    def whole(self) -> Iterator[Block]:
        """Yield a block for each segment, all rows in it."""
        first = 0
        for number, segment in enumerate(self.segments):
            rows, step = range(segment.rows), self._step(number)
            yield Block(part=number, segment=segment.id, first=first, rows=rows, step=step)
            first += segment.rows

    def index_names(self) -> list[Any]:
        """Return the names of the index; of a level on which segments differ pandas has none."""
        named = [part.index.get("names", [part.index.get("name")]) for part in self.parts]
        return [
            names[0] if all(name == names[0] for name in names) else None
            for names in zip(*named, strict=True)
        ]

    def levels(self) -> dict[Any, int]:
        """Return the positions of the levels of the index by name; a single one has a name."""
        names = self.index_names()
        if names == [None]:
            names = ["index"]
        return {
            name: self.schema.width + level for level, name in enumerate(names) if name is not None
        }

    def named(self) -> list[Part]:
        """Return the parts with the names that the index has as a whole."""
        names = self.index_names()
        named: list[dict[str, Any]] = [
            {"names": names} if "names" in part.index else {"name": names[0]}
            for part in self.parts
        ]
        return [
            replace(part, index={**part.index, **more})
            for part, more in zip(self.parts, named, strict=True)
        ]

    def groups(self, part: int, positions: Collection[int]) -> list[int]:
        """Return the groups of chunks that hold these columns and the index."""
        groups = self.parts[part].groups
        indexes = range(self.schema.width, len(groups))
        # The labels of a range are kept in no chunk.
        kept = (position for position in positions if position < len(groups))
        return sorted({groups[position] for position in (*kept, *indexes)})

    def chosen(self, part: int, group: int, positions: Collection[int]) -> list[int] | None:
        """Return which of these columns a group of chunks holds, None if it holds no others."""
        groups = self.parts[part].groups
        here = [position for position in positions if groups[position] == group]
        return None if len(here) == groups.count(group) else here

    def cuts(self, part: int) -> range | None:
        """Return where the chunks of a segment start, None if that is known from them alone.

        What was too large for one chunk was cut once more, and then there are more of them.
        """
        step = self._step(part)
        return None if step is None else range(0, max(self.segments[part].rows, 1), step)

    def _step(self, part: int) -> int | None:
        rows, step = self.segments[part].rows, self.parts[part].chunk_rows
        regular = len(range(0, max(rows, 1), step)) * len({*self.parts[part].groups})
        return step if self.segments[part].chunks == regular else None


def adjacent(blocks: Sequence[Block], most: int) -> Iterator[Block]:
    """Yield blocks that follow each other as one, up to `most` rows."""
    waiting: Block | None = None
    for block in blocks:
        before, waiting = waiting, block
        if before is None:
            continue
        if (before.part, before.rows.stop) == (block.part, block.rows.start) and (
            len(before.rows) + len(block.rows) <= most
        ):
            waiting = replace(block, rows=range(before.rows.start, block.rows.stop))
        else:
            yield before
    if waiting is not None:
        yield waiting


def blocks(
    layout: Layout, storage: Storage, tree: Tree | None, positions: Collection[int]
) -> list[Block]:
    """Return the blocks that a filter does not rule out, in the order of their rows.

    `positions` are the columns that will be read: chunks of some columns may be cut into
    smaller ones than those of others.
    """
    found: list[Block] = []
    for batch in _batches(layout):
        starts = _starts(layout, storage, batch, positions)
        kept = None if tree is None else _kept(layout, storage, batch, tree)
        for block in batch:
            cuts = sorted({0, *starts[block.segment], len(block.rows)})
            found += [
                replace(block, rows=rows)
                for rows in itertools.starmap(range, itertools.pairwise(cuts))
                if kept is None or _is_kept(kept[block.segment], rows)
            ]
    if tree is None:
        return found
    return [block for block in found if _in_range(layout, block, tree)]


def _in_range(layout: Layout, block: Block, tree: Tree) -> bool:
    """Say whether labels that are a range may pass; it is known without a chunk."""
    index = layout.parts[block.part].index
    if index["form"] != "range" or not len(block.rows):
        return True
    labels = range(*index["range"])[block.rows.start : block.rows.stop]
    ends = min(labels[0], labels[-1]), max(labels[0], labels[-1])
    return may_pass(tree, layout.schema.width, *ends)


def _batches(layout: Layout) -> Iterator[list[Block]]:
    """Yield segments that are alike together, so that one query serves many."""

    def alike(block: Block) -> Any:
        part = layout.parts[block.part]
        return part.groups, part.recipes

    for _, run in itertools.groupby(layout.whole(), key=alike):
        remaining = list(run)
        for start in range(0, len(remaining), _AT_ONCE):
            yield remaining[start : start + _AT_ONCE]


def _starts(
    layout: Layout, storage: Storage, batch: Sequence[Block], positions: Collection[int]
) -> dict[str, set[int]]:
    """Return where chunks of all needed groups start, by segment."""
    groups = layout.groups(batch[0].part, positions)
    segments = [block.segment for block in batch]
    if not groups:
        return {segment: set() for segment in segments}
    known = {block.segment: layout.cuts(block.part) for block in batch}
    unknown = [segment for segment, cuts in known.items() if cuts is None]
    by_group: dict[str, dict[int, set[int]]] = {s: {g: set() for g in groups} for s in unknown}
    if unknown:
        for segment, group, start in storage.chunks.starts(unknown, groups):
            by_group[segment][group].add(start)
    found = {segment: set.intersection(*starts.values()) for segment, starts in by_group.items()}
    return {s: found[s] if cuts is None else {*cuts} for s, cuts in known.items()}


Spans = dict[int, list[range]]


def _kept(
    layout: Layout, storage: Storage, batch: Sequence[Block], tree: Tree
) -> dict[str, Spans]:
    """Return for each segment which rows the zone maps keep, by the position that says so."""
    part = layout.parts[batch[0].part]
    segments = [block.segment for block in batch]
    kept: dict[str, Spans] = {segment: {} for segment in segments}
    keep = condition(tree, _comparable(layout, part))
    if keep is None:
        return kept
    by_group = defaultdict(set)
    for leaf in leaves(tree):
        if leaf.position >= len(part.groups):
            continue
        by_group[part.groups[leaf.position]].add(leaf.position)
        for spans in kept.values():
            spans[leaf.position] = []
    for group, positions in by_group.items():
        for chunk in storage.chunks.survey(segments, group, positions, keep):
            for position in chunk.zones:
                kept[chunk.segment][position].append(range(chunk.start, chunk.stop))
    return kept


def _comparable(layout: Layout, part: Part) -> list[Recipe]:
    """Return the recipes of a part, those of levels only where they are numbered in order."""
    width = layout.schema.width
    recipes = part.recipes[:width]
    if part.index["form"] == "range":
        return [*recipes, _UNKNOWN]
    if part.index["form"] != "multi":
        return part.recipes
    for number, recipe in enumerate(part.recipes[width:]):
        recipes.append(recipe if in_order(part.index, empty(recipe), number) else _UNKNOWN)
    return recipes


def _is_kept(spans: Spans, rows: range) -> bool:
    return all(
        any(span.start < rows.stop and rows.start < span.stop for span in found)
        for found in spans.values()
    )
