"""What runs have used and schedules will, which is kept for as long as they are on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaml_lab.storage.records import Records
    from omegaml_lab.store.gc import Pin

__all__ = ["used_by_runs", "used_by_schedules"]


def used_by_runs(runs: Records) -> set[Pin]:
    """Return each revision that was ever run; by its name where the run is too old to say more."""
    found = runs.combinations("object", "bucket", "kind", "job", "revision")
    return {
        (object, number) if object else (bucket, f"{kind or 'job'}s", job, number)
        for object, bucket, kind, job, number in found  # noqa: A001 - the field is named so
    }


def used_by_schedules(schedules: Records) -> set[Pin]:
    """Return the revisions that schedules are pinned to by their numbers; tags keep their own."""
    found = schedules.combinations("object", "bucket", "job", "pinned")
    pins: set[Pin] = set()
    for object, bucket, job, pinned in found:  # noqa: A001 - the field is named so
        if pinned and pinned.isdecimal():
            # By its name as well: where the notebook is gone, another one stands in for it.
            pins |= {(object or "", int(pinned)), (bucket, "jobs", job, int(pinned))}
    return pins
