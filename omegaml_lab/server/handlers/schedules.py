"""``schedules``: when jobs are due."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from tornado.web import HTTPError

from omegaml_lab.core.limits import Limits
from omegaml_lab.runtime.schedules.due import Rule
from omegaml_lab.server.contents.targets import Target, target_of
from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.handlers.runs import describe_run
from omegaml_lab.server.openapi import Operation, path_parameter, query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.core.schedules import Schedule

__all__ = [
    "PauseHandler",
    "PreviewHandler",
    "ResumeHandler",
    "RunNowHandler",
    "ScheduleHandler",
    "SchedulesHandler",
]

_LIMIT = 50
_TIMES = 5
_RULE = ("when", "timezone", "starts_at", "ends_at")
_SORTED = ("next_due", "job", "modified_at")
_SCHEDULE = path_parameter("schedule", "The id of the schedule.")
_COUNT = {"type": "integer", "minimum": 0}
_FLAG = {"type": "string", "enum": ["0", "1", "false", "true"]}


class _ScheduleHandler(OmegaHandler):
    auth_resource = "omega:schedules"

    def describe(self, schedule: Schedule) -> dict[str, Any]:
        return {**schedule.to_dict(), "job_path": self.contents_path(schedule.job)}


class SchedulesHandler(_ScheduleHandler):
    """Lists schedules and makes them."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="List schedules, what is due next first",
            parameters=(
                query("job", {"type": "string"}, "Only those of this job."),
                query("path", {"type": "string"}, "Only those of this notebook."),
                query("paused", _FLAG, "Only those that are paused, or that are not."),
                query("sort", {"type": "string", "enum": list(_SORTED)}, "By what to sort."),
                query("descending", _FLAG, "Whether to begin at the other end."),
                query("offset", _COUNT, "How many to leave out."),
                query("limit", _COUNT, f"How many to return at most; {_LIMIT} by default."),
            ),
            answers={200: "ScheduleListing"},
            problems=(400,),
        ),
        "post": Operation(
            summary="Schedule a notebook; one that is elsewhere is copied into the bucket first",
            body="ScheduleRequest",
            answers={201: "Schedule"},
            problems=(400, 404, 507),
        ),
    }

    async def get(self) -> None:
        """Answer GET."""
        path, job = self.text("path"), self.text("job")
        wanted = job if path is None else target_of(self.contents_manager, path=path).job
        paused = self.flag("paused") if self.text("paused") else None
        sort, descending = self.choice("sort", _SORTED, _SORTED[0]), self.flag("descending")
        offset, limit = self.count("offset", 0), self.count("limit", _LIMIT)
        page = await self.call(
            lambda: self.omega.runtime.schedules.list(
                wanted,
                paused=paused,
                sort=sort,
                descending=descending,
                offset=offset or 0,
                limit=limit,
            )
        )
        items = [self.describe(schedule) for schedule in page.items]
        self.answer({"items": items, "total": page.total})

    async def post(self) -> None:
        """Answer POST."""
        body = _with_times(self.body("ScheduleRequest"))
        path, job = body.pop("path", None), body.pop("job", None)
        target = target_of(self.contents_manager, path=path, job=job)
        self.answer(self.describe(await self.call(self._add, target, body)), status=201)

    def _add(self, target: Target, values: dict[str, Any]) -> Schedule:
        # What is wrong with times and limits is said before anything is copied.
        Limits.of(values.get("limits"))
        Rule.of(**{key: values[key] for key in _RULE if key in values})
        when, job = values.pop("when"), target.bring(self.omega)
        schedule = self.omega.runtime.schedules.add(job, when, **values)
        if not target.elsewhere:
            return schedule
        told = (target.notice(schedule.job), schedule.notice)
        return replace(schedule, notice=" ".join(filter(None, told)))


