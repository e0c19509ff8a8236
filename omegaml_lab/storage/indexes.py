"""Indexes, as they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pymongo import IndexModel

if TYPE_CHECKING:
    from datetime import timedelta

__all__ = ["Index"]


@dataclass(frozen=True, slots=True)
class Index:
    """An index by its `keys`, each a field and 1, or -1 where that sorts descending."""

    keys: tuple[tuple[str, int], ...]
    options: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def on(cls, *fields: str, **options: bool) -> Self:
        """Return one on these fields, ``-field`` descending, with MongoDB's own options."""
        keys = ((f.removeprefix("-"), -1 if f.startswith("-") else 1) for f in fields)
        return cls(tuple(keys), tuple(options.items()))

    @classmethod
    def expiring(cls, field: str, after: timedelta) -> Self:
        """Return one that lets the server remove what is so much older than a field says."""
        return cls(((field, 1),), (("expireAfterSeconds", int(after.total_seconds())),))

    def to_model(self) -> IndexModel:
        """Return it as the driver takes it."""
        return IndexModel(list(self.keys), **dict(self.options))
