"""JSON schemas of calls of models and scripts."""

from __future__ import annotations

from omegaml_lab.server.schemas.limits import REQUESTED_CALL_LIMITS
from omegaml_lab.server.schemas.shapes import Schema, record

__all__ = ["CALLS"]

_CALLED: Schema = {
    "model": {"type": "string", "minLength": 1},
    "script": {"type": "string", "minLength": 1},
    "method": {"type": "string", "description": "`predict` unless it says so."},
    "args": {"type": "array", "description": "For a model, text names a dataset."},
    "kwargs": {"type": "object"},
    "label": {"type": "string", "description": "What the worker must offer."},
    "limits": REQUESTED_CALL_LIMITS,
    "wait": {
        "type": "number",
        "minimum": 0,
        "maximum": 600,
        "description": "Seconds, 60 unless it says so; 0 only starts it.",
    },
}

CALLS: dict[str, Schema] = {
    "CallRequest": {
        **record(_CALLED, optional=tuple(_CALLED)),
        "oneOf": [{"required": ["model"]}, {"required": ["script"]}],
    },
    "CallAnswer": record(
        {
            "run": {"$ref": "#/components/schemas/Run"},
            "answer": {"description": "What was returned, as JSON."},
        }
    ),
}
