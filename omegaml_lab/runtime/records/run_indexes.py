"""The indexes of the records of runs: each is for one question that is asked again and again."""

from __future__ import annotations

from omegaml_lab.storage.indexes import Index

__all__ = ["INDEXES"]

INDEXES = (
    Index.on("status", "hint_at"),  # what waits, and should have been taken by now
    Index.on("unpublished", "status"),  # whose report is to be made
    Index.on("untold", "ended_at"),  # of whose end people are to be told
    Index.on("bucket", "queued_at"),  # lists
    Index.on("bucket", "kind", "queued_at"),  # notebooks, among many more calls
    Index.on("bucket", "object", "queued_at"),  # of one notebook, whatever it was called
    Index.on("bucket", "job", "object", "queued_at"),  # what was called so
    Index.on("schedule", "status"),  # what of a schedule still goes
    Index.on("tags", "queued_at"),
    Index.on("group", "turn", "status"),  # whose turn it is in a group
    Index.on("waits_for"),  # who follows a run
    Index.on("experiments", "queued_at"),
    Index.on("kept_until"),  # whose kernel is kept
    Index.on("label", "status", "limits.priority"),  # what goes before others
    Index.on("held_by", "status"),  # what is resumed by a worker
)
