"""JSON schemas of experiments, their runs and what was logged."""

from __future__ import annotations

from omegaml_lab.core.runs import Status
from omegaml_lab.server.schemas.shapes import Schema, listing, or_null, record

__all__ = ["EXPERIMENTS"]

_STRING: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TIME: Schema = {"type": "string", "format": "date-time"}
_NUMBER: Schema = {
    "description": "What JSON has no number for is the text NaN, Infinity or -Infinity.",
    "oneOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}],
}
_ABOUT: Schema = {
    "name": _STRING,
    "bucket": _STRING,
    "runs": _COUNT,
    "going": {**_COUNT, "description": "How many of its runs wait or go on."},
    "created_at": _TIME,
    "modified_at": _TIME,
}

EXPERIMENTS: dict[str, Schema] = {
    "Experiment": record(_ABOUT),
    "ExperimentListing": listing("Experiment"),
    "ComparedRun": record(
        {
            "run": _STRING,
            "status": {"type": "string", "enum": [status.value for status in Status]},
            "kind": _STRING,
            "job": _STRING,
            "revision": _COUNT,
            "owner": _STRING,
            "started_at": or_null(_TIME),
            "duration": {**or_null({"type": "number"}), "description": "Seconds."},
            "parameters": {"type": "object"},
            "metrics": {"type": "object", "additionalProperties": _NUMBER},
            "logged": {
                "type": "object",
                "description": "How many values there are of each metric.",
                "additionalProperties": _COUNT,
            },
            "tags": {"type": "object"},
            "artifacts": {
                "type": "object",
                "description": "Each as store/name@revision.",
                "additionalProperties": _STRING,
            },
        }
    ),
    "Comparison": record(
        {
            **_ABOUT,
            "items": {"type": "array", "items": {"$ref": "#/components/schemas/ComparedRun"}},
            "total": _COUNT,
        }
    ),
    "Values": record(
        {
            "items": {
                "type": "array",
                "items": record(
                    {
                        "run": _STRING,
                        "metric": _STRING,
                        "step": {"type": "integer"},
                        "value": _NUMBER,
                        "at": _TIME,
                    }
                ),
            },
            "total": {**_COUNT, "description": "How many there are, returned or not."},
        }
    ),
}
