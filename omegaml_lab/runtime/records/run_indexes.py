"""The indexes of the records of runs: each is for one question that is asked again and again."""

from __future__ import annotations

__all__ = ["INDEXES"]

INDEXES: tuple[tuple[str, ...], ...] = (
    ("status", "hint_at"),  # what waits, and should have been taken by now
    ("unpublished", "status"),  # whose report is to be made
    ("untold", "ended_at"),  # of whose end people are to be told
    ("bucket", "queued_at"),  # lists
    ("bucket", "kind", "queued_at"),  # notebooks, among many more calls
    ("bucket", "object", "queued_at"),  # of one notebook, whatever it was called
    ("bucket", "job", "object", "queued_at"),  # what was called so
    ("schedule", "status"),  # what of a schedule still goes
    ("tags", "queued_at"),
    ("group", "turn", "status"),  # whose turn it is in a group
    ("waits_for",),  # who follows a run
    ("experiments", "queued_at"),
    ("kept_until",),  # whose kernel is kept
    ("label", "status", "limits.priority"),  # what goes before others
    ("held_by", "status"),  # what is resumed by a worker
)
