"""Workers: the processes that perform runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

__all__ = ["Worker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One living worker process. Times are aware and in UTC.

    `busy` counts the runs it performs now, of at most `concurrency`.
    """

    id: str
    host: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime
    label: str = "default"
    concurrency: int = 1
    busy: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, times as ISO 8601."""
        plain = asdict(self)
        plain["started_at"] = self.started_at.isoformat()
        plain["heartbeat_at"] = self.heartbeat_at.isoformat()
        return plain

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Worker:
        """Build a worker from its record; keys this version does not know are ignored."""
        known = {f.name for f in fields(cls)}
        return cls(**{key: value for key, value in record.items() if key in known})
