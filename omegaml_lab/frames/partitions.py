"""Writes Dask frames: each partition goes to the repository where and when it is computed."""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidFrameError
from omegaml_lab.frames.appending import extended, index_types
from omegaml_lab.frames.columns import is_flat
from omegaml_lab.frames.empties import empty
from omegaml_lab.frames.writer import WrittenPart, write_part
from omegaml_lab.storage.payloads import Payload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.frames.columns import Recipe
    from omegaml_lab.frames.schema import FrameSchema
    from omegaml_lab.storage.storage import Storage

__all__ = ["joined", "write_partitions"]


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
    from dask.base import compute
    from dask.delayed import delayed

    run: Any = compute  # which has no types
    write = delayed(write_part, pure=False)
    tasks = [
        write(part, storage.quiet(), name, chunk_rows=chunk_rows, index=index)
        for part in obj.to_delayed()
    ]
    with storage.holds.kept_alive():  # Dask may write them in other processes
        written: Sequence[WrittenPart] = run(*tasks)
    parts = [part for part in written if part.segment.rows] or list(written[:1])
    return joined(parts, storage, name)


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
