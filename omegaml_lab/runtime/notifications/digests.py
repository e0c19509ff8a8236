"""Digests: of a group that has ended each recipient gets one message, however many its runs are.

The runs of a group carry the mark ``untold`` like any others. It stays until all of them have
ended; then the notifications are made, under ids that follow from group, round and recipient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import GroupNotFoundError, IntegrityError
from omegaml_lab.core.notifications import chosen_for
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.notifications.telling import notification_of_group

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from omegaml_lab.core.groups import Group
    from omegaml_lab.core.notifications import Notification, Recipient
    from omegaml_lab.core.runs import Run
    from omegaml_lab.runtime.records.group_records import GroupRecords
    from omegaml_lab.storage.records import Records

__all__ = ["Digests"]

Digest = tuple[list[str], "list[Notification]"]
"""The ids of runs, and the notifications that tell of them."""
_ENDED: dict[str, Any] = {"untold": True, "ended_at": {"$ne": None}}
_GOOD_OR_BAD = [Status.SUCCEEDED.value, Status.FAILED.value, Status.LOST.value]
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Digests:
    """Makes the notifications of groups that have ended.

    `records` are those of runs, and `of` returns the recipients of the runs of a job.
    """

    records: Records
    groups: GroupRecords
    of: Callable[[Run], list[Recipient]]

    def make(self, *, now: datetime, public_url: str) -> list[Digest]:
        """Return the notifications of each group that has ended, and the runs they tell of."""
        made: list[Digest] = []
        for group_id in self.records.distinct("group", {**_ENDED, "group": {"$gt": ""}}):
            try:
                group = self.groups.get(group_id)
            except GroupNotFoundError:  # nobody will tell of them as of one
                made.append((self._untold(group_id), []))
                continue
            except IntegrityError:  # a newer version understands it, and tells of it
                continue
            if self.groups.counts([group])[group_id].unfinished:
                continue
            runs = self.groups.runs(group_id)
            if all(run.final for run in runs):  # or some were run again just now
                told = self._of(group, runs, now=now, public_url=public_url)
                made.append((self._untold(group_id), told))
        return made

    def told(self, run_ids: Sequence[str]) -> None:
        """Take the mark off runs of which everybody has been told."""
        for start in range(0, len(run_ids), _BATCH):
            some = {"id": {"$in": list(run_ids[start : start + _BATCH])}, **_ENDED}
            self.records.update_many(some, set={"untold": False})

    def _untold(self, group_id: str) -> list[str]:
        found = self.records.distinct("id", {**_ENDED, "group": group_id})
        return [str(run_id) for run_id in found]

    def _of(
        self, group: Group, runs: Sequence[Run], *, now: datetime, public_url: str
    ) -> list[Notification]:
        by_job: dict[str, list[Run]] = {}
        for run in runs:
            by_job.setdefault(run.job, []).append(run)
        theirs: dict[tuple[str, str], list[Run]] = {}
        someone: dict[tuple[str, str], Recipient] = {}
        before: dict[str, Status | None] = {}
        for job, of_job in by_job.items():
            if not (recipients := self.of(of_job[0])):
                continue
            before[job] = self._before(group, of_job[0])
            for recipient in chosen_for(recipients, {run.status for run in of_job}, before[job]):
                address = (recipient.channel, recipient.address)
                someone.setdefault(address, recipient)
                theirs.setdefault(address, []).extend(of_job)
        return [
            notification_of_group(
                group,
                theirs[address],
                recipient,
                recovered=any(
                    before[run.job] in {Status.FAILED, Status.LOST} for run in theirs[address]
                ),
                now=now,
                public_url=public_url,
            )
            for address, recipient in someone.items()
        ]

    def _before(self, group: Group, run: Run) -> Status | None:
        """Return how the job ended before: in the round before, or else before the group."""
        if group.rounds:
            return Status.FAILED  # only what has failed is run again
        where = {
            "bucket": group.bucket,
            **({"object": run.object} if run.object else {"job": run.job}),
            "schedule": None,
            "group": {"$ne": group.id},
            "queued_at": {"$lt": group.created_at},
            "status": {"$in": _GOOD_OR_BAD},
        }
        found = self.records.query(where, sort=[("queued_at", -1)], limit=1)
        return Status(found[0]["status"]) if found else None
