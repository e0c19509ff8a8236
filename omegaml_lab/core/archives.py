"""Archives: objects in one file, that another repository takes in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["ArchiveEntry", "Imported", "TransferProgress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveEntry:
    """An object in an archive; `revision` is its newest one, of `revisions` that are there."""

    store: str
    name: str
    kind: str
    revision: int
    revisions: int
    size: int

    def __str__(self) -> str:
        return f"{self.store}/{self.name}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of the objects of an archive, by ``store/name``.

    `taken` are in the repository now, `present` were already, from the same place, and
    `skipped` have their name taken by something else.
    """

    taken: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {key: list(value) for key, value in asdict(self).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferProgress:
    """`done` of `total` objects are carried, `size` bytes so far; now it is that of `name`."""

    done: int
    total: int
    name: str
    size: int
