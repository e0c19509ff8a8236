"""Documents of runs: how a run is stored, and read again."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.core.runs import Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.core.runs import Failure

__all__ = ["failure_document", "run_document", "run_of"]


def run_document(run: Run) -> dict[str, Any]:
    """Return a run as it is stored."""
    record = asdict(run)
    record["status"] = run.status.value
    # Values are the user's: as one text no key or number in them can upset the database.
    record["parameters"] = json.dumps(run.parameters)
    record["error"] = failure_document(run.error) if run.error else None
    return record


def failure_document(failure: Failure) -> dict[str, Any]:
    """Return a failure as it is stored."""
    small = failure.cut()  # whatever a notebook raised, it must fit into the record
    return {**asdict(small), "traceback": list(small.traceback)}


def run_of(record: Mapping[str, Any]) -> Run:
    """Return the run that a record is about.

    Raises
    ------
    IntegrityError
        If this version does not understand it.
    """
    try:
        parameters = json.loads(record["parameters"])
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"run {record.get('id')}", f"parameters: {error}") from error
    return Run.from_record({**record, "parameters": parameters})
