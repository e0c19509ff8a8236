"""JSON schemas of everything that goes over the wire; requests are checked against them."""

from __future__ import annotations

from typing import Any

from omegaml_lab.core.lineage import Relation
from omegaml_lab.core.metadata import STORES
from omegaml_lab.core.reports import Access
from omegaml_lab.core.runs import Status
from omegaml_lab.core.schedules import Misfire, Overlap
from omegaml_lab.server.schemas.calls import CALLS
from omegaml_lab.server.schemas.experiments import EXPERIMENTS
from omegaml_lab.server.schemas.groups import FOLLOWING, GROUP_PROPERTIES, GROUPS
from omegaml_lab.server.schemas.limits import (
    LIMIT_SCHEMAS,
    REQUESTED_LIMITS,
    REQUESTED_TAGS,
    RUN_PROPERTIES,
)
from omegaml_lab.server.schemas.notifications import NOTIFICATIONS
from omegaml_lab.server.schemas.schedules import REQUESTED_EXTRAS, SCHEDULE_EXTRAS
from omegaml_lab.server.schemas.shapes import BUCKETS
from omegaml_lab.server.schemas.shapes import listing as _listing
from omegaml_lab.server.schemas.shapes import or_null as _or_null
from omegaml_lab.server.schemas.shapes import record as _record

__all__ = ["SCHEMAS"]

Schema = dict[str, Any]

