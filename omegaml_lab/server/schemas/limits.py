"""JSON schemas of limits, attempts and what they used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omegaml_lab.core.limits import Limits
from omegaml_lab.core.runs import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "LIMIT_SCHEMAS",
    "REQUESTED_CALL_LIMITS",
    "REQUESTED_LIMITS",
    "REQUESTED_TAGS",
    "RUN_PROPERTIES",
]

Schema = dict[str, Any]

_TIME_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_TOLD = {
    "retries": "More attempts that a failed or lost one is followed by.",
    "retry_wait": "Until the first of them, then doubled: seconds, or as `10 s`.",
    "timeout": "What one attempt may take: seconds, or as `10 min`.",
    "cell_timeout": "What one cell may take: seconds, or as `10 min`.",
    "memory": "What it may have in memory, with all it started: bytes, or as `2 GB`.",
    "keep_kernel": "How long the kernel is kept when a cell fails: seconds, or as `10 min`.",
    "priority": "0 to 9: those with more go before those with less that wait for a worker.",
}

_OF_CALLS = ("retries", "retry_wait", "timeout", "memory")


def _requested(names: Iterable[str], *, otherwise: str) -> Schema:
    kinds = ["number", "string", "null"]
    return {
        "type": "object",
        "properties": {name: {"type": kinds, "description": _TOLD[name]} for name in names},
        "additionalProperties": False,
        "description": f"What is not said, or null, is {otherwise}.",
    }


REQUESTED_LIMITS = _requested(_TOLD, otherwise="as the settings say")
REQUESTED_CALL_LIMITS = _requested(_OF_CALLS, otherwise="not limited")
REQUESTED_TAGS: Schema = {"type": "array", "items": {"type": "string", "minLength": 1}}

_USED: Schema = {"oneOf": [{"$ref": "#/components/schemas/Usage"}, {"type": "null"}]}

LIMIT_SCHEMAS: dict[str, Schema] = {
    "Limits": {
        "type": "object",
        "properties": {name: {"type": ["number", "null"]} for name in Limits.__dataclass_fields__},
        "required": list(Limits.__dataclass_fields__),
        "description": "Numbers of attempts, of seconds, and of bytes; null where there is none.",
    },
    "Usage": {
        "type": "object",
        "properties": {
            "cpu_seconds": {"type": "number", "minimum": 0},
            "memory_peak": {"type": "integer", "minimum": 0, "description": "Bytes."},
        },
        "required": ["cpu_seconds", "memory_peak"],
    },
    "Attempt": {
        "type": "object",
        "description": "An attempt that was followed by another.",
        "properties": {
            "number": {"type": "integer", "minimum": 1},
            "status": {"type": "string", "enum": [status.value for status in Status]},
            "worker": _TEXT_OR_NULL,
            "started_at": _TIME_OR_NULL,
            "ended_at": _TIME_OR_NULL,
            "error": {"oneOf": [{"$ref": "#/components/schemas/Failure"}, {"type": "null"}]},
            "result": _TEXT_OR_NULL,
            "usage": _USED,
        },
        "required": ["number", "status", "started_at", "ended_at", "error", "usage"],
    },
}
RUN_PROPERTIES: Schema = {
    "limits": {"$ref": "#/components/schemas/Limits"},
    "usage": _USED,
    "attempts": {"type": "array", "items": {"$ref": "#/components/schemas/Attempt"}},
    "retry_at": _TIME_OR_NULL,
    "tags": {"type": "array", "items": {"type": "string"}},
    "experiments": {"type": "array", "items": {"type": "string"}},
    "kept_until": {**_TIME_OR_NULL, "description": "How long it can be resumed."},
    "resumed_by": {**_TEXT_OR_NULL, "description": "The id of the run that resumes it."},
    "resumes": {**_TEXT_OR_NULL, "description": "The id of the run that it resumes."},
    "held_by": {**_TEXT_OR_NULL, "description": "The worker that has the kernel of that."},
}
"""What a run tells of them."""
