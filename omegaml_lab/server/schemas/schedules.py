"""JSON schemas of what of a schedule most leave as it is."""

from __future__ import annotations

from typing import Any

__all__ = ["REQUESTED_EXTRAS", "SCHEDULE_EXTRAS"]

Schema = dict[str, Any]

_PINNED = "The number or the tag of the revision that is run; empty for the newest when due."
_JITTER = "Each run starts by chance up to that much later: seconds"
_KEEP = "Of how many runs that have ended the results are kept; of all if null."
_UNABLE = "Why it cannot run now, because its notebook is not there."
_TRASH = "The id of what has to be restored from the trash of the jobs, so that it can."
_EXPERIMENT = "What its runs are part of; nothing if empty."

REQUESTED_EXTRAS: dict[str, Schema] = {
    "pinned": {"type": ["string", "integer", "null"], "description": _PINNED},
    "jitter": {"type": ["number", "string", "null"], "description": f"{_JITTER}, or as `5 min`."},
    "keep": {"type": ["integer", "null"], "minimum": 1, "description": _KEEP},
    "experiment": {"type": ["string", "null"], "description": _EXPERIMENT},
}
SCHEDULE_EXTRAS: dict[str, Schema] = {
    "pinned": {"type": "string", "description": _PINNED},
    "experiment": {"type": "string", "description": _EXPERIMENT},
    "jitter": {"type": "number", "minimum": 0, "description": f"{_JITTER}."},
    "keep": {"type": ["integer", "null"], "minimum": 1, "description": _KEEP},
    "unable": {"type": ["string", "null"], "description": _UNABLE},
    "trash": {"type": ["string", "null"], "description": _TRASH},
}