_STRING: Schema = {"type": "string"}
_INTEGER: Schema = {"type": "integer"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_BOOLEAN: Schema = {"type": "boolean"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_OBJECT: Schema = {"type": "object"}
_REVISION: Schema = {
    "type": "integer",
    "minimum": 1,
    "maximum": 2**31,
    "description": "Unless the latest.",
}
_ANY: Schema = {}


_PUBLISHING: Schema = {
    "access": {"type": "string", "enum": [access.value for access in Access]},
    "hide_code": _BOOLEAN,
    "live": _BOOLEAN,
}
_PUBLISH: Schema = {
    "description": "Whether to publish the result; an object says how.",
    "anyOf": [
        _BOOLEAN,
        _record(_PUBLISHING, optional=tuple(_PUBLISHING)),
    ],
}
_TARGET: Schema = {
    "path": {"type": "string", "minLength": 1, "description": "A path of Jupyter's contents."},
    "job": {"type": "string", "minLength": 1, "description": "A name in the jobs store."},
}
_WHEN: Schema = {
    "when": {
        "type": "string",
        "maxLength": 200,
        "description": "Plain words or cron: `weekdays at 6:00`.",
    },
    "timezone": {**_or_null(_STRING), "description": "As `Europe/Zurich`; the server's if null."},
    "starts_at": {**_or_null(_STRING), "description": "ISO 8601; in `timezone` if it names none."},
    "ends_at": {**_or_null(_STRING), "description": "ISO 8601; in `timezone` if it names none."},
}
_SCHEDULED: Schema = {
    **_WHEN,
    "parameters": _OBJECT,
    "label": {**_or_null(_STRING), "description": "What the worker must offer."},
    "overlap": {"type": "string", "enum": [overlap.value for overlap in Overlap]},
    "misfire": {"type": "string", "enum": [misfire.value for misfire in Misfire]},
    "publish": _PUBLISH,
    "limits": REQUESTED_LIMITS,
    **REQUESTED_EXTRAS,
}
_RUN_OPTIONS = (
    *("parameters", "publish", "label", "limits", "tags", "token", "experiment"),
    *FOLLOWING,
)
_ONE_TARGET: Schema = {"oneOf": [{"required": ["path"]}, {"required": ["job"]}]}

_REFERENCE: Schema = {
    "store": _STRING,
    "name": _STRING,
    "revision": _INTEGER,
    "bucket": _STRING,
    "id": _STRING,
    "repository": {**_or_null(_STRING), "description": "Another repository's address, or null."},
}

SCHEMAS: dict[str, Schema] = {
    "Error": _record(
        {
            "message": {**_STRING, "description": "What was wrong, and what to do."},
            "type": {**_STRING, "description": "The class of the error, e.g. ConflictError."},
        }
    ),
    "Object": _record(
        {
            "store": {"type": "string", "enum": list(STORES)},
            "name": _STRING,
            "kind": _STRING,
            "revision": _INTEGER,
            "created": _TIME,
            "modified": _TIME,
            "bucket": _STRING,
            "owner": _STRING,
            "size": _COUNT,
            "hash": _or_null(_STRING),
            "attributes": _OBJECT,
            "tags": {"type": "array", "items": _STRING},
            "run": {**_or_null(_STRING), "description": "The id of the run that wrote it."},
            "origin": {"oneOf": [{"$ref": "#/components/schemas/Reference"}, {"type": "null"}]},
            "path": {**_or_null(_STRING), "description": "Where Jupyter's contents show it."},
        }
    ),
    "Reference": _record(_REFERENCE),
    "Lineage": _record(
        {
            "nodes": {
                "type": "array",
                "minItems": 1,
                "description": "Objects and runs, first what was asked about.",
                "items": _record(
                    {
                        "type": {"enum": ["object", "run"]},
                        "id": _STRING,
                        "path": _or_null(_STRING),
                        **_REFERENCE,
                        "job": _STRING,
                    },
                    optional=("store", "name", "bucket", "repository", "job"),
                ),
            },
            "links": {
                "type": "array",
                "description": "Data went from the node with number `source` to `target`.",
                "items": _record(
                    {
                        "source": _COUNT,
                        "relation": {"enum": [relation.value for relation in Relation]},
                        "target": _COUNT,
                    }
                ),
            },
            "complete": {**_BOOLEAN, "description": "Whether nothing lies beyond."},
        }
    ),
    "ObjectListing": _listing("Object"),
    "RestoreRequest": _record({"restore": {"type": "integer", "minimum": 1}}),
    "TagRequest": _record(
        {"tag": _STRING, "revision": {"type": "integer", "minimum": 1}}, optional=("revision",)
    ),
    "Dropped": _record(
        {
            "id": _STRING,
            "store": {"type": "string", "enum": list(STORES)},
            "name": _STRING,
            "kind": _STRING,
            "size": {**_COUNT, "description": "Of a folder, with all that was in it."},
            "revision": _INTEGER,
            "dropped": _TIME,
            "dropped_by": _STRING,
            "bucket": _STRING,
            "path": {**_or_null(_STRING), "description": "Where Jupyter's contents showed it."},
        }
    ),
    "TrashListing": _listing("Dropped"),
    "UndropRequest": _record(
        {"id": _STRING, "name": {**_STRING, "minLength": 1}}, optional=("name",)
    ),
    "Content": {},
    "Parameter": _record(
        {
            "name": _STRING,
            "type": {"enum": ["int", "float", "str", "bool", "list", "dict", "any"]},
            "default": _ANY,
            "help": _STRING,
        }
    ),
    "Parameters": _record(
        {"parameters": {"type": "array", "items": {"$ref": "#/components/schemas/Parameter"}}}
    ),
    "Failure": _record(
        {
            "name": _STRING,
            "message": _STRING,
            "cell": _or_null(_COUNT),
            "traceback": {"type": "array", "items": _STRING},
        }
    ),
    **LIMIT_SCHEMAS,
    **GROUPS,
    "Progress": _record({"done": _COUNT, "total": _COUNT, "current": _or_null(_COUNT)}),
    "Run": _record(
        {
            "id": _STRING,
            "job": _STRING,
            "revision": _INTEGER,
            "status": {"type": "string", "enum": [status.value for status in Status]},
            "queued_at": _TIME,
            "bucket": _STRING,
            "parameters": _OBJECT,
            "progress": {"$ref": "#/components/schemas/Progress"},
            "started_at": _or_null(_TIME),
            "ended_at": _or_null(_TIME),
            "heartbeat_at": _or_null(_TIME),
            "worker": _or_null(_STRING),
            "label": _STRING,
            "attempt": _COUNT,
            "max_attempts": _COUNT,
            "error": {"oneOf": [{"$ref": "#/components/schemas/Failure"}, {"type": "null"}]},
            "result": _or_null(_STRING),
            "log": _STRING,
            "owner": _STRING,
            "publish": _BOOLEAN,
            "publish_options": _OBJECT,
            "schedule": {**_or_null(_STRING), "description": "The id of what it was due by."},
            "kind": {"type": "string", "enum": ["job", "model", "script", "local"]},
            "call": {**_or_null(_OBJECT), "description": "The method and its arguments."},
            "cancel_requested": _BOOLEAN,
            "notice": _or_null(_STRING),
            "elapsed": _or_null({"type": "number"}),
            **RUN_PROPERTIES,
            **GROUP_PROPERTIES,
            "job_now": {**_STRING, "description": "What `job` is called now."},
            "job_path": _or_null(_STRING),
            "result_path": _or_null(_STRING),
        },
        closed=False,
    ),
    "RunListing": _listing("Run"),
    **CALLS,
    "RunRequest": {
        **_record(
            {
                **_TARGET,
                "parameters": _OBJECT,
                "publish": _PUBLISH,
                "label": {"type": "string", "description": "What the worker must offer."},
                "limits": REQUESTED_LIMITS,
                "tags": REQUESTED_TAGS,
                **FOLLOWING,
                "experiment": {"type": "string", "minLength": 1, "description": "Its experiment."},
                "token": {
                    "type": "string",
                    "minLength": 1,
                    "description": "Asked for again with it, the run that there is is answered.",
                },
            },
            optional=("path", "job", *_RUN_OPTIONS),
        ),
        **_ONE_TARGET,
    },
    "RerunRequest": _record(
        {"parameters": _OBJECT, "revision": _REVISION}, optional=("parameters", "revision")
    ),
    "ResumeRequest": _record({"revision": _REVISION}, optional=("revision",)),
    "Schedule": _record(
        {
            "id": _STRING,
            "job": _STRING,
            "job_path": _or_null(_STRING),
            "bucket": _STRING,
            "when": _STRING,
            "cron": {**_STRING, "description": "The five fields that `when` means."},
            "words": {**_STRING, "description": "A sentence that says so."},
            "timezone": _STRING,
            "parameters": _OBJECT,
            "label": _STRING,
            "overlap": _SCHEDULED["overlap"],
            "misfire": _SCHEDULED["misfire"],
            "publish": _BOOLEAN,
            "publish_options": _OBJECT,
            "limits": {"$ref": "#/components/schemas/Limits"},
            **SCHEDULE_EXTRAS,
            "starts_at": _or_null(_TIME),
            "ends_at": _or_null(_TIME),
            "paused": _BOOLEAN,
            "next_due": _or_null(_TIME),
            "last_due": _or_null(_TIME),
            "last_run": {**_or_null(_STRING), "description": "The id of a run."},
            "waiting": {"type": "array", "items": _TIME},
            "owner": _STRING,
            "created_at": _TIME,
            "modified_at": _TIME,
            "notice": {**_or_null(_STRING), "description": "Why the last time made no run."},
        },
        closed=False,
    ),
    "ScheduleListing": _listing("Schedule"),
    "ScheduleRequest": {
        **_record(
            {**_TARGET, **_SCHEDULED},
            optional=("path", "job", *(name for name in _SCHEDULED if name != "when")),
        ),
        **_ONE_TARGET,
    },
    "ScheduleChanges": _record(_SCHEDULED, optional=tuple(_SCHEDULED)),
    "PreviewRequest": _record(
        {**_WHEN, "count": {"type": "integer", "minimum": 1, "maximum": 50}},
        optional=("timezone", "starts_at", "ends_at", "count"),
    ),
    "Preview": _record(
        {"cron": _STRING, "words": _STRING, "times": {"type": "array", "items": _TIME}}
    ),
    **EXPERIMENTS,
    **NOTIFICATIONS,
    "Report": _record(
        {
            "name": _STRING,
            "job": _STRING,
            "run": _STRING,
            "created": _TIME,
            "modified": _TIME,
            "bucket": _STRING,
            "owner": _STRING,
            **_PUBLISHING,
            "url": {**_STRING, "description": "Absolute, or beginning with the base URL."},
            "job_path": _or_null(_STRING),
        },
        closed=False,
    ),
    "ReportListing": _listing("Report"),
    "ReportRequest": {
        **_record(
            {**_TARGET, "name": {"type": "string", "minLength": 1}, **_PUBLISHING},
            optional=("path", "job", "name", *_PUBLISHING),
        ),
        **_ONE_TARGET,
    },
    "Worker": _record(
        {
            "id": _STRING,
            "host": _STRING,
            "pid": _INTEGER,
            "started_at": _TIME,
            "heartbeat_at": _TIME,
            "label": _STRING,
            "concurrency": _COUNT,
            "busy": _COUNT,
            "environments": _or_null(_STRING),
            "kernels": _or_null({"type": "array", "items": _STRING}),
            "packages": {
                **_or_null({"type": "array", "items": _STRING}),
                "description": "As name==version; null where all workers are told of.",
            },
        }
    ),
    "WorkerListing": _listing("Worker"),
    "Status": _record(
        {
            "version": _STRING,
            "owner": {"type": "string", "description": "Whose is what is saved through it."},
            "mount": {**_or_null(_STRING), "description": "Where contents show the bucket."},
            "beside": {"type": "array", "items": _STRING, "description": "Other top folders."},
            "buckets": BUCKETS,
            "hidden": {"type": "array", "items": _STRING, "description": "What mounts hide."},
            "repository": _record({"address": _STRING, "bucket": _STRING}),
            "broker": _record({"address": _STRING, "healthy": _BOOLEAN, "message": _STRING}),
            "workers": {"type": "array", "items": {"$ref": "#/components/schemas/Worker"}},
            "scheduler": _or_null(_OBJECT),
        }
    ),
    "Metrics": {"type": "string", "description": "Prometheus' text format."},
    "OpenAPI": _OBJECT,
}
