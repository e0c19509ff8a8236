"""Metadata: the record about an object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["FOLDER", "STORES", "Metadata"]

STORES = ("datasets", "models", "jobs", "scripts")
"""The four stores of a repository, in the order in which they are shown."""

FOLDER = "folder"
"""The kind of a folder: an object without payload that holds names below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What is known about one revision of an object; values only, it never changes.

    Times are aware and in UTC. ``size`` is the stored payload in bytes, ``hash`` a hex digest
    of its content, equal for equal content.
    """

    store: str
    name: str
    kind: str
    revision: int
    created: datetime
    modified: datetime
    bucket: str = "default"
    owner: str = ""
    size: int = 0
    hash: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        """Whether this is a folder."""
        return self.kind == FOLDER

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, times as ISO 8601."""
        return {
            "store": self.store,
            "name": self.name,
            "kind": self.kind,
            "revision": self.revision,
            "created": self.created.isoformat(),
            "modified": self.modified.isoformat(),
            "bucket": self.bucket,
            "owner": self.owner,
            "size": self.size,
            "hash": self.hash,
            "attributes": dict(self.attributes),
        }
