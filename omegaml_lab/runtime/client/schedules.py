"""The schedules of a bucket, as a client sees them."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from omegaml_lab.core.errors import (
    KernelNotOfferedError,
    ObjectNotFoundError,
    OmegaError,
    ScheduleNotFoundError,
)
from omegaml_lab.core.names import Name
from omegaml_lab.core.pages import Page, check_page
from omegaml_lab.core.schedules import Misfire, Overlap, Schedule
from omegaml_lab.core.tags import check_label
from omegaml_lab.runtime.client.schedule_terms import named, pinned_name, rule_fields, terms
from omegaml_lab.runtime.schedules.due import Rule

if TYPE_CHECKING:
    import builtins
    import threading
    from datetime import datetime

    from omegaml_lab.core.limits import Limits
    from omegaml_lab.core.runs import Run
    from omegaml_lab.runtime.client.runtime import OmegaRuntime
    from omegaml_lab.runtime.records.schedule_records import ScheduleRecords

__all__ = ["EDITABLE", "Schedules"]

_log = logging.getLogger(__name__)

T = TypeVar("T", Overlap, Misfire)

_WHEN = ("when", "timezone", "starts_at", "ends_at")
_HOW = ("parameters", "label", "overlap", "misfire", "publish", "limits")
EDITABLE = (*_WHEN, *_HOW, "pinned", "jitter", "keep", "experiment")
"""What :meth:`Schedules.edit` can change."""
_SORTED = ("next_due", "job", "modified_at")


class Schedules:
    """When the jobs of a bucket are due."""

    def __init__(self, runtime: OmegaRuntime, records: ScheduleRecords, owner: str = "") -> None:
        self.records = records
        self._runtime = runtime
        self._owner = owner
        self._notebooks = runtime.runs.whereabouts

    def list(
        self,
        job: str | Name | None = None,
        *,
        paused: bool | None = None,
        sort: str = "next_due",
        descending: bool = False,
        offset: int = 0,
        limit: int | None = 50,
    ) -> Page[Schedule]:
        """Return schedules, sorted by ``next_due``, ``job`` or ``modified_at``."""
        check_page(sort, _SORTED, offset=offset, limit=limit)
        where: dict[str, Any] = {"bucket": self._runtime.runs.bucket}
        if job is not None:
            names = self._notebooks.spellings(job)
            ids = list(self._notebooks.ids(names).values())
            where["$or"] = [{"job": {"$in": names}}, {"object": {"$in": ids}}]
        if paused is not None:
            where["paused"] = paused
        page = self.records.page(
            where, sort=sort, descending=descending, offset=offset, limit=limit
        )
        return Page(self._notebooks.seen(page.items), page.total)

    def get(self, schedule_id: str) -> Schedule:
        """Return a schedule.

        Raises
        ------
        ScheduleNotFoundError
            If the bucket has none with this id.
        """
        schedule = self.records.get(schedule_id)
        if schedule.bucket != self._runtime.runs.bucket:
            raise ScheduleNotFoundError(schedule_id)
        return self._notebooks.seen([schedule])[0]

    def add(  # noqa: PLR0913 - what a schedule is made of
        self,
        job: str | Name,
        when: str,
        *,
        timezone: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        label: str | None = None,
        overlap: Overlap | str = Overlap.SKIP,
        misfire: Misfire | str = Misfire.RUN_ONCE,
        publish: bool | Mapping[str, Any] = False,
        limits: Limits | Mapping[str, Any] | None = None,
        pinned: int | str | None = None,
        jitter: float | str | None = None,
        keep: int | None = None,
        experiment: str | None = None,
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
    ) -> Schedule:
        """Schedule a job, which is run in the revision it has when it is due, or in its `pinned`.

        Parameters
        ----------
        when, timezone, starts_at, ends_at
            As for `Rule.of`.
        overlap, misfire, pinned, jitter, keep, experiment
            As :class:`Schedule` has them; `job` may say what is `pinned`, as ``a/job@3`` does.
        publish, limits
            As for `JobHandle.run`.

        Raises
        ------
        ObjectNotFoundError, InvalidScheduleError, InvalidParameterError, InvalidLimitError
            If there is no such notebook or revision, or something of it is not understood.
        """
        rule = Rule.of(when, timezone, starts_at=starts_at, ends_at=ends_at)
        name = pinned_name(self._runtime.runs.named(job), pinned)
        given = {
            "parameters": parameters,
            "label": label,
            "overlap": overlap,
            "misfire": misfire,
            "publish": publish,
            "limits": limits,
            "jitter": jitter,
            "keep": keep,
            "experiment": experiment,
        }
        with self._relying_on(name) as notebook:
            return self._create(name, rule, {**self._read(name, given), "object": notebook})

    def _create(self, name: Name, rule: Rule, values: Mapping[str, Any]) -> Schedule:
        return self.records.create(
            name.path,
            notice=self._doubt(name, values["label"]),
            bucket=self._runtime.runs.bucket,
            owner=self._owner,
            pinned=str(name.revision or name.tag or ""),
            next_due=next(rule.after(self.records.now()), None),
            **values,
            **rule_fields(rule),
        )

    def edit(self, schedule_id: str, **changes: Any) -> Schedule:
        """Change a schedule.

        Parameters
        ----------
        **changes
            Some of the arguments of :meth:`add`, but for the job.

        Raises
        ------
        ScheduleNotFoundError
            If the bucket has none with this id.
        TypeError
            If something else is to be changed.
        InvalidScheduleError, InvalidParameterError, InvalidLimitError
            As :meth:`add`; nothing is changed then.
        """
        if unknown := set(changes) - set(EDITABLE):
            raise TypeError(f"a schedule has no {', '.join(sorted(unknown))} to change")
        before, pinned = self.get(schedule_id), changes.get("pinned")
        # What stays as it is need not be there: a schedule can be mended all the same.
        anew = pinned not in (None, "") and str(pinned) != before.pinned
        name = pinned_name(Name(before.job), pinned)
        with self._relying_on(name) if anew else contextlib.nullcontext():
            return self._change(schedule_id, lambda before: self._edited(before, changes))

    def pause(self, schedule_id: str) -> Schedule:
        """Let nothing be due until :meth:`resume`; what waits for an earlier run is let go.

        Raises
        ------
        ScheduleNotFoundError
            If the bucket has none with this id.
        """
        self.get(schedule_id)
        paused: dict[str, Any] = {"paused": True, "next_due": None, "waiting": []}
        return self._change(schedule_id, _always(paused))

    def resume(self, schedule_id: str) -> Schedule:
        """Go on; what would have been due meanwhile is not made up for.

        Raises
        ------
        ScheduleNotFoundError
            If the bucket has none with this id.
        """
        self.get(schedule_id)
        return self._change(schedule_id, self._resumed)

    def drop(self, schedule_id: str) -> None:
        """Remove a schedule; its runs stay.

        Raises
        ------
        ScheduleNotFoundError
            If the bucket has none with this id.
        """
        self.records.drop(self.get(schedule_id).id)

    def follow(self, old: str, new: str) -> None:
        """Let the schedules of a job, or of all in a folder, go along with its new name.

        They would find their notebooks without it; so their records say it at once.
        """
        for schedule in self.records.of(self._runtime.runs.bucket, old):
            moved = new + schedule.job.removeprefix(old)
            with contextlib.suppress(ScheduleNotFoundError):
                self.records.change(schedule.id, _always({"job": moved}))

    def run_now(self, schedule_id: str) -> Run:
        """Run the job as the schedule would, whatever goes on.

        Raises
        ------
        ScheduleNotFoundError
            If the bucket has none with this id.
        NotebookGoneError, KernelNotOfferedError
            If its notebook is not there, or no worker with its label has the kernel.
        """
        schedule = self._notebooks.check(self.get(schedule_id))
        self._runtime.check_kernels([(_name_of(schedule), schedule.label)])
        return self._start(schedule)

    def start(self, schedule: Schedule, *, id: str) -> Run:  # noqa: A002 - the field's name
        """Queue the run of a schedule that is due, for its owner, under an id.

        Results that the schedule does not keep any longer are let go.

        Raises
        ------
        NotebookGoneError
            If its notebook is not there.
        """
        run = self._start(schedule, owner=schedule.owner, id=id)
        try:
            self._runtime.runs.let_go(schedule)
        except OmegaError as error:  # the next run sees to it
            _log.warning("results of schedule %s stay for now: %s", schedule.id, error)
        return run

    def _start(
        self,
        schedule: Schedule,
        *,
        owner: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> Run:
        schedule = self._mended(schedule)
        return self._runtime.job(_name_of(schedule)).submit(
            schedule.parameters,
            publish=schedule.publish and (schedule.publish_options or True),
            label=schedule.label,
            owner=owner,
            schedule=schedule.id,
            id=id,
            limits=schedule.limits,
            experiments=[schedule.experiment] if schedule.experiment else (),
        )

    def _change(
        self, schedule_id: str, changed: Callable[[Schedule], Mapping[str, Any]]
    ) -> Schedule:
        def of_now(before: Schedule) -> Mapping[str, Any]:
            return changed(self._notebooks.seen([before])[0])

        return self._notebooks.seen([self.records.change(schedule_id, of_now)])[0]

    def _mended(self, before: Schedule) -> Schedule:
        """Return a schedule that can run, on record as its notebook is now."""
        now = self._notebooks.check(before)
        record = self.records.get(before.id)
        if (record.job, record.object) != (now.job, now.object):
            self.records.change(before.id, _always({"job": now.job, "object": now.object}))
        return now

    def next_times(
        self, when: str | Rule | Schedule, timezone: str | None = None, *, count: int = 5
    ) -> builtins.list[datetime]:
        """Return when something would be due next, in UTC: a schedule, or words or cron.

        Raises
        ------
        InvalidScheduleError
            If it is not understood.
        """
        if isinstance(when, str):
            when = Rule.of(when, timezone)
        rule = Rule.of_schedule(when) if isinstance(when, Schedule) else when
        return list(islice(rule.after(self.records.now()), count))

    def changes(self, stop: threading.Event, *, poll: float = 0.5) -> Iterator[Schedule | None]:
        """Yield each schedule that changes, as it happens; None when nothing came for a while.

        The first None says that the feed stands. Ends when `stop` is set.
        """
        for schedule in self.records.changes(stop, poll=poll):
            if schedule is None or schedule.bucket == self._runtime.runs.bucket:
                yield schedule

    @contextlib.contextmanager
    def _relying_on(self, name: Name) -> Iterator[str]:
        """Keep a revision until it is on record that a schedule is pinned to it."""
        found = self._runtime.runs.metadata(name)
        revision = found.revision if name.pinned else None
        with self._runtime.runs.relying_on(
            Name(found.name, revision=revision), briefly=not name.pinned
        ) as notebook:
            yield notebook

    def _resumed(self, before: Schedule) -> dict[str, Any]:
        now = self.records.now()
        due = next(Rule.of_schedule(before).after(now), None) if before.paused else before.next_due
        return {"paused": False, "next_due": due}

    def _edited(self, before: Schedule, changes: Mapping[str, Any]) -> dict[str, Any]:
        # Who changes what is run asks for it from now on.
        values: dict[str, Any] = {"owner": self._owner or before.owner}
        if any(changes.get(key, getattr(before, key)) != getattr(before, key) for key in _WHEN):
            given = {key: getattr(before, key) for key in _WHEN} | dict(changes)
            rule = Rule.of(
                given["when"],
                given["timezone"],
                starts_at=given["starts_at"],
                ends_at=given["ends_at"],
            )
            due = None if before.paused else next(rule.after(self.records.now()), None)
            values |= {**rule_fields(rule), "next_due": due, "notice": None}
        if "pinned" in changes:
            values["pinned"] = "" if changes["pinned"] is None else str(changes["pinned"])
        name = named(before.job, values.get("pinned", before.pinned))
        values |= self._read(name, changes)
        if values.keys() & {"label", "pinned"}:
            values["notice"] = self._doubt(name, values.get("label", before.label))
        return values

    def _doubt(self, name: Name, label: str) -> str | None:
        """Return why the runs of a schedule would wait as things are; workers come and go."""
        try:
            self._runtime.check_kernels([(name, label)])
        except KernelNotOfferedError as error:
            return f"As it is, its runs will wait. {error}"
        except ObjectNotFoundError:  # that is told by `unable`
            return None
        return None

    def _read(self, name: Name, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is given of how a job is run, checked, as fields of a schedule."""
        values = terms(given)
        if "parameters" in given:
            values["parameters"] = self._runtime.runs.check(name, given["parameters"] or {})
        if "label" in given:
            values["label"] = check_label(given["label"] or self._runtime.label)
        return values


def _name_of(schedule: Schedule) -> Name:
    return named(schedule.job, schedule.pinned)


def _always(values: Mapping[str, Any]) -> Callable[[Schedule], Mapping[str, Any]]:
    return lambda _: values
