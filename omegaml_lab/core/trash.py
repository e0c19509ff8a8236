"""Trash: what was dropped and can be restored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Dropped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """An object or a folder in the trash; `name` is the one that it had.

    `id` tells it from others of that name, `size` and `revision` are those of its newest state;
    a folder's size is that of all that was dropped with it. `dropped` is aware and in UTC.
    """

    id: str
    store: str
    name: str
    kind: str
    size: int
    revision: int
    dropped: datetime
    dropped_by: str
    bucket: str = "default"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, times as ISO 8601."""
        return {
            "id": self.id,
            "store": self.store,
            "name": self.name,
            "kind": self.kind,
            "size": self.size,
            "revision": self.revision,
            "dropped": self.dropped.isoformat(),
            "dropped_by": self.dropped_by,
            "bucket": self.bucket,
        }
