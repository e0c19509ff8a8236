"""The handle on a group of runs."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import GroupTimeoutError, RunFailedError
from omegaml_lab.core.runs import Run, Status
from omegaml_lab.runtime.client.comparing import Comparison

if TYPE_CHECKING:
    import pandas as pd

    from omegaml_lab.core.groups import Group
    from omegaml_lab.runtime.client.runtime import OmegaRuntime
    from omegaml_lab.runtime.records.group_records import Counts

__all__ = ["GroupHandle"]

_LOOK = 2.0


class GroupHandle:
    """A group of runs to follow and compare. Each property shows the present state."""

    def __init__(self, runtime: OmegaRuntime, group: Group) -> None:
        self.group = group
        self._runtime = runtime

    def __repr__(self) -> str:
        return f"<GroupHandle {self.id} of {self.group.title}: {self.group.count} runs>"

    def __len__(self) -> int:
        return self.group.count

    @property
    def id(self) -> str:
        """The id of the group."""
        return self.group.id

    @property
    def runs(self) -> list[Run]:
        """The runs in their order; of one that was run again the last."""
        return self._runtime.groups.records.runs(self.id)

    @property
    def status(self) -> dict[Status, int]:
        """How many runs are in which status; those in which there is none are left out."""
        counts = self._counts().statuses
        return {status: counts[status] for status in Status if counts.get(status)}

    @property
    def done(self) -> bool:
        """Whether all runs have ended."""
        return self._counts().unfinished == 0

    def _counts(self) -> Counts:
        return self._runtime.groups.counts([self.group])[self.id]

    def wait(self, timeout: float | None = None, *, check: bool = False) -> GroupHandle:
        """Return when all runs have ended.

        Parameters
        ----------
        timeout
            Seconds to wait at most; None waits for ever.
        check
            Raise when one did not succeed.

        Raises
        ------
        GroupTimeoutError
            If they have not ended in time; they go on.
        RunFailedError
            With `check`, of the first that did not succeed.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        stop, looked, news = threading.Event(), 0.0, False
        for changed in self._runtime.runs.changes(stop, poll=0.2):
            now = time.monotonic()
            news = news or (changed is not None and changed.group == self.id and changed.final)
            # Many end at once: they are counted when there is a pause, or now and then.
            due = deadline is not None and now >= deadline
            if due or (now - looked > _LOOK) or (news and changed is None):
                looked, news = now, False
                unfinished = self._counts().unfinished
                if unfinished == 0 or due:
                    stop.set()
                if unfinished and due:
                    raise GroupTimeoutError(self.id, timeout or 0, unfinished)
        if check:
            self._check()
        return self

    def _check(self) -> None:
        for run in self.runs:
            if run.status is not Status.SUCCEEDED:
                reason = run.error.message if run.error else "it did not run to its end"
                raise RunFailedError(run.id, run.status, reason)

    def cancel(self) -> GroupHandle:
        """Cancel all runs that have not ended; :meth:`wait` tells when they have."""
        self.group = self._runtime.groups.cancel(self.id)
        return self

    def retry_failed(self) -> GroupHandle:
        """Run again what has ended without success: the jobs as they are now.

        What was stopped because of a failure is run again as well, after what it follows.
        """
        self._runtime.groups.retry(self.id)
        self.group = self._runtime.groups.records.get(self.id)
        return self

    def compare(self) -> Comparison:
        """Return what there is to compare the runs by."""
        runs = self.runs
        jobs = self._runtime.runs.whereabouts.jobs(runs)
        return Comparison(group=self.group, runs=runs, jobs=jobs)

    def table(self) -> pd.DataFrame:
        """Return a row a run by its place: parameters, where it stands, what it recorded."""
        return self.compare().frame()
