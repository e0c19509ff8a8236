"""What a collection of garbage did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Collected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """How much was removed for good, or with `dry_run` would be.

    `calls` are records of calls that asked a model something, `runs` those of others with their
    results, `dropped` are objects and folders from the trash, `revisions` earlier states,
    `pieces` and `chunks` what payloads were made of, and `bytes` how much they took. What was
    written or relied on after `before` was left alone; `problems` are rules that cannot be
    understood, whose objects were left alone too.
    """

    dry_run: bool
    before: datetime
    calls: int = 0
    runs: int = 0
    dropped: int = 0
    revisions: int = 0
    pieces: int = 0
    chunks: int = 0
    bytes: int = 0
    problems: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "dry_run": self.dry_run,
            "before": self.before.isoformat(),
            "calls": self.calls,
            "runs": self.runs,
            "dropped": self.dropped,
            "revisions": self.revisions,
            "pieces": self.pieces,
            "chunks": self.chunks,
            "bytes": self.bytes,
            "problems": list(self.problems),
        }
