"""Resuming a run, as a client asks for it: another run that goes on in its kernel."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import ResumeError
from omegaml_lab.core.names import Name
from omegaml_lab.core.parameters import INJECTED
from omegaml_lab.core.resuming import code_of, difference
from omegaml_lab.core.runs import Run, Status
from omegaml_lab.runtime.records.run_reader import utcnow

if TYPE_CHECKING:
    from omegaml_lab.runtime.client.runtime import OmegaRuntime

__all__ = ["resume"]

_ENDED = {
    Status.SUCCEEDED: "it succeeded",
    Status.CANCELLED: "it was cancelled, and its kernel ended",
    Status.LOST: "it was lost, with its worker and its kernel",
}


def resume(runtime: OmegaRuntime, before: Run, *, revision: int | None) -> Run:
    """Queue a run that goes on where another one failed; see `Runs.resume`."""
    _check_kept(runtime, before)
    metadata = runtime.runs.metadata(Name(runtime.runs.job_of(before), revision=revision))
    name = Name(metadata.name, revision=metadata.revision)
    _check_code(runtime, before, name)
    records, run_id = runtime.runs.records, secrets.token_hex(8)
    with runtime.runs.relying_on(name) as kept:
        if records.kept.reserve(before.id, run_id) is None:
            again = records.get(before.id)
            _check_kept(runtime, again)
            raise ResumeError(before.id, "it is just being resumed or given up")
        try:
            return records.create(
                metadata.name,
                metadata.revision,
                id=run_id,
                parameters=before.parameters,
                bucket=before.bucket,
                label=before.label,
                owner=runtime.owner,
                publish=before.publish,
                publish_options=before.publish_options,
                object=kept,
                limits=before.limits,
                max_attempts=1,  # the kernel is as it is: another attempt would not begin there
                tags=before.tags,
                experiments=before.experiments,
                resumes=before.id,
                held_by=before.worker,
            )
        except BaseException:
            records.kept.release(before.id, run_id)
            raise


def _check_kept(runtime: OmegaRuntime, run: Run) -> None:
    if run.kind != "job":
        raise ResumeError(run.id, "it ran no notebook", advice="Ask for it again.")
    if not run.final:
        raise ResumeError(run.id, f"it is {run.status}", advice="Wait until it has ended.")
    if (reason := _ENDED.get(run.status)) is not None:
        raise ResumeError(run.id, reason)
    if run.resumed_by is not None:
        advice = "Follow that one, or run the notebook again."
        raise ResumeError(run.id, f"run {run.resumed_by} resumes it already", advice=advice)
    if run.kept_until is None:
        never = runtime.runs.records.kept.executed(run.id) is None
        why = "its kernel was not kept" if never else "its kernel is not kept any more"
        raise ResumeError(run.id, why)
    if run.kept_until < utcnow():
        raise ResumeError(run.id, f"its kernel was kept until {run.kept_until:%H:%M:%S} UTC")
    if all(worker.id != run.worker for worker in runtime.workers()):
        raise ResumeError(run.id, f"worker {run.worker}, which kept its kernel, is gone")


def _check_code(runtime: OmegaRuntime, before: Run, name: Name) -> None:
    """Refuse at once what the worker would refuse, which knows for certain."""
    executed = runtime.runs.records.kept.executed(before.id) or []
    wanted = code_of(runtime.runs.notebook(name)["cells"], without=INJECTED)
    first = difference(executed, wanted)
    if first is not None:
        raise first.refusal(before.id)
