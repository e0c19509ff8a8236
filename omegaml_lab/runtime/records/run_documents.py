"""Documents of runs: how a run is stored, and read again."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.core.runs import FINAL, Progress, Run, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omegaml_lab.core.runs import Attempt, Failure

__all__ = [
    "CANCELLED",
    "FREE",
    "LOST_FOR_NOW",
    "OVER",
    "UNWANTED",
    "WAITING",
    "WANTED",
    "attempts_document",
    "failure_document",
    "recorded_text",
    "run_document",
    "run_of",
]

CANCELLED: dict[str, Any] = {
    "status": Status.CANCELLED.value,
    "notice": None,
    "error": None,
    "retry_at": None,
    "waits_for": [],
    "turn": None,
}
"""What a run is set to that is cancelled."""
LOST_FOR_NOW: dict[str, Any] = {
    "status": Status.LOST.value,
    "$expr": {"$lt": ["$attempt", "$max_attempts"]},
}
"""What holds of a run that will be queued again."""
OVER: dict[str, Any] = {
    "$or": [
        {"status": {"$in": [s.value for s in FINAL if s is not Status.LOST]}},
        {"status": Status.LOST.value, "$expr": {"$gte": ["$attempt", "$max_attempts"]}},
    ]
}
"""What holds of a run that has ended for good."""
FREE: dict[str, Any] = {"waits_for.0": {"$exists": False}, "turn": None}
"""What holds of a run that waits for no other one to end."""
WANTED: dict[str, Any] = {"cancel_requested": False}
UNWANTED: dict[str, Any] = {"cancel_requested": True}
WAITING: dict[str, Any] = {
    "status": Status.QUEUED.value,
    "claim": None,
    "worker": None,
    "started_at": None,
    "ended_at": None,
    "heartbeat_at": None,
    "result": None,
    "usage": None,
    "hints": 0,
    "progress": asdict(Progress()),
}
"""What a run is set to that goes back to the queue."""


def run_document(run: Run) -> dict[str, Any]:
    """Return a run as it is stored."""
    record = asdict(run)
    record["status"] = run.status.value
    # Values are the user's: as one text no key or number in them can upset the database.
    record["parameters"] = json.dumps(run.parameters)
    record["recorded"] = recorded_text(run.recorded)
    record["error"] = failure_document(run.error) if run.error else None
    record["attempts"] = attempts_document(run.attempts)
    for name in ("tags", "experiments", "after", "waits_for"):
        record[name] = list(record[name])
    record["on_failure"] = run.on_failure.value
    return record


def attempts_document(attempts: Iterable[Attempt]) -> list[dict[str, Any]]:
    """Return earlier attempts as they are stored."""
    return [
        {
            **asdict(attempt),
            "status": attempt.status.value,
            "error": failure_document(attempt.error) if attempt.error else None,
        }
        for attempt in attempts
    ]


def failure_document(failure: Failure) -> dict[str, Any]:
    """Return a failure as it is stored."""
    small = failure.cut()  # whatever a notebook raised, it must fit into the record
    return {**asdict(small), "traceback": list(small.traceback)}


def recorded_text(recorded: Mapping[str, Any]) -> str:
    """Return what a notebook has left as it is stored: names are the user's here as well."""
    return json.dumps(dict(recorded))


def run_of(record: Mapping[str, Any]) -> Run:
    """Return the run that a record is about.

    Raises
    ------
    IntegrityError
        If this version does not understand it.
    """
    try:
        parameters = json.loads(record["parameters"])
        recorded = json.loads(record.get("recorded") or "{}")
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"run {record.get('id')}", f"parameters: {error}") from error
    return Run.from_record({**record, "parameters": parameters, "recorded": recorded})
