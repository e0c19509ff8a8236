"""``groups``: runs that were asked for together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.groups import Group, combinations
from omegaml_lab.core.limits import Limits
from omegaml_lab.server.contents.targets import Target, target_of
from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.openapi import Operation, path_parameter, query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omegaml_lab.runtime.client.group_handle import GroupHandle
    from omegaml_lab.runtime.records.group_records import Counts

__all__ = [
    "GroupCancelHandler",
    "GroupHandler",
    "GroupRetryHandler",
    "GroupTableHandler",
    "GroupsHandler",
]

_LIMIT = 50
_GROUP = path_parameter("group", "The id of the group.")
_COUNT = {"type": "integer", "minimum": 0}


class _GroupHandler(OmegaHandler):
    auth_resource = "omega:runs"

    def describe(self, group: Group, counts: Counts, jobs: Sequence[str]) -> dict[str, Any]:
        paths = [self.contents_path(job) for job in jobs]
        told = {"counts": counts.statuses, "unfinished": counts.unfinished, "job_paths": paths}
        return {**group.to_dict(), **told}

    def described(self, groups: Sequence[Group]) -> list[dict[str, Any]]:
        """Return groups with how their runs stand, and where their notebooks are; blocks."""
        counts = self.omega.runtime.groups.counts(groups)
        now = self.omega.runtime.groups.jobs_of(groups)
        several = zip(groups, now, strict=True)
        return [self.describe(group, counts[group.id], jobs) for group, jobs in several]


class GroupsHandler(_GroupHandler):
    """Lists groups and starts them."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="List groups of runs, newest first",
            parameters=(
                query("job", {"type": "string"}, "Only those that run this job."),
                query("path", {"type": "string"}, "Only those that run this notebook."),
                query("offset", _COUNT, "How many to leave out."),
                query("limit", _COUNT, f"How many to return at most; {_LIMIT} by default."),
            ),
            answers={200: "GroupListing"},
            problems=(400,),
        ),
        "post": Operation(
            summary="Run a notebook once for each of many parameters, or several in stages",
            body="GroupRequest",
            answers={201: "Group"},
            problems=(400, 404, 409, 507),
        ),
    }

    async def get(self) -> None:
        """Answer GET."""
        path, job = self.text("path"), self.text("job")
        wanted = job if path is None else target_of(self.contents_manager, path=path).job
        offset, limit = self.count("offset", 0), self.count("limit", _LIMIT)
        groups = self.omega.runtime.groups

        def page() -> dict[str, Any]:
            found = groups.list(wanted, offset=offset or 0, limit=limit)
            return {"items": self.described(found.items), "total": found.total}

        self.answer(await self.call(page))

    async def post(self) -> None:
        """Answer POST."""
        body = self.body("GroupRequest")
        stages = [[self._target(step) for step in stage] for stage in body.pop("stages", ())]
        target = None if stages else self._target(body)
        what = {name: body.pop(name, None) for name in ("map", "grid", "parameters")}
        options = {**body, "limits": Limits.of(body.get("limits"))}
        self.answer(await self.call(self._start, stages, target, what, options), status=201)

    def _target(self, step: dict[str, Any]) -> tuple[Target, dict[str, Any]]:
        path, job = step.pop("path", None), step.pop("job", None)
        return target_of(self.contents_manager, path=path, job=job), step

    def _start(
        self,
        stages: list[list[tuple[Target, dict[str, Any]]]],
        target: tuple[Target, dict[str, Any]] | None,
        what: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> dict[str, Any]:
        runtime = self.omega.runtime
        if target is not None:
            job, fixed = runtime.job(target[0].bring(self.omega)), what["parameters"] or {}
            chosen = what["map"] if what["grid"] is None else combinations(what["grid"])
            handle = job.map([{**fixed, **each} for each in chosen], **options)
        else:
            steps = [
                [
                    runtime.job(each.bring(self.omega)).step(
                        step.get("parameters"), label=step.get("label"), limits=step.get("limits")
                    )
                    for each, step in stage
                ]
                for stage in stages
            ]
            handle = runtime.groups.start(steps, **options)
        return self.described([handle.group])[0]


class GroupHandler(_GroupHandler):
    """Tells everything about one group."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="Describe a group of runs",
            parameters=(_GROUP,),
            answers={200: "Group"},
            problems=(404,),
        )
    }

    async def get(self, group: str) -> None:
        """Answer GET."""
        groups = self.omega.runtime.groups
        self.answer(await self.call(lambda: self.described([groups.get(group).group])[0]))


class GroupTableHandler(_GroupHandler):
    """Compares the runs of a group."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="Compare the runs of a group: parameters, where they stand, what they left",
            parameters=(_GROUP,),
            answers={200: "GroupTable"},
            problems=(404,),
        )
    }

    async def get(self, group: str) -> None:
        """Answer GET."""
        self.answer(await self.call(self._table, self.omega.runtime.groups, group))

    def _table(self, groups: Any, group_id: str) -> dict[str, Any]:
        handle: GroupHandle = groups.get(group_id)
        compared = handle.compare()
        rows = [
            {**each, "result_path": self.contents_path(each["result"])} for each in compared.rows
        ]
        group = self.described([handle.group])[0]
        return {"group": group, "columns": compared.columns, "rows": rows}


class GroupCancelHandler(_GroupHandler):
    """Cancels what of a group has not ended."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "post": Operation(
            summary="Cancel all runs of a group that have not ended",
            parameters=(_GROUP,),
            answers={200: "Group"},
            problems=(404,),
        )
    }

    async def post(self, group: str) -> None:
        """Answer POST."""
        groups = self.omega.runtime.groups
        self.answer(await self.call(lambda: self.described([groups.cancel(group)])[0]))


class GroupRetryHandler(_GroupHandler):
    """Runs again what of a group has not succeeded."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "post": Operation(
            summary="Run again what has ended without success, with the jobs as they are now",
            parameters=(_GROUP,),
            answers={200: "Group"},
            problems=(400, 404),
        )
    }

    async def post(self, group: str) -> None:
        """Answer POST."""
        groups = self.omega.runtime.groups
        await self.call(groups.retry, group)
        self.answer(await self.call(lambda: self.described([groups.get(group).group])[0]))
