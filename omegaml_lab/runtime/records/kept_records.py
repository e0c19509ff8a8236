"""What records of runs say of kept kernels, changed by compare-and-set only.

A run whose kernel is kept has a time in ``kept_until``. Who resumes it puts the id of the new
run into ``resumed_by`` first, which one only can; a kernel that nobody has asked for yet is
given up by taking the time away, which fails as soon as somebody has.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.runs import Failure, Run, Status
from omegaml_lab.runtime.records.run_documents import failure_document, run_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from omegaml_lab.storage.records import Records

__all__ = ["KeptRecords"]

_FREE: dict[str, Any] = {"resumed_by": None}
_KEPT: dict[str, Any] = {"kept_until": {"$type": "date"}}
_MAKING = timedelta(seconds=30)  # that a run may take to be on record that was announced


class KeptRecords:
    """The records of runs, as far as they tell of kept kernels."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def of(self, run_ids: Sequence[str]) -> dict[str, Run]:
        """Return these runs by their ids, as far as they are on record."""
        found = self._records.query({"id": {"$in": list(run_ids)}}) if run_ids else []
        return {record["id"]: run_of(record) for record in found}

    def executed(self, run_id: str) -> list[list[Any]] | None:
        """Return index and digest of the cells that a kept kernel has run; None without one."""
        return (self._records.find(run_id) or {}).get("executed")

    def reserve(self, run_id: str, by: str) -> Run | None:
        """Announce the run that goes on in the kernel of another; None when it is too late."""
        where = {"status": Status.FAILED.value, "kept_until": {"$gt": _now()}, **_FREE}
        values = {"resumed_by": by, "resumed_at": _now()}
        record = self._records.update(run_id, where=where, set=values)
        return run_of(record) if record else None

    def release(self, run_id: str, by: str, *, until: datetime | None = None) -> None:
        """Let the kernel of a run be resumed by others; `until` is set when it was taken."""
        values = {"resumed_by": None, **({"kept_until": until} if until else {})}
        self._records.update(run_id, where={"resumed_by": by}, set=values)

    def waits(self, run_id: str, by: str) -> bool:
        """Say whether a run that was announced waits; one that never will is forgotten."""
        record = self._records.find(by)
        if record is not None and record["status"] == Status.QUEUED.value:
            return True
        if record is not None and record["status"] != Status.RUNNING.value:
            self.release(run_id, by)
        elif record is None:  # who announced it may just be about to make it
            long_ago = {"resumed_by": by, "resumed_at": {"$lt": _now() - _MAKING}}
            self._records.update(run_id, where=long_ago, set={"resumed_by": None})
        return False

    def give_up(self, run_id: str) -> bool:
        """Keep the kernel of a run no longer; False when somebody is about to resume it."""
        ended = {"status": {"$ne": Status.RUNNING.value}, **_FREE}
        return self._records.update(run_id, where=ended, set={"kept_until": None}) is not None

    def gone(self, run_id: str, *, notice: str | None = None) -> Run | None:
        """Note that there is no kept kernel of a run, whoever is about to resume it."""
        values = {"kept_until": None, **({"notice": notice} if notice else {})}
        record = self._records.update(run_id, where=_KEPT, set=values)
        return run_of(record) if record else None

    def held(self, worker: str) -> list[str]:
        """Return the ids of runs that wait for a worker, which has or had their kernel."""
        return [run["id"] for run in self._waiting({"$eq": worker})]

    def sweep(self, living: Iterable[str]) -> list[Run]:
        """Note what went with workers that are not there any more; return what that ended."""
        alive = list(living)
        left = {**_KEPT, "worker": {"$nin": alive}, "status": Status.FAILED.value}
        self._records.update_many(left, set={"kept_until": None})
        ended = [self._fail(run) for run in self._waiting({"$gt": "", "$nin": alive})]
        return [run for run in ended if run is not None]

    def _waiting(self, held_by: dict[str, Any]) -> list[dict[str, Any]]:
        return self._records.query({"held_by": held_by, "status": Status.QUEUED.value})

    def _fail(self, record: dict[str, Any]) -> Run | None:
        message = (
            f"Run {record['resumes']} cannot be resumed: worker {record['held_by']}, which kept"
            " its kernel, is gone. Run its notebook again."
        )
        failure = Failure(name="ResumeError", message=message)
        ended = self._records.update(
            record["id"],
            where={"status": Status.QUEUED.value},
            set={
                "status": Status.FAILED.value,
                "ended_at": _now(),
                "error": failure_document(failure),
            },
        )
        return run_of(ended) if ended else None


def _now() -> datetime:
    return datetime.now(UTC)
