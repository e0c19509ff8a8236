"""Groups as a client sees them: runs asked for together, listed, cancelled and run again."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import GroupNotFoundError, InvalidGroupError
from omegaml_lab.core.groups import MOST_AFTER, MOST_RUNS, Group, OnFailure, Step, varied
from omegaml_lab.core.limits import Limits
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Run
from omegaml_lab.core.tags import check_label, check_tags, run_id_of
from omegaml_lab.runtime.client.group_handle import GroupHandle
from omegaml_lab.runtime.client.handles import RunHandle
from omegaml_lab.runtime.client.tracking import around
from omegaml_lab.runtime.records.group_records import Counts, GroupRecords, Planned, run_id_in
from omegaml_lab.runtime.records.run_records import utcnow

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping, Sequence

    from omegaml_lab.core.pages import Page
    from omegaml_lab.runtime.client.runtime import OmegaRuntime
    from omegaml_lab.runtime.records.successors import Successors

__all__ = ["Groups", "after_ids"]


class Groups:
    """The groups of runs of a bucket."""

    def __init__(
        self, runtime: OmegaRuntime, records: GroupRecords, successors: Successors, owner: str
    ) -> None:
        self.records = records
        self._runtime = runtime
        self._successors = successors
        self._owner = owner

    def through(self, runtime: OmegaRuntime) -> Groups:
        """Return the same, asking as `runtime` does."""
        return Groups(runtime, self.records, self._successors, self._owner)

    def start(  # noqa: PLR0913 - what a group is made of
        self,
        stages: Sequence[Sequence[Step]],
        *,
        after: Iterable[Any] = (),
        on_failure: str = "stop",
        at_once: int | None = None,
        title: str | None = None,
        label: str | None = None,
        limits: Limits | Mapping[str, Any] | None = None,
        tags: Iterable[str] = (),
        token: str | None = None,
        experiment: str | None = None,
    ) -> GroupHandle:
        """Ask for runs together, all or none: those of a stage when the one before has ended.

        Parameters
        ----------
        after
            What the first stage follows: handles, runs, groups, or ids of runs.
        on_failure
            What becomes of a run when one that it follows does not succeed: ``stop`` cancels
            it, ``continue`` lets it start all the same.
        at_once
            How many may go at a time; None for any number.
        title
            What it is called; by default as its jobs are.
        label, limits, tags, experiment
            As those of `JobHandle.run`, for steps that do not have their own.
        token
            Names this request: asked for again with it, the handle is on the group there is.

        Raises
        ------
        InvalidGroupError, KernelNotOfferedError
            If they are none, too many, or something of the options is wrong, or no worker with
            the label of a run has its kernel.
        """
        steps = [step for stage in stages for step in stage]
        _check(stages, steps, at_once)
        group_id = self._id_for(token, steps, label)
        group = self._group(group_id, stages, title, at_once, check_tags(tags))
        shared = self._shared(on_failure, limits, group.tags, around(*filter(None, [experiment])))
        follows = after_ids(self._runtime, after)
        with contextlib.ExitStack() as kept:
            objects = self._rely_on(steps, kept)
            plan = self._plan(group_id, stages, objects, label or self._runtime.label, follows)
            self.records.start(group, plan, shared=shared)
            self._successors.make(group_id)
        return self.get(group_id)

    def get(self, group_id: str) -> GroupHandle:
        """Return the handle on a group.

        Raises
        ------
        GroupNotFoundError
            If the bucket has none with this id.
        """
        group = self.records.get(group_id)
        if group.bucket != self._runtime.runs.bucket:
            raise GroupNotFoundError(group_id)
        return GroupHandle(self._runtime, group)

    def list(
        self, job: str | Name | None = None, *, offset: int = 0, limit: int | None = 50
    ) -> Page[Group]:
        """Return groups, newest first; those that run a `job`, if given, as in `Runs.list`."""
        where: dict[str, Any] = {"bucket": self._runtime.runs.bucket}
        if job is not None:
            names, ids = self._runtime.runs.meant(job)
            old = {"jobs": {"$in": names}, "objects": None}  # of an earlier version
            where["$or"] = [{"objects": {"$in": ids}}, old]
        return self.records.page(where, offset=offset, limit=limit)

    def jobs_of(self, groups: Sequence[Group]) -> builtins.list[builtins.list[str]]:
        """Return what the jobs of groups are called now, in one query for all of them."""
        ids = {id for group in groups for id in group.objects}  # noqa: A001
        called = self._runtime.runs.whereabouts.called(ids)
        return [
            [called.get(id, job) for id, job in zip(group.objects, group.jobs, strict=True)]  # noqa: A001
            if group.objects
            else [*group.jobs]
            for group in groups
        ]

    def counts(self, groups: Sequence[Group]) -> dict[str, Counts]:
        """Return how many runs of each group are in which status, by the ids of the groups."""
        return self.records.counts(groups)

    def cancel(self, group_id: str) -> Group:
        """Cancel all runs of a group that have not ended."""
        cancelled = self.records.cancel(self.get(group_id).id)
        self._successors.sweep()  # what is not of it may have waited for it
        return cancelled

    def retry(self, group_id: str) -> int:
        """Run again what has ended without success, and return how many runs that are.

        The jobs are taken as they are now, with the same parameters. What follows them follows
        the new runs.

        Raises
        ------
        KernelNotOfferedError
            If no worker with the label of a run has its kernel; then none is run.
        """
        group = self.get(group_id).group
        self._successors.sweep()  # what is yet to be stopped is to be run again as well
        failed = self.records.failed(group_id)
        if not failed:
            return 0
        again = {run.id: run_id_in(group_id, group.rounds + 1, run.place or 0) for run in failed}
        first, places = failed[0], [run.place or 0 for run in failed]
        steps = [self._step_again(run) for run in failed]
        self._check_kernels(steps, None)
        shared = self._shared(first.on_failure, first.limits, first.tags, first.experiments)
        shared["owner"] = first.owner
        with contextlib.ExitStack() as kept:
            objects = self._rely_on(steps, kept)
            plan = [
                Planned(
                    place=place,
                    job=step.job,
                    revision=step.revision,
                    object=objects[step.job, step.revision],
                    parameters=step.parameters,
                    label=run.label,
                    after=tuple(again.get(each, each) for each in run.after),
                    limits=run.limits,
                )
                for place, step, run in zip(places, steps, failed, strict=True)
            ]
            mine = self.records.again(group, plan, shared=shared)
            self._successors.make(group_id)
        return len(failed) if mine else 0

    def _group(
        self,
        group_id: str,
        stages: Sequence[Sequence[Step]],
        title: str | None,
        at_once: int | None,
        tags: tuple[str, ...],
    ) -> Group:
        steps = [step for stage in stages for step in stage]
        return Group(
            id=group_id,
            title=title or _title(stages),
            jobs=tuple(dict.fromkeys(step.job for step in steps)),
            count=len(steps),
            created_at=utcnow(),
            bucket=self._runtime.runs.bucket,
            owner=self._owner,
            varied=varied(step.parameters for step in steps),
            at_once=at_once,
            tags=tags,
        )

    # -- asking --------------------------------------------------------------------------------

    def _shared(
        self, on_failure: str, limits: Any, tags: Sequence[str], experiments: Sequence[str]
    ) -> dict[str, Any]:
        return {
            "owner": self._owner,
            "on_failure": OnFailure.of(on_failure),
            "limits": Limits.of(limits).over(self._runtime.limits).to_dict(),
            "tags": list(tags),
            "experiments": list(experiments),
        }

    def _rely_on(
        self, steps: Iterable[Step], kept: contextlib.ExitStack
    ) -> dict[tuple[str, int], str]:
        """Keep the revisions of all steps, and return the ids of their objects."""
        wanted = dict.fromkeys((step.job, step.revision) for step in steps)
        relying_on = self._runtime.runs.relying_on
        return {
            (job, revision): kept.enter_context(relying_on(Name(job, revision=revision)))
            for job, revision in wanted
        }

    def _plan(
        self,
        group_id: str,
        stages: Sequence[Sequence[Step]],
        objects: Mapping[tuple[str, int], str],
        label: str,
        follows: tuple[str, ...],
    ) -> builtins.list[Planned]:
        plan: list[Planned] = []
        for stage in stages:
            made = [
                Planned(
                    place=place,
                    job=step.job,
                    revision=step.revision,
                    object=objects[step.job, step.revision],
                    parameters=step.parameters,
                    label=check_label(step.label or label),
                    after=follows,
                    limits=step.limits and step.limits.over(self._runtime.limits),
                )
                for place, step in enumerate(stage, start=len(plan))
            ]
            follows = tuple(run_id_in(group_id, 0, each.place) for each in made)
            plan += made
        return plan

    def _step_again(self, run: Run) -> Step:
        job = self._runtime.job(Name(self._runtime.runs.job_of(run)))
        return job.step(run.parameters, label=run.label)

    def _id_for(self, token: str | None, steps: Iterable[Step], label: str | None) -> str:
        """Return the id of a group, whose kernels are checked unless it is there already."""
        bucket = self._runtime.runs.bucket
        group_id = secrets.token_hex(8) if token is None else run_id_of(bucket, "\0group", token)
        if not self._is_there(group_id):
            self._check_kernels(steps, label)
        return group_id

    def _is_there(self, group_id: str) -> bool:
        try:
            self.records.get(group_id)
        except GroupNotFoundError:
            return False
        return True

    def _check_kernels(self, steps: Iterable[Step], label: str | None) -> None:
        self._runtime.check_kernels(
            (Name(step.job, revision=step.revision), step.label or label) for step in steps
        )


def after_ids(runtime: OmegaRuntime, given: Iterable[Any]) -> tuple[str, ...]:
    """Return the ids of the runs that something is to follow.

    Raises
    ------
    RunNotFoundError
        If the bucket has no such run.
    InvalidGroupError
        If something is no run, or they are too many.
    """
    if isinstance(given, str | RunHandle | GroupHandle | Run) or not isinstance(given, Iterable):
        given = [given]
    ids: dict[str, None] = {}
    for each in given:
        if isinstance(each, GroupHandle):
            ids |= dict.fromkeys(run.id for run in each.runs)
        elif isinstance(each, str | RunHandle | Run):
            ids[runtime.runs.get(each if isinstance(each, str) else each.id).id] = None
        else:
            raise InvalidGroupError(f"{each!r}, which is to be followed, is no run or group")
    if len(ids) > MOST_AFTER:
        reason = f"one is to follow {len(ids):,} runs, and {MOST_AFTER:,} are the most"
        raise InvalidGroupError(reason)
    return tuple(ids)


def _check(stages: Sequence[Sequence[Step]], steps: Sequence[Step], at_once: int | None) -> None:
    if not steps:
        raise InvalidGroupError("there are none")
    if len(steps) > MOST_RUNS:
        reason = f"they are {len(steps):,}, and a group has {MOST_RUNS:,} at most"
        raise InvalidGroupError(reason)
    if any(len(stage) > MOST_AFTER for stage in stages[:-1]):
        reason = f"what comes later would follow more than {MOST_AFTER:,} runs"
        raise InvalidGroupError(reason)
    if at_once is not None and (type(at_once) is not int or not 1 <= at_once <= MOST_RUNS):
        reason = f"at_once={at_once!r} is no number of runs from 1 to {MOST_RUNS:,}"
        raise InvalidGroupError(reason)


def _title(stages: Sequence[Sequence[Step]]) -> str:
    names = [" + ".join(dict.fromkeys(_plain(step.job) for step in stage)) for stage in stages]
    return " → ".join(names)


def _plain(job: str) -> str:
    return job.removesuffix(".ipynb")
