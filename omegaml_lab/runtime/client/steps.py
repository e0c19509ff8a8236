"""Steps: what a group or a chain is made of - a job with values for its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidGroupError
from omegaml_lab.core.groups import Step
from omegaml_lab.core.names import Name
from omegaml_lab.runtime.client.handles import JobHandle

if TYPE_CHECKING:
    from omegaml_lab.runtime.client.runtime import OmegaRuntime

__all__ = ["Asked", "stages_of", "step_of"]

Asked = str | Name | JobHandle | Step | tuple[Any, Mapping[str, Any]]
"""What stands for a step: a job, its name, a pair of job and parameters, or a step itself."""


def step_of(runtime: OmegaRuntime, given: Asked) -> Step:
    """Return the step that is meant.

    Raises
    ------
    InvalidGroupError
        If it is none of what :data:`Asked` says.
    ObjectNotFoundError
        If there is no such job.
    InvalidParameterError
        If a notebook does not take such a parameter, or its type is wrong.
    """
    if isinstance(given, Step):
        return given
    job: Any = given
    params: Mapping[str, Any] = {}
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], Mapping):
        job, params = given
    if isinstance(job, str | Name):
        job = runtime.job(job)
    if not isinstance(job, JobHandle):
        reason = f"{given!r} is no job, no name of one, and no pair of a job and its parameters"
        raise InvalidGroupError(reason)
    return job.step(params)


def stages_of(runtime: OmegaRuntime, given: Iterable[Any]) -> list[list[Step]]:
    """Return the stages of a chain: each is one step, or a list of those that go side by side."""
    stages = []
    for each in given:
        side_by_side = each if isinstance(each, list) else [each]
        if not side_by_side:
            raise InvalidGroupError("one of its lists of jobs is empty")
        stages.append([step_of(runtime, one) for one in side_by_side])
    return stages
