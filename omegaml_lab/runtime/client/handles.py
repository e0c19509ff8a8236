"""Handles: a job to run, and a run to follow."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import (
    DuplicateRecordError,
    InvalidGroupError,
    KernelNotOfferedError,
    RunFailedError,
    RunNotFoundError,
    RunTimeoutError,
    StorageUnavailableError,
)
from omegaml_lab.core.groups import (
    GROUP_OPTIONS,
    MOST_RUNS,
    OnFailure,
    Step,
    combinations,
)
from omegaml_lab.core.limits import Limits
from omegaml_lab.core.names import Name
from omegaml_lab.core.parameters import check_parameters
from omegaml_lab.core.runs import Failure, Progress, Run, Status
from omegaml_lab.core.tags import check_tags, run_id_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.core.parameters import Parameter
    from omegaml_lab.core.schedules import Schedule
    from omegaml_lab.runtime.client.group_handle import GroupHandle
    from omegaml_lab.runtime.client.runtime import OmegaRuntime

__all__ = ["JobHandle", "RunHandle"]

_LOOK = 5.0


class JobHandle:
    """A notebook that can be run, in the revision it had when the handle was made."""

    def __init__(self, runtime: OmegaRuntime, metadata: Metadata) -> None:
        self.name = metadata.name
        self.revision = metadata.revision
        self._kernel = metadata.attributes.get("kernel")
        self._runtime = runtime

    def __repr__(self) -> str:
        return f"<JobHandle {self.name} revision {self.revision}>"

    def parameters(self) -> list[Parameter]:
        """Return what parameters the notebook takes, typed, in its order."""
        return self._runtime.runs.parameters(self._pinned)

    def run(  # noqa: PLR0913 - what a run is made of
        self,
        params: Mapping[str, Any] | None = None,
        *,
        publish: bool | Mapping[str, Any] = False,
        label: str | None = None,
        limits: Limits | Mapping[str, Any] | None = None,
        tags: Iterable[str] = (),
        token: str | None = None,
        after: Iterable[RunHandle | GroupHandle | Run | str] = (),
        on_failure: str = "stop",
        experiment: str | None = None,
        wait: bool = False,
    ) -> RunHandle:
        """Run the job on a worker.

        Parameters
        ----------
        params
            Values for the notebook's parameters.
        publish
            Publish a good result as a report; a mapping has options of `Reports.publish`.
        label, tags
            What the worker must offer, and words to find the run by.
        limits
            What it may take and how often it is tried: :class:`Limits`, or a mapping of these.
        token
            Names this request: asked for again with it, the handle is on the run that there is.
        after, on_failure
            Runs and groups that have to end before it starts. When one of them does not
            succeed, ``stop`` cancels it and ``continue`` lets it start all the same.
        experiment
            What it is to be part of, beside those whose blocks this is in.
        wait
            Return only when the run has ended.

        Raises
        ------
        InvalidParameterError, InvalidLimitError, InvalidAttributeError, InvalidGroupError
            If parameters, limits, tags, token, or what it is to follow are not understood.
        KernelNotOfferedError
            If no worker with the label has its kernel.
        """
        options: dict[str, Any] = {"publish": publish, "label": label, "limits": limits}
        options |= {"tags": tags, "after": after, "on_failure": on_failure}
        options["experiments"] = [experiment] if experiment else ()
        known = None if token is None else run_id_of(self._runtime.runs.bucket, self.name, token)
        handle = RunHandle(self._runtime, self._submit_once(params or {}, known, options))
        return handle.wait() if wait else handle

    def _submit_once(
        self, params: Mapping[str, Any], known: str | None, options: Mapping[str, Any]
    ) -> Run:
        """Queue a run, or return the one that there is with the id that is `known`."""
        try:
            self._check_kernel(options["label"])
            return self.submit(params, id=known, **options)
        except (DuplicateRecordError, KernelNotOfferedError):
            if known is not None:
                with contextlib.suppress(RunNotFoundError):
                    return self._runtime.runs.get(known)
            raise

    def submit(  # noqa: PLR0913
        self,
        params: Mapping[str, Any],
        *,
        publish: bool | Mapping[str, Any] = False,
        label: str | None = None,
        owner: str | None = None,
        schedule: str | None = None,
        id: str | None = None,  # noqa: A002 - the field is named so
        limits: Limits | Mapping[str, Any] | None = None,
        tags: Iterable[str] = (),
        after: Iterable[Any] = (),
        on_failure: str = "stop",
        experiments: Sequence[str] = (),
    ) -> Run:
        """Queue a run like :meth:`run`, and return its record.

        `owner` is who asks for it, `schedule` the id of the one that it is due by, `id` its own.
        """
        checked = self._runtime.runs.check(self._pinned, params)
        return self._runtime.submit(
            self.name,
            self.revision,
            # Nobody is there to choose another when it is due.
            needs=self._kernel if schedule and self._kernel != "python3" else None,
            parameters=checked,
            label=label,
            publish=publish,
            owner=owner,
            schedule=schedule,
            id=id,
            limits=Limits.of(limits),
            tags=check_tags(tags),
            after=self._runtime.runs.after(after),
            on_failure=OnFailure.of(on_failure),
            experiments=experiments,
        )

    def step(
        self,
        params: Mapping[str, Any] | None = None,
        *,
        label: str | None = None,
        limits: Limits | Mapping[str, Any] | None = None,
    ) -> Step:
        """Return a run that is not asked for yet, for `OmegaRuntime.group` and `chain`."""
        checked = self._runtime.runs.check(self._pinned, params or {})
        own = None if limits is None else Limits.of(limits)
        return Step(
            job=self.name, revision=self.revision, parameters=checked, label=label, limits=own
        )

    def map(self, params: Iterable[Mapping[str, Any]], **options: Any) -> GroupHandle:
        """Run the job once with each of these parameters.

        Parameters
        ----------
        params
            The values for each run.
        **options
            Those of `Groups.start`: `title`, `at_once`, `after`, `on_failure`, `label`,
            `limits`, `tags`, `experiment` and `token`.

        Raises
        ------
        InvalidParameterError
            If the notebook does not take such a parameter, or its type is wrong.
        InvalidGroupError
            If there are none, or too many.
        KernelNotOfferedError
            If no worker with the label has its kernel.
        """
        declared = self.parameters()
        steps = []
        for each in itertools.islice(params, MOST_RUNS + 1):
            if not isinstance(each, Mapping):
                raise InvalidGroupError(f"{each!r} is no mapping of parameters to values")
            checked = check_parameters(self.name, each, declared)
            steps.append(Step(job=self.name, revision=self.revision, parameters=checked))
        return self._runtime.groups.start([steps], **options)

    def grid(
        self,
        values: Mapping[str, Iterable[Any]] | None = None,
        *,
        fixed: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> GroupHandle:
        """Run the job once with each combination of these values.

        Parameters
        ----------
        values
            The values of each parameter that is varied; those of the last one change first.
        fixed
            Parameters that are the same in each run.
        **options
            As for :meth:`map`. What is no option of it is a parameter with its values:
            ``grid(month=[6, 7], at_once=1)``.

        Raises
        ------
        InvalidParameterError
            If the notebook does not take such a parameter, or its type is wrong.
        InvalidGroupError
            If a parameter has no list of values, or the combinations are too many.
        """
        own = {name: options.pop(name) for name in [*options] if name not in GROUP_OPTIONS}
        chosen = combinations({**(values or {}), **own})
        return self.map([{**(fixed or {}), **each} for each in chosen], **options)

    def schedule(
        self,
        when: str,
        *,
        params: Mapping[str, Any] | None = None,
        timezone: str | None = None,
        **options: Any,
    ) -> Schedule:
        """Run the job whenever it is due, in the revision it has then.

        Parameters
        ----------
        when
            Plain words (``weekdays at 6:00``) or the five fields of cron.
        params
            Values for the notebook's parameters.
        timezone
            An IANA name such as ``Europe/Zurich``; by default that of this machine.
        **options
            Further ones of `Schedules.add`.

        Raises
        ------
        InvalidScheduleError
            If something of it is not understood.
        InvalidParameterError
            If the notebook does not take such a parameter, or its type is wrong.
        """
        return self._runtime.schedules.add(
            Name(self.name), when, timezone=timezone, parameters=params, **options
        )

    def _check_kernel(self, label: str | None) -> None:
        if isinstance(self._kernel, str):
            self._runtime.check_kernel(self._kernel, label)

    @property
    def _pinned(self) -> Name:
        return Name(self.name, revision=self.revision)


class RunHandle:
    """A run to follow. Each property shows the state of the last :meth:`refresh`."""

    def __init__(self, runtime: OmegaRuntime, run: Run) -> None:
        self.run = run
        self._runtime = runtime

    def __repr__(self) -> str:
        return f"<RunHandle {self.id} of {self.run.job}: {self.run.status}>"

    @property
    def id(self) -> str:
        """The id of the run."""
        return self.run.id

    @property
    def status(self) -> Status:
        """Where the run stands now."""
        return self.refresh().run.status

    @property
    def progress(self) -> Progress:
        """How far the run has come by now."""
        return self.refresh().run.progress

    @property
    def result(self) -> str | None:
        """The name of the executed notebook in the jobs store, known once the run starts."""
        return self.refresh().run.result

    @property
    def error(self) -> Failure | None:
        """Why the run failed."""
        return self.refresh().run.error

    @property
    def notice(self) -> str | None:
        """What keeps the run waiting."""
        return self.refresh().run.notice

    def refresh(self) -> RunHandle:
        """Look up the present state, unless the run has ended."""
        if not self.run.final:
            self.run = self._runtime.runs.get(self.id)
        return self

    def wait(self, timeout: float | None = None, *, check: bool = False) -> RunHandle:
        """Return when the run has ended.

        Parameters
        ----------
        timeout
            Seconds to wait at most; None waits for ever.
        check
            Raise when it did not succeed.

        Raises
        ------
        RunTimeoutError
            If it has not ended in time; it goes on.
        RunFailedError
            With `check`, if it ended but did not succeed.
        """
        if not self.refresh().run.final:
            self._follow(timeout)
        if check and self.run.status is not Status.SUCCEEDED:
            reason = self.run.error.message if self.run.error else "it did not run to its end"
            raise RunFailedError(self.id, self.run.status, reason)
        return self

    def _follow(self, timeout: float | None) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        stop = threading.Event()
        next_look = 0.0
        for changed in self._runtime.runs.changes(stop, poll=_pause(timeout)):
            now = time.monotonic()
            if changed is not None and changed.id == self.id:
                self.run = changed
            elif changed is None and now >= next_look:
                # The feed stands: what came before it is seen now. It is looked again now and
                # then, because a feed that was cut off for long may have missed the end.
                next_look = now + _LOOK
                with contextlib.suppress(StorageUnavailableError):
                    self.refresh()
            if self.run.final:
                stop.set()
            elif deadline is not None and time.monotonic() >= deadline:
                stop.set()
                run = self.refresh().run
                if not run.final:
                    raise RunTimeoutError(self.id, timeout or 0, run.status, notice=run.notice)

    def cancel(self) -> RunHandle:
        """Cancel the run, as `Runs.cancel` does; :meth:`wait` tells when it has ended."""
        self.run = self._runtime.runs.cancel(self.id)
        return self

    def rerun(
        self, params: Mapping[str, Any] | None = None, *, revision: int | None = None
    ) -> RunHandle:
        """Run the job again, as `Runs.rerun` does."""
        runs = self._runtime.runs
        return RunHandle(self._runtime, runs.rerun(self.id, params, revision=revision))

    def resume(self, *, revision: int | None = None) -> RunHandle:
        """Go on in its kernel at the cell that failed, with the notebook as it is now.

        Raises
        ------
        ResumeError
            If its kernel is not kept (any more), or what it has run is not as it was.
        """
        return RunHandle(self._runtime, self._runtime.runs.resume(self.id, revision=revision))


def _pause(timeout: float | None) -> float:
    return 0.5 if timeout is None else min(0.5, max(0.01, timeout / 4))
