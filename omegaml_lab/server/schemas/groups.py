"""JSON schemas of groups of runs, and of what runs tell of them."""

from __future__ import annotations

from typing import Any

from omegaml_lab.core.groups import MOST_AFTER, MOST_RUNS, OnFailure
from omegaml_lab.core.runs import Status
from omegaml_lab.server.schemas.limits import REQUESTED_LIMITS, REQUESTED_TAGS
from omegaml_lab.server.schemas.shapes import listing, or_null, record

__all__ = ["FOLLOWING", "GROUPS", "GROUP_PROPERTIES"]

Schema = dict[str, Any]

_STRING: Schema = {"type": "string"}
_TEXT: Schema = {"type": "string", "minLength": 1}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_IDS: Schema = {"type": "array", "items": _STRING}
_ON_FAILURE: Schema = {
    "type": "string",
    "enum": [each.value for each in OnFailure],
    "description": "What becomes of a run when one that it follows does not succeed.",
}
_TARGET: Schema = {
    "path": {**_TEXT, "description": "A path of Jupyter's contents."},
    "job": {**_TEXT, "description": "A name in the jobs store."},
}
_OBJECT: Schema = {"type": "object"}

FOLLOWING: Schema = {
    "after": {
        "type": "array",
        "items": _TEXT,
        "maxItems": MOST_AFTER,
        "description": "Ids of runs that have to end before.",
    },
    "on_failure": _ON_FAILURE,
}
"""What may be asked of a run that follows others."""

GROUP_PROPERTIES: Schema = {
    "after": {**_IDS, "description": "Ids of the runs that it follows."},
    "waits_for": {**_IDS, "description": "Those of them that have not ended."},
    "on_failure": _ON_FAILURE,
    "group": {**or_null(_STRING), "description": "The id of what it was asked for with."},
    "place": or_null(_COUNT),
    "turn": {**or_null(_COUNT), "description": "Its turn among those that wait for others."},
    "replaced": {"type": "boolean", "description": "Whether it was run again in its group."},
    "recorded": {**_OBJECT, "description": "Values that its notebook left to compare it by."},
}
"""What a run tells of that."""

_STEP: Schema = {
    **record(
        {
            **_TARGET,
            "parameters": _OBJECT,
            "label": {**_STRING, "description": "What the worker must offer."},
            "limits": REQUESTED_LIMITS,
        },
        optional=("path", "job", "parameters", "label", "limits"),
    ),
    "oneOf": [{"required": ["path"]}, {"required": ["job"]}],
}
_ASKED: Schema = {
    **_TARGET,
    "map": {
        "type": "array",
        "items": _OBJECT,
        "minItems": 1,
        "maxItems": MOST_RUNS,
        "description": "The parameters of each run.",
    },
    "grid": {
        "type": "object",
        "additionalProperties": {"type": "array", "minItems": 1},
        "minProperties": 1,
        "description": "The values of each parameter; a run for each combination.",
    },
    "parameters": {**_OBJECT, "description": "Those that are the same in each run."},
    "stages": {
        "type": "array",
        "minItems": 1,
        "items": {"type": "array", "minItems": 1, "items": _STEP},
        "description": "Each stage begins when all of the one before have ended.",
    },
    **FOLLOWING,
    "title": _TEXT,
    "at_once": {**or_null({"type": "integer", "minimum": 1}), "description": "How many may go."},
    "label": {**_STRING, "description": "What the worker must offer."},
    "limits": REQUESTED_LIMITS,
    "tags": REQUESTED_TAGS,
    "experiment": {**_TEXT, "description": "What its runs are to be part of."},
    "token": {
        **_TEXT,
        "description": "Asked for again with it, the group that there is is answered.",
    },
}
_ONE: list[Schema] = [
    {"required": [target, values], "not": {"required": ["stages"]}}
    for target in ("path", "job")
    for values in ("map", "grid")
]

GROUPS: dict[str, Schema] = {
    "GroupRequest": {
        **record(_ASKED, optional=tuple(_ASKED)),
        "oneOf": [
            *_ONE,
            {
                "required": ["stages"],
                "not": {"anyOf": [{"required": [n]} for n in ("path", "job", "map", "grid")]},
            },
        ],
    },
    "Group": record(
        {
            "id": _STRING,
            "title": _STRING,
            "jobs": {**_IDS, "description": "What its runs execute, in their order."},
            "job_paths": {"type": "array", "items": or_null(_STRING)},
            "count": _COUNT,
            "created_at": {"type": "string", "format": "date-time"},
            "bucket": _STRING,
            "owner": _STRING,
            "varied": {**_IDS, "description": "The parameters in which its runs differ."},
            "at_once": or_null(_COUNT),
            "tags": _IDS,
            "rounds": {**_COUNT, "description": "How often those that failed were run again."},
            "cancel_requested": {"type": "boolean"},
            "counts": {
                "type": "object",
                "properties": {status.value: _COUNT for status in Status},
                "description": "How many runs are in which status; none where it is left out.",
            },
            "unfinished": _COUNT,
        },
        closed=False,
    ),
    "GroupListing": listing("Group"),
    "GroupTable": record(
        {
            "group": {"$ref": "#/components/schemas/Group"},
            "columns": record({"parameters": _IDS, "recorded": _IDS, "about": _IDS}),
            "rows": {
                "type": "array",
                "items": record(
                    {
                        "place": or_null(_COUNT),
                        "run": _STRING,
                        "job": {**_STRING, "description": "What its job is called now."},
                        "status": {"type": "string", "enum": [each.value for each in Status]},
                        "parameters": _OBJECT,
                        "recorded": _OBJECT,
                        "seconds": or_null({"type": "number"}),
                        "cells": _STRING,
                        "attempt": _COUNT,
                        "error": or_null(_STRING),
                        "result": or_null(_STRING),
                        "result_path": or_null(_STRING),
                    }
                ),
            },
        }
    ),
}
