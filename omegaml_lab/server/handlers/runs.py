"""``runs``: what was, is and will be executed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.limits import Limits
from omegaml_lab.core.runs import Run, Status
from omegaml_lab.server.contents.targets import Target, target_of
from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.openapi import Operation, path_parameter, query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "CancelHandler",
    "RerunHandler",
    "ResumeRunHandler",
    "RunHandler",
    "RunsHandler",
    "describe_run",
]

STATUSES = tuple(status.value for status in Status)
_LIMIT = 50
_RUN = path_parameter("run", "The id of the run.")
_FLAG = {"type": "string", "enum": ["0", "1", "false", "true"]}
_COUNT = {"type": "integer", "minimum": 0}


def describe_run(handler: OmegaHandler, run: Run, job: str | None = None) -> dict[str, Any]:
    """Return a run with the paths that Jupyter's contents show its notebooks under.

    `job` is what its job is called now; one that was asked for just now needs none.
    """
    return {
        **run.to_dict(),
        "job_now": job or run.job,
        "job_path": handler.contents_path(job or run.job) if run.kind == "job" else None,
        "result_path": handler.contents_path(run.result),
    }


class _RunHandler(OmegaHandler):
    auth_resource = "omega:runs"

    def describe(self, run: Run) -> dict[str, Any]:
        return describe_run(self, run)

    def described(self, runs: Sequence[Run]) -> list[dict[str, Any]]:
        """Return runs with where their notebooks are by now; blocks."""
        jobs = self.omega.runtime.runs.whereabouts.jobs(runs)
        return [describe_run(self, run, job) for run, job in zip(runs, jobs, strict=True)]


class RunsHandler(_RunHandler):
    """Lists runs and starts them."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="List runs, newest first",
            parameters=(
                query("job", {"type": "string"}, "Only those of this job."),
                query("path", {"type": "string"}, "Only those of this notebook."),
                query("status", {"type": "string", "enum": list(STATUSES)}, "Only such ones."),
                query("tag", {"type": "string"}, "Only those that have it among their tags."),
                query("schedule", {"type": "string"}, "Only those of the schedule with this id."),
                query("group", {"type": "string"}, "Only those of this group, by its id."),
                query("alone", _FLAG, "Only those of no group."),
                query("local", _FLAG, "Only those that no worker performed, or none of them."),
                query("calls", _FLAG, "Only those of models and scripts, or none of them."),
                query("offset", _COUNT, "How many to leave out."),
                query("limit", _COUNT, f"How many to return at most; {_LIMIT} by default."),
            ),
            answers={200: "RunListing"},
            problems=(400,),
        ),
        "post": Operation(
            summary="Run a notebook; one that is elsewhere is copied into the bucket first",
            body="RunRequest",
            answers={201: "Run"},
            problems=(400, 404, 409, 507),
        ),
    }

    async def get(self) -> None:
        """Answer GET."""
        path, job = self.text("path"), self.text("job")
        wanted = job if path is None else target_of(self.contents_manager, path=path).job
        status = self.text("status") and self.choice("status", STATUSES, "")
        offset, limit = self.count("offset", 0), self.count("limit", _LIMIT)
        runs, tag, group = self.omega.runtime.runs, self.text("tag"), self.text("group")
        only: dict[str, Any] = {"tag": tag, "group": group, "alone": self.flag("alone")}
        only["schedule"] = self.text("schedule")
        for flag in ("local", "calls"):
            only[flag] = self.flag(flag) if self.text(flag) else None

        def page() -> dict[str, Any]:
            found = runs.list(wanted, status, offset=offset or 0, limit=limit, **only)
            return {"items": self.described(found.items), "total": found.total}

        self.answer(await self.call(page))

    async def post(self) -> None:
        """Answer POST."""
        body = self.body("RunRequest")
        path, job = body.pop("path", None), body.pop("job", None)
        target = target_of(self.contents_manager, path=path, job=job)
        parameters, limits = body.pop("parameters", {}), Limits.of(body.pop("limits", None))
        run = await self.call(self._start, target, parameters, {**body, "limits": limits})
        self.answer(self.describe(run), status=201)

    def _start(
        self, target: Target, parameters: Mapping[str, Any], options: Mapping[str, Any]
    ) -> Run:
        runtime = self.omega.runtime
        run = runtime.job(target.bring(self.omega)).run(parameters, **options).run
        if not target.elsewhere:
            return run
        copied = target.notice(run.job)
        notice = f"{copied} {run.notice}" if run.notice else copied
        noted = runtime.runs.records.notify(run.id, notice)
        return replace(noted, notice=noted.notice or notice)  # it may be going already


class RunHandler(_RunHandler):
    """Tells everything about one run."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="Describe a run", parameters=(_RUN,), answers={200: "Run"}, problems=(404,)
        )
    }

    async def get(self, run: str) -> None:
        """Answer GET."""
        runs = self.omega.runtime.runs
        self.answer(await self.call(lambda: self.described([runs.get(run)])[0]))


class CancelHandler(_RunHandler):
    """Cancels a run."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "post": Operation(
            summary="Cancel a run: at once when it waits, within a second when it is going",
            parameters=(_RUN,),
            answers={200: "Run"},
            problems=(404, 409),
        )
    }

    async def post(self, run: str) -> None:
        """Answer POST."""
        runs = self.omega.runtime.runs
        self.answer(await self.call(lambda: self.described([runs.cancel(run)])[0]))


class RerunHandler(_RunHandler):
    """Runs the job of a run again."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "post": Operation(
            summary="Run the job again, as it is now or in a revision",
            parameters=(_RUN,),
            body="RerunRequest",
            answers={201: "Run"},
            problems=(400, 404),
        )
    }

    async def post(self, run: str) -> None:
        """Answer POST; without parameters those of the first run are taken."""
        body, runs = self.body("RerunRequest"), self.omega.runtime.runs
        given, revision = body.get("parameters"), body.get("revision")
        new = await self.call(lambda: runs.rerun(run, given, revision=revision))
        self.answer(self.describe(new), status=201)


class ResumeRunHandler(_RunHandler):
    """Goes on with a failed run at the cell that failed."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "post": Operation(
            summary="Go on with a failed run in its kernel, with the notebook as it is now",
            parameters=(_RUN,),
            body="ResumeRequest",
            answers={201: "Run"},
            problems=(400, 404, 409),
        )
    }

    async def post(self, run: str) -> None:
        """Answer POST."""
        revision, runs = self.body("ResumeRequest").get("revision"), self.omega.runtime.runs
        new = await self.call(lambda: runs.resume(run, revision=revision))
        self.answer(self.describe(new), status=201)
