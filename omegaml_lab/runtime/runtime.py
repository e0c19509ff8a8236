"""The runtime as a client sees it: start jobs on the workers, and follow their runs."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import (
    BrokerUnavailableError,
    InvalidCallError,
    InvalidNotebookError,
    RunNotFoundError,
)
from omegaml_lab.core.limits import UNLIMITED, Limits
from omegaml_lab.core.lineage import RunReference
from omegaml_lab.core.names import Name
from omegaml_lab.core.parameters import Parameter, check_parameters
from omegaml_lab.core.reports import publish_options
from omegaml_lab.core.workers import Worker
from omegaml_lab.runtime.called import ModelHandle, ScriptHandle
from omegaml_lab.runtime.calling import Target
from omegaml_lab.runtime.calls import Calls
from omegaml_lab.runtime.experiments import Experiments
from omegaml_lab.runtime.handles import JobHandle
from omegaml_lab.runtime.parameters import declared_parameters
from omegaml_lab.runtime.results import let_go
from omegaml_lab.runtime.runs import RunRecords, utcnow
from omegaml_lab.runtime.schedule_records import ScheduleRecords
from omegaml_lab.runtime.schedules import Schedules
from omegaml_lab.runtime.stores import Stores
from omegaml_lab.runtime.tracking import ExperimentHandle, around
from omegaml_lab.store.walking import walk

if TYPE_CHECKING:
    import builtins
    import threading
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from omegaml_lab.core.lineage import Lineage
    from omegaml_lab.core.pages import Page
    from omegaml_lab.core.runs import Run, Status
    from omegaml_lab.core.schedules import Schedule
    from omegaml_lab.runtime.broker import Broker
    from omegaml_lab.storage.storage import Storage
    from omegaml_lab.store.jobs import JobStore
    from omegaml_lab.store.registry import Registry

__all__ = ["OmegaRuntime", "Runs", "living_workers", "waiting_for"]

SILENCE = timedelta(seconds=30)
"""A worker or scheduler that was not heard of for so long is not counted as alive."""


class OmegaRuntime:
    """Starts runs on the workers of a repository.

    Parameters
    ----------
    storage
        The repository.
    jobs
        Its notebooks, in the bucket that runs are seen through.
    registry
        The kinds that its objects are kept as.
    broker
        Tells the workers that a run waits.
    owner
        Who asks.
    label
        What runs require of a worker, unless they say otherwise.
    limits
        Those of runs of jobs, where they do not say otherwise.
    """

    def __init__(
        self,
        *,
        storage: Storage,
        jobs: JobStore,
        registry: Registry,
        broker: Broker,
        owner: str = "",
        label: str = "default",
        limits: Limits = UNLIMITED,
    ) -> None:
        self.broker = broker
        self.label = label
        self.limits = limits
        self.owner = owner
        self.runs = Runs(self, RunRecords(storage.records("runs")), jobs)
        self.values = storage.values
        self.experiments = Experiments(
            raw=storage.records("runs"),
            runs=self.runs.records,
            values=storage.values,
            bucket=jobs.bucket,
        )
        self.schedules = Schedules(self, ScheduleRecords(storage.records("schedules")), owner)
        stores = Stores.of(storage, registry, bucket=jobs.bucket, owner=owner)
        self.calls = Calls(self, stores, owner)
        self._storage = storage

    def job(self, name: str | Name) -> JobHandle:
        """Return the handle on a job.

        Raises
        ------
        ObjectNotFoundError
            If there is no such notebook.
        """
        return JobHandle(self, self.runs.metadata(name))

    def model(self, name: str | Name) -> ModelHandle:
        """Return the handle on a model, whose methods run on the workers.

        Raises
        ------
        ObjectNotFoundError
            If there is no such model.
        """
        return ModelHandle(self, Target.of(self.calls.stores.models.metadata(name)))

    def script(self, name: str | Name) -> ScriptHandle:
        """Return the handle on a script.

        Raises
        ------
        ObjectNotFoundError
            If there is no such script.
        """
        return ScriptHandle(self, self.calls.stores.scripts.metadata(name))

    def experiment(self, name: str) -> ExperimentHandle:
        """Return the handle on an experiment; it exists as soon as a run is part of it.

        Raises
        ------
        InvalidNameError
            If it cannot be called so.
        """
        return ExperimentHandle(self, name)

    def require(self, label: str) -> OmegaRuntime:
        """Return a runtime whose runs go to workers that offer `label`."""
        other = copy.copy(self)
        other.label = label
        other.calls = self.calls.through(other)
        return other

    def close(self) -> None:
        """Disconnect; what is asked for later connects again."""
        self.calls.close()
        self.broker.close()

    def workers(self) -> list[Worker]:
        """Return the workers that are alive, the newest first."""
        return living_workers(self._storage)

    def scheduler(self) -> dict[str, Any] | None:
        """Return the record of a scheduler that is alive (id, host, pid, times), if any."""
        where = {"heartbeat_at": {"$gte": utcnow() - SILENCE}}
        found = self._storage.records("schedulers").query(where, sort=[("heartbeat_at", -1)])
        return found[0] if found else None

    def submit(  # noqa: PLR0913 - what a run is made of
        self,
        job: str,
        revision: int,
        *,
        parameters: Mapping[str, Any],
        label: str | None = None,
        publish: bool | Mapping[str, Any] = False,
        owner: str | None = None,
        schedule: str | None = None,
        id: str | None = None,  # noqa: A002 - the field is named so
        limits: Limits = UNLIMITED,
        tags: Sequence[str] = (),
        experiments: Sequence[str] = (),
    ) -> Run:
        """Queue a run whose parameters were checked, and tell the workers.

        Neither a broker nor a worker need be there: the run waits, and its notice says for what.

        Raises
        ------
        ObjectNotFoundError, DuplicateRecordError
            If there is no such revision (any more), or there is a run with this `id`.
        """
        records, limits = self.runs.records, limits.over(self.limits)
        with self.runs.relying_on(Name(job, revision=revision)) as kept:
            run = records.create(
                job,
                revision,
                parameters=parameters,
                bucket=self.runs.bucket,
                label=label or self.label,
                owner=self.owner if owner is None else owner,
                publish=publish is not False,
                publish_options={} if isinstance(publish, bool) else publish_options(publish),
                schedule=schedule,
                id=id,
                object=kept,
                limits=limits,
                max_attempts=limits.attempts,
                tags=tuple(tags),
                experiments=around(*experiments),
            )
        try:
            self.broker.send(run)
        except BrokerUnavailableError as error:
            return records.notify(run.id, str(error))
        notice = waiting_for(run.label, self.workers())
        records.hinted(run.id)
        return records.notify(run.id, notice) if notice else run


class Runs:
    """The runs of a bucket: what was, is and will be executed."""

    def __init__(self, runtime: OmegaRuntime, records: RunRecords, jobs: JobStore) -> None:
        self.records = records
        self.bucket = jobs.bucket
        self._runtime = runtime
        self._jobs = jobs

    def list(
        self,
        job: str | Name | None = None,
        status: Status | str | None = None,
        *,
        tag: str | None = None,
        schedule: str | None = None,
        offset: int = 0,
        limit: int | None = 50,
    ) -> Page[Run]:
        """Return runs, newest first.

        With a `tag` those that have it among theirs, with the id of a `schedule` its own.
        """
        where: dict[str, Any] = {"bucket": self.bucket}
        if schedule is not None:
            where["schedule"] = schedule
        if job is not None:
            where["job"] = self.resolve(job)
            where["kind"] = {"$in": ["job", None]}  # older records do not say
        if status is not None:
            where["status"] = str(status)
        if tag is not None:
            where["tags"] = {"$eq": tag}
        return self.records.page(where, offset=offset, limit=limit)

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
        return self.records.cancel(self.get(run_id).id)

    def rerun(self, run_id: str, parameters: Mapping[str, Any] | None = None) -> Run:
        """Run the job of a run again, as it is now, with the same or with other parameters."""
        before = self.get(run_id)
        if before.kind == "local":
            raise InvalidCallError(before.job, "rerun", "run of code that no repository has")
        if before.kind != "job":
            return self._runtime.calls.again(before)
        handle = self._runtime.job(Name(before.job))
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

    def changes(self, stop: threading.Event, *, poll: float = 0.5) -> Iterator[Run | None]:
        """Yield each run that changes, as it happens; None when nothing came for `poll` seconds.

        The first None says that the feed stands. Ends when `stop` is set.
        """
        for run in self.records.changes(stop, poll=poll):
            if run is None or run.bucket == self.bucket:
                yield run

    def relying_on(self, job: Name) -> AbstractContextManager[str]:
        """Keep a revision of a job until a run of it is on record; as `OmegaStore.relying_on`."""
        return self._jobs.relying_on(job)

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

    def parameters(self, name: Name) -> builtins.list[Parameter]:
        """Return what parameters a job takes."""
        return declared_parameters(json.loads(self._jobs.read_bytes(name)))

    def check(self, name: Name, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return `given` with the types that a job declares."""
        return check_parameters(name.path, given, self.parameters(name)) if given else {}


def living_workers(storage: Storage) -> list[Worker]:
    """Return the workers of a repository that are alive, the newest first."""
    where = {"heartbeat_at": {"$gte": utcnow() - SILENCE}}
    found = storage.records("workers").query(where, sort=[("started_at", -1)])
    return [Worker.from_record(record) for record in found if "started_at" in record]


def waiting_for(label: str, workers: list[Worker]) -> str | None:
    """Return what a run that requires `label` waits for, None when a worker will take it."""
    if any(worker.label == label for worker in workers):
        return None
    option = "" if label == "default" else f" --label {label}"
    return (
        f"No worker{f' with the label {label!r}' if option else ''} is alive, so the run waits."
        f" `omega worker{option}` starts one, and so does `omega lab`."
    )
