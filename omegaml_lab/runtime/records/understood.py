"""What this version understands of records, of which newer ones may have written some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from omegaml_lab.core.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omegaml_lab.storage.records import Records

__all__ = ["understood"]

T = TypeVar("T")


def understood(
    records: Records,
    where: Mapping[str, Any],
    of: Callable[[dict[str, Any]], T],
    *,
    sort: Sequence[tuple[str, int]] = (),
    limit: int,
) -> list[T]:
    """Return the first records that match, as `of` reads them, but for those that it cannot.

    They are left to who can, and however many they are, what comes after them is found.
    """
    found: list[T] = []
    seen = 0
    while len(found) < limit:
        some = records.query(where, sort=sort, skip=seen, limit=limit)
        for record in some:
            try:
                found.append(of(record))
            except IntegrityError:
                continue
        seen += len(some)
        if len(some) < limit:
            break
    return found[:limit]
