"""Shapes that JSON schemas have in common."""

from __future__ import annotations

from typing import Any

__all__ = ["BUCKETS", "Schema", "listing", "or_null", "record"]

Schema = dict[str, Any]

BUCKETS: Schema = {
    "type": "object",
    "additionalProperties": {"type": "string", "enum": ["read", "write"]},
    "description": "Other buckets, each in the folder of its name, and what may be done there.",
}


def or_null(schema: Schema) -> Schema:
    """Return the schema of what may be null too."""
    return {**schema, "type": [schema["type"], "null"]}


def record(properties: Schema, *, optional: tuple[str, ...] = (), closed: bool = True) -> Schema:
    """Return the schema of an object, with no other properties when it is `closed`."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": not closed,
    }


def listing(of: str) -> Schema:
    """Return the schema of one page of what another schema describes."""
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{of}"}}
    return record({"items": items, "total": {"type": "integer", "minimum": 0}})
