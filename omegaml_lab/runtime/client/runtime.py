"""The runtime as a client sees it: start jobs on the workers, and follow their runs."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import (
    BrokerUnavailableError,
    WorkerNotFoundError,
)
from omegaml_lab.core.groups import OnFailure
from omegaml_lab.core.limits import UNLIMITED, Limits
from omegaml_lab.core.names import Name
from omegaml_lab.core.reports import publish_options
from omegaml_lab.core.tags import check_label
from omegaml_lab.runtime.calls.calling import Target
from omegaml_lab.runtime.calls.stores import Stores
from omegaml_lab.runtime.client.called import ModelHandle, ScriptHandle
from omegaml_lab.runtime.client.calls import Calls
from omegaml_lab.runtime.client.experiments import Experiments
from omegaml_lab.runtime.client.groups import Groups
from omegaml_lab.runtime.client.handles import JobHandle
from omegaml_lab.runtime.client.runs import Runs
from omegaml_lab.runtime.client.schedules import Schedules
from omegaml_lab.runtime.client.steps import stages_of, step_of
from omegaml_lab.runtime.client.tracking import ExperimentHandle, around
from omegaml_lab.runtime.records.group_records import GroupRecords
from omegaml_lab.runtime.records.presence import (
    SILENCE,
    check_kernel,
    living_workers,
    waiting_for,
    waiting_for_kernel,
)
from omegaml_lab.runtime.records.run_records import RunRecords, utcnow
from omegaml_lab.runtime.records.schedule_records import ScheduleRecords
from omegaml_lab.runtime.records.successors import Successors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from distributed import Client

    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.workers import Worker
    from omegaml_lab.runtime.broker.broker import Broker
    from omegaml_lab.runtime.client.group_handle import GroupHandle
    from omegaml_lab.runtime.client.steps import Asked
    from omegaml_lab.storage.storage import Storage
    from omegaml_lab.store.jobs import JobStore
    from omegaml_lab.store.registry import Registry

__all__ = ["OmegaRuntime"]


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
    dask_url
        Where the Dask cluster is that computes frames, ``local``, or None for none.
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
        dask_url: str | None = None,
    ) -> None:
        self.broker = broker
        self.dask_url = dask_url
        self.label = label
        self.limits = limits
        self.owner = owner
        self.runs = Runs(self, RunRecords(storage.records("runs")), jobs)
        groups = GroupRecords(storage, self.runs.records)
        self.successors = Successors(storage, runs=self.runs.records, groups=groups, broker=broker)
        self.groups = Groups(self, groups, self.successors, owner)
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

    def model(
        self, name: str | Name, *, limits: Limits | Mapping[str, Any] | None = None
    ) -> ModelHandle:
        """Return the handle on a model, whose methods run on the workers.

        Parameters
        ----------
        name
            Its name.
        limits
            What each call may take and how often it is tried, as for a job: `timeout`, `memory`,
            `retries` and `retry_wait`. None says that it is not limited.

        Raises
        ------
        ObjectNotFoundError
            If there is no such model.
        InvalidLimitError
            If a limit is not understood, or is for notebooks only.
        """
        checked = Limits.of_call(limits)
        return ModelHandle(self, Target.of(self.calls.stores.models.metadata(name)), checked)

    def script(
        self, name: str | Name, *, limits: Limits | Mapping[str, Any] | None = None
    ) -> ScriptHandle:
        """Return the handle on a script, with `limits` as those of :meth:`model`.

        Raises
        ------
        ObjectNotFoundError
            If there is no such script.
        InvalidLimitError
            If a limit is not understood, or is for notebooks only.
        """
        checked = Limits.of_call(limits)
        return ScriptHandle(self, self.calls.stores.scripts.metadata(name), checked)

    def experiment(self, name: str) -> ExperimentHandle:
        """Return the handle on an experiment; it exists as soon as a run is part of it.

        Raises
        ------
        InvalidNameError
            If it cannot be called so.
        """
        return ExperimentHandle(self, name)

    def group(self, *steps: Asked, **options: Any) -> GroupHandle:
        """Run several jobs side by side, and follow them together.

        Parameters
        ----------
        *steps
            Jobs, names of jobs, or pairs of a job and its parameters.
        **options
            Those of `Groups.start`: `title`, `at_once`, `after`, `on_failure` and others.
        """
        return self.groups.start([[step_of(self, each) for each in steps]], **options)

    def chain(self, *stages: Asked | list[Asked], **options: Any) -> GroupHandle:
        """Run jobs one after the other, and follow them together.

        When one does not succeed, those after it are cancelled, unless
        ``on_failure="continue"``.

        Parameters
        ----------
        *stages
            Jobs, names of jobs, or pairs of a job and its parameters; those in a list run side
            by side, and what comes next starts when all of them have ended.
        **options
            As for :meth:`group`.
        """
        return self.groups.start(stages_of(self, stages), **options)

    def dask(
        self, url: str | None = None, *, timeout: float = 10.0, processes: int | None = None
    ) -> Client:
        """Connect with the Dask cluster, which computes lazy frames until the client is closed.

        Its workers read the repository by themselves, each with the URL of its own settings.
        Use it in a ``with`` statement: ``with om.runtime.dask(): frame.sum().compute()``.

        Parameters
        ----------
        url
            Its scheduler, as ``tcp://host:8786``, or ``local`` for a cluster on this machine
            that ends with the client; by default what the setting `dask_url` says.
        timeout
            Seconds that it may take to answer.
        processes
            How many a local cluster has; by default as many as there are cores.

        Raises
        ------
        ConfigError
            If no cluster is configured.
        MissingDependencyError
            If `distributed` is not installed.
        DaskUnavailableError
            If the cluster does not answer, has other versions of what computes frames, or its
            workers do not reach this repository.
        """
        from omegaml_lab.runtime.client.dask_cluster import connect

        return connect(self._storage, url or self.dask_url, timeout=timeout, processes=processes)

    def require(self, label: str) -> OmegaRuntime:
        """Return a runtime whose runs go to workers that offer `label`.

        Raises
        ------
        InvalidAttributeError
            If that cannot be a label.
        """
        other = copy.copy(self)
        other.label = check_label(label)
        other.calls = self.calls.through(other)
        other.groups = self.groups.through(other)
        return other

    def close(self) -> None:
        """Disconnect; what is asked for later connects again."""
        self.calls.close()
        self.broker.close()

    def workers(self, *, packages: bool = False) -> list[Worker]:
        """Return the workers that are alive, the newest first; with their `packages` if asked."""
        return living_workers(self._storage, packages=packages)

    def worker(self, id: str) -> Worker:  # noqa: A002 - the field is named so
        """Return a worker that is alive, with its packages.

        Raises
        ------
        WorkerNotFoundError
            If there is none with this id.
        """
        workers = self.workers(packages=True)
        found = next((worker for worker in workers if worker.id == id), None)
        if found is None:
            raise WorkerNotFoundError(id, known=[worker.id for worker in workers])
        return found

    def check_kernel(self, kernel: str, label: str | None = None) -> None:
        """Return if a run that needs a kernel has somebody to go to, or may get so.

        Raises
        ------
        KernelNotOfferedError
            If workers offer the label, but none of them has the kernel.
        """
        if kernel != "python3":  # all have it, for it is what they are made of
            check_kernel(kernel, label or self.label, self.workers())

    def check_kernels(self, jobs: Iterable[tuple[Name, str | None]]) -> None:
        """Check the kernels that jobs need, each for the label that its runs require.

        Raises
        ------
        ObjectNotFoundError, KernelNotOfferedError
            If there is no such notebook, or as `check_kernel`.
        """
        for name, label in dict.fromkeys(jobs):
            kernel = self.runs.metadata(name).attributes.get("kernel")
            if isinstance(kernel, str):
                self.check_kernel(kernel, label)

    def notice_of(self, label: str) -> str | None:
        """Return what a run that requires `label` waits for, None when a worker will take it."""
        return waiting_for(label, self.workers())

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
        after: Sequence[str] = (),
        on_failure: OnFailure = OnFailure.STOP,
        experiments: Sequence[str] = (),
        needs: str | None = None,
    ) -> Run:
        """Queue a checked run, for who has the kernel it `needs`; its notice says why it waits.

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
                label=check_label(label or self.label),
                owner=self.owner if owner is None else owner,
                publish=publish is not False,
                publish_options={} if isinstance(publish, bool) else publish_options(publish),
                schedule=schedule,
                id=id,
                object=kept,
                needs=needs,
                limits=limits,
                max_attempts=limits.attempts,
                tags=tuple(tags),
                after=tuple(after),
                waits_for=tuple(after),
                on_failure=on_failure,
                experiments=around(*experiments),
            )
        # What it follows may have ended before it was there.
        return self.successors.settle(run) if run.waits else self._send(run, needs)

    def _send(self, run: Run, needs: str | None) -> Run:
        records = self.runs.records
        try:
            self.broker.send(run)
        except BrokerUnavailableError as error:
            return records.notify(run.id, str(error))
        workers = self.workers()
        notice = waiting_for(run.label, workers)
        if notice is None and needs is not None:
            notice = waiting_for_kernel(needs, run.label, workers)
        records.hinted(run.id)
        return records.notify(run.id, notice) if notice else run
