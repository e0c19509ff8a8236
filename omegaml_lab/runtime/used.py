"""What runs have used, which is kept for as long as they are on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaml_lab.storage.records import Records

__all__ = ["used_by_runs"]


def used_by_runs(runs: Records) -> set[tuple[str, str, str, int]]:
    """Return bucket, store, name and revision of each thing that was ever run."""
    found = runs.combinations("bucket", "kind", "job", "revision")
    return {(bucket, f"{kind or 'job'}s", job, number) for bucket, kind, job, number in found}
