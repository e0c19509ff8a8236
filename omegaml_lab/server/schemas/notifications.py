"""JSON schemas of who is told of runs, and of what they were told."""

from __future__ import annotations

from omegaml_lab.core.notifications import Delivery, Happening, Occasion
from omegaml_lab.server.schemas.shapes import Schema, listing, or_null, record

__all__ = ["NOTIFICATIONS"]

_STRING: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TIME: Schema = {"type": "string", "format": "date-time"}
_ON: Schema = {"type": "string", "enum": [each.value for each in Occasion]}

NOTIFICATIONS: dict[str, Schema] = {
    "Recipient": record(
        {
            "id": _STRING,
            "channel": _STRING,
            "address": {**_STRING, "description": "Without what is secret in it."},
            "on": _ON,
            "bucket": _STRING,
            "job": or_null(_STRING),
            "schedule": or_null(_STRING),
            "owner": _STRING,
            "created_at": or_null(_TIME),
        },
        closed=False,
    ),
    "RecipientListing": listing("Recipient"),
    "RecipientRequest": record(
        {
            "to": {"type": "string", "minLength": 1, "description": "As `email:ann@example.org`."},
            "on": _ON,
            "path": {"type": "string", "minLength": 1, "description": "A path of contents."},
            "job": {"type": "string", "minLength": 1, "description": "A name in the jobs store."},
            "schedule": {"type": "string", "minLength": 1, "description": "The id of one."},
            "check": {"type": "boolean", "description": "Only say whether the address is good."},
        },
        optional=("on", "path", "job", "schedule", "check"),
    ),
    "Notification": record(
        {
            "id": _STRING,
            "run": _STRING,
            "job": _STRING,
            "bucket": _STRING,
            "schedule": or_null(_STRING),
            "group": {**or_null(_STRING), "description": "Whose runs it is about, by its id."},
            "owner": _STRING,
            "channel": _STRING,
            "address": {**_STRING, "description": "Without what is secret in it."},
            "happening": {"type": "string", "enum": [each.value for each in Happening]},
            "title": _STRING,
            "text": _STRING,
            "link": or_null(_STRING),
            "status": {"type": "string", "enum": [each.value for each in Delivery]},
            "tries": _COUNT,
            "error": {**or_null(_STRING), "description": "Why it was not delivered so far."},
            "created_at": _TIME,
            "due_at": _TIME,
            "sent_at": or_null(_TIME),
        },
        closed=False,
    ),
    "NotificationListing": listing("Notification"),
}