class PreviewHandler(_ScheduleHandler):
    """Tells when something would be due."""

    reading = frozenset({"POST"})  # it changes nothing

    operations: ClassVar[Mapping[str, Operation]] = {
        "post": Operation(
            summary="Tell when something would be due next, before it is scheduled",
            body="PreviewRequest",
            answers={200: "Preview"},
            problems=(400,),
        )
    }

    async def post(self) -> None:
        """Answer POST, with times in the time zone that is meant."""
        body = _with_times(self.body("PreviewRequest"))
        count = int(body.pop("count", _TIMES))
        self.answer(await self.call(self._preview, body, count))

    def _preview(self, values: dict[str, Any], count: int) -> dict[str, Any]:
        rule = Rule.of(**values)
        zone = ZoneInfo(rule.timezone)
        times = self.omega.runtime.schedules.next_times(rule, count=count)
        return {
            "cron": rule.cron,
            "words": rule.words,
            "times": [due.astimezone(zone).isoformat() for due in times],
        }


class ScheduleHandler(_ScheduleHandler):
    """Describes, changes and drops one schedule."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="Describe a schedule",
            parameters=(_SCHEDULE,),
            answers={200: "Schedule"},
            problems=(404,),
        ),
        "patch": Operation(
            summary="Change a schedule",
            parameters=(_SCHEDULE,),
            body="ScheduleChanges",
            answers={200: "Schedule"},
            problems=(400, 404),
        ),
        "delete": Operation(
            summary="Drop a schedule; its runs stay",
            parameters=(_SCHEDULE,),
            answers={204: None},
            problems=(404,),
        ),
    }

    async def get(self, schedule: str) -> None:
        """Answer GET."""
        self.answer(self.describe(await self.call(self.omega.runtime.schedules.get, schedule)))

    async def patch(self, schedule: str) -> None:
        """Answer PATCH."""
        changes = _with_times(self.body("ScheduleChanges"))
        schedules = self.omega.runtime.schedules
        changed = await self.call(lambda: schedules.edit(schedule, **changes))
        self.answer(self.describe(changed))

    async def delete(self, schedule: str) -> None:
        """Answer DELETE."""
        await self.call(self.omega.runtime.schedules.drop, schedule)
        self.settings["omega_feed"].tell_dropped(schedule)
        self.set_status(204)
        self.finish()


class PauseHandler(_ScheduleHandler):
    """Pauses a schedule."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "post": Operation(
            summary="Let nothing be due until it is resumed",
            parameters=(_SCHEDULE,),
            answers={200: "Schedule"},
            problems=(404,),
        )
    }

    async def post(self, schedule: str) -> None:
        """Answer POST."""
        self.answer(self.describe(await self.call(self.omega.runtime.schedules.pause, schedule)))


class ResumeHandler(_ScheduleHandler):
    """Lets a paused schedule go on."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "post": Operation(
            summary="Let it go on; what would have been due meanwhile is not made up for",
            parameters=(_SCHEDULE,),
            answers={200: "Schedule"},
            problems=(404,),
        )
    }

    async def post(self, schedule: str) -> None:
        """Answer POST."""
        self.answer(self.describe(await self.call(self.omega.runtime.schedules.resume, schedule)))


class RunNowHandler(_ScheduleHandler):
    """Runs the job of a schedule at once."""

    auth_resource = "omega:runs"

    operations: ClassVar[Mapping[str, Operation]] = {
        "post": Operation(
            summary="Run the job at once, as the schedule would",
            parameters=(_SCHEDULE,),
            answers={201: "Run"},
            problems=(400, 404),
        )
    }

    async def post(self, schedule: str) -> None:
        """Answer POST."""
        run = await self.call(self.omega.runtime.schedules.run_now, schedule)
        self.answer(describe_run(self, run), status=201)


def _with_times(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body with its moments read."""
    values = dict(body)
    for key in ("starts_at", "ends_at"):
        if values.get(key) is not None:
            try:
                values[key] = datetime.fromisoformat(values[key])
            except ValueError as error:
                raise HTTPError(400, f"{key}: {values[key]!r} is no time of ISO 8601") from error
    return values
