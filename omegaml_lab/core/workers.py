"""Workers: the processes that perform runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from omegaml_lab.core.errors import IntegrityError

__all__ = ["Worker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One living worker process. Times are aware and in UTC.

    `busy` counts the runs it performs now, of at most `concurrency`. `kernels` are the names of
    those that its notebooks can have, and `packages` what is installed for its own Python, each
    as ``name==version``; they are None where they were not asked for, or an older version of
    Omega Lab works there. `environments` says whether it installs what notebooks require.
    """

    id: str
    host: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime
    label: str = "default"
    concurrency: int = 1
    busy: int = 0
    environments: str | None = None
    kernels: tuple[str, ...] | None = None
    packages: tuple[str, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, times as ISO 8601."""
        plain = asdict(self)
        plain["started_at"] = self.started_at.isoformat()
        plain["heartbeat_at"] = self.heartbeat_at.isoformat()
        for name in _LISTS:
            plain[name] = None if plain[name] is None else list(plain[name])
        return plain

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Worker:
        """Build a worker from its record; keys this version does not know are ignored.

        Raises
        ------
        IntegrityError
            If it is no worker that this version understands.
        """
        known = {f.name for f in fields(cls)}
        values = {key: value for key, value in record.items() if key in known}
        try:
            for name in _LISTS:
                values[name] = None if values.get(name) is None else tuple(values[name])
            return cls(**values)
        except TypeError as error:
            raise IntegrityError(f"worker {record.get('id')}", str(error)) from error


_LISTS = ("kernels", "packages")
