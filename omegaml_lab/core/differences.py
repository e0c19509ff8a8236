"""Differences: what is not the same about two states of an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.core.metadata import Metadata

__all__ = ["Difference"]

_COMPARED = ("kind", "size", "hash", "owner", "tags")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How `after` differs from `before`; it is true when anything that is compared does.

    `fields` are those of the metadata (kind, size, hash, owner, tags) and `changed` the attributes
    that are not equal, each with both values; `added` and `removed` are attributes that only one
    of them has.
    """

    before: Metadata
    after: Metadata
    fields: Mapping[str, tuple[Any, Any]]
    added: Mapping[str, Any]
    removed: Mapping[str, Any]
    changed: Mapping[str, tuple[Any, Any]]

    @classmethod
    def between(cls, before: Metadata, after: Metadata) -> Difference:
        """Compare two states."""
        was, now = before.attributes, after.attributes
        pairs = {name: (getattr(before, name), getattr(after, name)) for name in _COMPARED}
        return cls(
            before=before,
            after=after,
            fields={name: pair for name, pair in pairs.items() if pair[0] != pair[1]},
            added={key: now[key] for key in now if key not in was},
            removed={key: was[key] for key in was if key not in now},
            changed={k: (was[k], now[k]) for k in was if k in now and was[k] != now[k]},
        )

    def __bool__(self) -> bool:
        return bool(self.fields or self.added or self.removed or self.changed)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "fields": {name: list(pair) for name, pair in self.fields.items()},
            "added": dict(self.added),
            "removed": dict(self.removed),
            "changed": {name: list(pair) for name, pair in self.changed.items()},
        }
