"""The runs of a bucket, as a client sees them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.calls import CALLS
from omegaml_lab.core.errors import (
    InvalidNotebookError,
    InvalidParameterError,
    LocalRunError,
    RunNotFoundError,
)
from omegaml_lab.core.lineage import RunReference
from omegaml_lab.core.names import Name
from omegaml_lab.core.parameters import Parameter, check_parameters
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.client.groups import after_ids
from omegaml_lab.runtime.client.resuming import resume
from omegaml_lab.runtime.jobs.parameters import declared_parameters
from omegaml_lab.runtime.records.results import let_go
from omegaml_lab.runtime.schedules.whereabouts import Whereabouts
from omegaml_lab.store.walking import walk

if TYPE_CHECKING:
    import builtins
    import threading
    from collections.abc import Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from omegaml_lab.core.lineage import Lineage
    from omegaml_lab.core.pages import Page
    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.schedules import Schedule
    from omegaml_lab.runtime.client.runtime import OmegaRuntime
    from omegaml_lab.runtime.records.run_records import RunRecords
    from omegaml_lab.store.jobs import JobStore

__all__ = ["Runs"]


class Runs:
    """The runs of a bucket: what was, is and will be executed."""

    def __init__(self, runtime: OmegaRuntime, records: RunRecords, jobs: JobStore) -> None:
        self.records = records
        self.bucket = jobs.bucket
        self.whereabouts = Whereabouts(jobs)
        self._runtime = runtime
        self._jobs = jobs

    def list(  # noqa: PLR0913 - by what runs are found
        self,
        job: str | Name | None = None,
        status: Status | str | None = None,
        *,
        tag: str | None = None,
        schedule: str | None = None,
        group: str | None = None,
        alone: bool = False,
        local: bool | None = None,
        calls: bool | None = None,
        offset: int = 0,
        limit: int | None = 50,
    ) -> Page[Run]:
        """Return runs, newest first; with a `tag`, those that have it among theirs.

        With a `group` only those of it, with `alone` only those of none, and with the id of a
        `schedule` its own. `local` are those that their callers performed, without a worker:
        True returns these alone, False leaves them out. `calls` says the same of the runs of
        models and scripts; with them `job` is what was called.

        A `job` is what is called so now, with its runs from before it was; and what was called
        so and is gone.
        """
        where: dict[str, Any] = {"bucket": self.bucket}
        if schedule is not None:
            where["schedule"] = schedule
        if job is not None:
            where |= self._of(job, local=bool(local), calls=bool(calls))
            local, calls = bool(local), bool(calls)
        if local is not None or calls is not None:
            where["kind"] = {"$in": _kinds(local=local, calls=calls)}
        if status is not None:
            where["status"] = _status(status)
        if tag is not None:
            where["tags"] = {"$eq": tag}
        if group is not None or alone:
            where["group"] = {"$eq": group}
        return self.records.page(where, offset=offset, limit=limit)

    def _of(self, job: str | Name, *, local: bool, calls: bool) -> dict[str, Any]:
        """Return the condition that a run was of what goes by a name."""
        if local:  # of an experiment, which is a name and nothing else
            return {"job": str(job), "object": None}
        names, ids = self.meant(job, calls=calls)
        by_id: dict[str, Any] = {"object": {"$in": ids}}
        if not self.records.has_old(self.bucket, names):
            return by_id
        return {"$or": [by_id, {"job": {"$in": names}, "object": None}]}

    def meant(
        self, job: str | Name, *, calls: bool = False
    ) -> tuple[builtins.list[str], builtins.list[str]]:
        """Return the names that a job may have, and the ids of what was run and is meant by it."""
        names = [str(job)] if calls else self.whereabouts.spellings(job)
        if not calls:
            found = self.whereabouts.ids(names)
            names = [name for name in names if name in found][:1] or names
        stores = [f"{kind}s" for kind in sorted(CALLS)] if calls else ["jobs"]
        had = self.records.objects_of(self.bucket, names)
        return names, self.whereabouts.known_as(names, had, stores=stores)

    def get(self, run_id: str) -> Run:
        """Return a run.

        Raises
        ------
        RunNotFoundError
            If the bucket has none with this id.
        """
        run = self.records.get(run_id)
        if run.bucket != self.bucket:
            raise RunNotFoundError(run_id)
        return run

    def lineage(self, run_id: str, *, depth: int = 1) -> Lineage:
        """Return what a run executed, read and wrote, and with more `depth` what lies beyond.

        Raises
        ------
        RunNotFoundError
            If the bucket has none with this id.
        """
        run = self.get(run_id)
        of = RunReference(id=run.id, job=run.job, revision=run.revision)
        return walk(self._jobs.storage.lineage, of, depth=depth)

    def cancel(self, run_id: str) -> Run:
        """Cancel a run: at once when it waits, within about a second when it is going.

        Raises
        ------
        RunNotFoundError
            If the bucket has none with this id.
        InvalidTransitionError
            If it has ended already.
        """
        run = self.records.cancel(self.get(run_id).id)
        self._runtime.successors.release(run)
        return run

    def rerun(
        self,
        run_id: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        revision: int | None = None,
    ) -> Run:
        """Run the job of a run again, as it is now or in a `revision`.

        The parameters are the same, unless others are given.

        Raises
        ------
        RunNotFoundError, ObjectNotFoundError
            If the bucket has no such run, or there is no such notebook or revision any more.
        InvalidParameterError
            If it called a model or a script, and something is to be different.
        KernelNotOfferedError
            If no worker with its label has the kernel.
        LocalRunError
            If it was performed by its caller: workers have not its code.
        """
        before = self.get(run_id)
        if before.kind == "local":
            raise LocalRunError(before.id, before.job)
        if before.kind != "job":
            _check_same(before, {**(parameters or {}), **({"revision": 1} if revision else {})})
            return self._runtime.calls.again(before)
        name = Name(self.job_of(before), revision=revision)
        self._runtime.check_kernels([(name, before.label)])
        handle = self._runtime.job(name)
        chosen = before.parameters if parameters is None else parameters
        publish = before.publish and (before.publish_options or True)
        return handle.submit(
            chosen,
            publish=publish,
            label=before.label,
            limits=before.limits,
            tags=before.tags,
            experiments=before.experiments,
        )

    def resume(self, run_id: str, *, revision: int | None = None) -> Run:
        """Go on with a failed run at the cell that failed, in its kernel.

        Parameters
        ----------
        run_id
            A run that says `kept_until`.
        revision
            That of its notebook which is taken; by default the latest.

        Raises
        ------
        RunNotFoundError, ObjectNotFoundError
            If the bucket has no such run, or there is no such notebook or revision any more.
        ResumeError
            If its kernel is not kept, somebody else resumes it, or what was run of the notebook
            is not as it was.
        """
        return resume(self._runtime, self.get(run_id), revision=revision)

    def job_of(self, run: Run) -> str:
        """Return what the job of a run is called now; as it was, where it is not there."""
        (job,) = self.whereabouts.jobs([run])
        return job

    def changes(self, stop: threading.Event, *, poll: float = 0.5) -> Iterator[Run | None]:
        """Yield each run that changes, as it happens; None when nothing came for `poll` seconds.

        The first None says that the feed stands. Ends when `stop` is set.
        """
        for run in self.records.changes(stop, poll=poll):
            if run is None or run.bucket == self.bucket:
                yield run

    def after(self, given: Iterable[Any]) -> tuple[str, ...]:
        """Return the ids of what a run is to follow: runs, groups, or ids of runs."""
        return after_ids(self._runtime, given)

    def relying_on(self, job: Name, *, briefly: bool = False) -> AbstractContextManager[str]:
        """Keep a revision of a job until a run of it is on record; as `OmegaStore.relying_on`."""
        return self._jobs.relying_on(job, briefly=briefly)

    def let_go(self, schedule: Schedule) -> int:
        """Drop the results that a schedule does not keep; return of how many runs."""
        return let_go(schedule, self.records, self._jobs)

    def named(self, job: str | Name) -> Name:
        """Return the name that a job has in the jobs store, with the revision that is meant."""
        return self._jobs.resolve(job)

    def resolve(self, job: str | Name) -> str:
        """Return the name that a job has in the jobs store."""
        return self._jobs.resolve(job).path

    def metadata(self, name: str | Name) -> Any:
        """Return the metadata of a job.

        Raises
        ------
        InvalidNotebookError
            If the object of that name is no notebook.
        """
        metadata = self._jobs.metadata(self._jobs.resolve(name))
        if metadata.kind != "notebook":
            reason = f"it is a {metadata.kind}, and only notebooks can be run"
            raise InvalidNotebookError(metadata.name, reason)
        return metadata

    def notebook(self, name: Name) -> dict[str, Any]:
        """Return a job as JSON tells it."""
        notebook: dict[str, Any] = json.loads(self._jobs.read_bytes(name))
        return notebook

    def parameters(self, name: Name) -> builtins.list[Parameter]:
        """Return what parameters a job takes."""
        return declared_parameters(self.notebook(name))

    def check(self, name: Name, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return `given` with the types that a job declares."""
        return check_parameters(name.path, given, self.parameters(name)) if given else {}


def _status(given: Status | str) -> str:
    known = [status.value for status in Status]
    if given not in known:
        raise ValueError(f"a run is {', '.join(known)}, not {given!r}")
    return str(given)


def _kinds(*, local: bool | None, calls: bool | None) -> builtins.list[str | None]:
    """Return the kinds of runs that are meant; older records of notebooks say None."""
    kinds: set[str | None] = {"job", None, "local", *CALLS}
    for group, wanted in (({"local"}, local), (CALLS, calls)):
        if wanted is not None:
            kinds = kinds & group if wanted else kinds - group
    return sorted(kinds, key=str)


def _check_same(call: Run, changed: Iterable[str]) -> None:
    for name in changed:
        reason = "a call is made again with what it was given; call it with something else instead"
        raise InvalidParameterError(call.job, name, reason)
