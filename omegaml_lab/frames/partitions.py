"""Writes Dask frames: each partition goes to the repository where and when it is computed."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidFrameError
from omegaml_lab.frames.appending import Addition, extended, index_types, write_fitting
from omegaml_lab.frames.columns import is_flat
from omegaml_lab.frames.empties import empty
from omegaml_lab.frames.writer import WrittenPart, write_part
from omegaml_lab.storage.payloads import Payload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omegaml_lab.frames.columns import Recipe
    from omegaml_lab.frames.schema import FrameSchema
    from omegaml_lab.storage.storage import Storage

__all__ = ["PartitionsAddition", "joined", "write_partitions"]


def write_partitions(
    obj: Any, storage: Storage, name: str, *, chunk_rows: int, index: Sequence[Any] = ()
) -> tuple[Payload, int, str]:
    """Write a Dask DataFrame or Series; return its payload, stored size and hash.

    No more of it is in memory than the partitions that Dask computes at once.

    Raises
    ------
    InvalidFrameError
        If the partitions are not alike, or something in them cannot be kept.
    """
    write = functools.partial(
        write_part, storage=storage.quiet(), name=name, chunk_rows=chunk_rows, index=index
    )
    return joined(_computed(obj, storage, write), storage, name)


class PartitionsAddition(Addition):
    """The rows of a Dask DataFrame or Series that are to be added to a frame, like `Addition`.

    All partitions are there before the first of their rows is seen, and none if one fails.
    """

    def _write(self, schema: FrameSchema) -> list[WrittenPart]:
        write = functools.partial(
            write_fitting,
            storage=self._storage.quiet(),
            name=self._name,
            schema=replace(schema, later=[]),  # of many segments no task needs to know
            chunk_rows=self._chunk_rows,
        )
        return _computed(self._obj, self._storage, write)


def _computed(
    obj: Any, storage: Storage, write: Callable[[Any], WrittenPart]
) -> list[WrittenPart]:
    """Let Dask compute and write each partition; return those with rows, or else the first."""
    from dask.base import compute
    from dask.delayed import delayed

    run: Any = compute  # which has no types
    task = delayed(write, pure=False)
    with storage.holds.kept_alive():  # Dask may write them in other processes
        written: Sequence[WrittenPart] = run(*(task(part) for part in obj.to_delayed()))
    return [part for part in written if part.segment.rows] or list(written[:1])


def joined(parts: Sequence[WrittenPart], storage: Storage, name: str) -> tuple[Payload, int, str]:
    """Return the payload, stored size and hash of one frame of what was written in parts.

    Raises
    ------
    InvalidFrameError
        If the parts are not alike.
    """
    for number, part in enumerate(parts):
        _check(part.schema, parts[0].schema, name, number)
    schema = functools.reduce(extended, parts[1:], parts[0].schema)
    blob = storage.blobs.write(schema.to_bytes())
    digest = hashlib.sha256(blob.hash.encode())
    for part in parts:
        digest.update(part.digests)
    payload = Payload(blob=blob, segments=tuple(part.segment for part in parts))
    return payload, blob.size + sum(part.size for part in parts), digest.hexdigest()


def _check(schema: FrameSchema, first: FrameSchema, name: str, number: int) -> None:
    """Raise unless a partition is like the first: pandas would have to convert one of them."""
    if schema.columns != first.columns or schema.name != first.name:
        raise InvalidFrameError(name, f"partition {number} has other columns than the first")
    for label, recipe, other in zip(schema.labels(), schema.recipes, first.recipes, strict=False):
        if not _alike(recipe, other):
            reason = (
                f"column {label!r} is {empty(recipe).dtype} in partition {number} and"
                f" {empty(other).dtype} in the first: convert it, or categorize() the frame"
            )
            raise InvalidFrameError(name, reason)
    was, now = index_types(first), index_types(schema)
    if was != now:
        reason = f"the index is {', '.join(now)} in partition {number} and {', '.join(was)} before"
        raise InvalidFrameError(name, reason)


def _alike(recipe: Recipe, other: Recipe) -> bool:
    if recipe == other:
        return True
    # Categories in another order are as good as others: the codes mean something else.
    plain = recipe["form"] != "category" and not is_flat(recipe)
    return plain and bool(empty(recipe).dtype == empty(other).dtype)
