"""Compacts stored frames: many small segments become few, the rows stay what they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from omegaml_lab.frames.blocks import Layout
from omegaml_lab.frames.pieces import Pieces
from omegaml_lab.frames.writer import WrittenPart, write_part
from omegaml_lab.storage.payloads import Payload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omegaml_lab.frames.schema import FrameSchema, Part
    from omegaml_lab.storage.payloads import Segment
    from omegaml_lab.storage.storage import Storage

__all__ = ["Compacted", "compact", "crowded"]

_MOST_ROWS = 1_000_000
"""So many are read at once."""
_CROWD = 64
"""So many small segments in a row are too many for a head that every reader reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """A payload with fewer segments, and by how many bytes it is larger than before."""

    payload: Payload
    growth: int


def crowded(payload: Payload) -> bool:
    """Say whether so many small segments end a frame that an append has to join them."""
    small = [segment.chunks <= 1 for segment in payload.segments[-_CROWD:]]
    return len(small) == _CROWD and all(small)


def compact(payload: Payload, storage: Storage, name: str) -> Compacted | None:
    """Join small segments that follow each other, None when there are none.

    Rows come back as before, but in a frame that is kept sorted: those that are joined are
    sorted together. Not more than a million rows are in memory at once.
    """
    layout = Layout.of(payload, storage, name)
    if not layout.schema.recipes:
        return None
    named = layout.named()
    made: list[tuple[Part, Segment]] = []
    growth = 0
    for run in _runs(layout):
        if len(run) == 1:
            made.append((layout.parts[run[0]], layout.segments[run[0]]))
            continue
        written = _joined(layout, storage, [named[number] for number in run], run)
        made.append((_part(written), written.segment))
        growth += written.size - storage.chunks.size([layout.segments[n].id for n in run])
    if len(made) == len(layout.segments):
        return None
    parts = [part for part, _ in made]
    blob = storage.blobs.write(_schema(layout.schema, parts).to_bytes())
    growth += blob.size - (payload.blob.size if payload.blob else 0)
    segments = tuple(segment for _, segment in made)
    return Compacted(payload=replace(payload, blob=blob, segments=segments), growth=growth)


def _runs(layout: Layout) -> Iterator[list[int]]:
    """Yield the numbers of segments that are to be one, in order."""
    run: list[int] = []
    rows = 0
    for number, part in enumerate(layout.parts):
        small = part.rows < part.chunk_rows
        if run and (not small or rows + part.rows > _MOST_ROWS):
            yield run
            run, rows = [], 0
        if small:
            run.append(number)
            rows += part.rows
        else:
            yield [number]
    if run:
        yield run


def _joined(
    layout: Layout, storage: Storage, parts: Sequence[Part], run: Sequence[int]
) -> WrittenPart:
    wanted = [block for block in layout.whole() if block.part in run]
    blocks = [replace(block, part=run.index(block.part)) for block in wanted if block.rows]
    positions = list(range(layout.schema.width))
    frame = Pieces(layout, storage, positions, None).of(parts).joined(blocks)
    rows = max(part.chunk_rows for part in parts)
    index = layout.schema.sorted_by
    return write_part(frame, storage, layout.name, chunk_rows=rows, index=index)


def _part(written: WrittenPart) -> Part:
    (part,) = written.schema.parts()
    return part


def _schema(schema: FrameSchema, parts: Sequence[Part]) -> FrameSchema:
    first = parts[0]
    made = replace(
        schema,
        rows=first.rows,
        chunk_rows=first.chunk_rows,
        groups=first.groups,
        recipes=first.recipes,
        index=first.index,
        later=[],
    )
    for part in parts[1:]:
        made = made.extended(part)
    return made
