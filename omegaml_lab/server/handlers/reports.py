"""``reports``: what is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_server.utils import url_path_join

from omegaml_lab.server.contents.targets import Target, target_of
from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.openapi import Operation, path_parameter, query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.core.reports import Report

__all__ = ["ReportHandler", "ReportsHandler"]

_NAME = path_parameter("name", "The name of the report; each part percent-encoded.")


class _ReportHandler(OmegaHandler):
    auth_resource = "omega:reports"

    def describe(self, report: Report) -> dict[str, Any]:
        url = report.url
        if url.startswith("/"):
            url = url_path_join(self.base_url, url)
        return {**report.to_dict(), "url": url, "job_path": self.contents_path(report.job)}


class ReportsHandler(_ReportHandler):
    """Lists and publishes reports."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="List reports",
            parameters=(query("path", {"type": "string"}, "Only those of this notebook."),),
            answers={200: "ReportListing"},
            problems=(400,),
        ),
        "post": Operation(
            summary="Publish the last good run of a notebook under a stable link",
            body="ReportRequest",
            answers={201: "Report"},
            problems=(400, 404, 409),
        ),
    }

    async def get(self) -> None:
        """Answer GET."""
        reports = await self.call(self.omega.reports.list)
        if (path := self.text("path")) is not None:
            wanted = str(target_of(self.contents_manager, path=path).job)
            reports = [report for report in reports if report.job == wanted]
        self.answer({"items": [self.describe(r) for r in reports], "total": len(reports)})

    async def post(self) -> None:
        """Answer POST."""
        body = self.body("ReportRequest")
        target = target_of(self.contents_manager, path=body.get("path"), job=body.get("job"))
        report = await self.call(self._publish, target, body)
        self.answer(self.describe(report), status=201)

    def _publish(self, target: Target, body: Mapping[str, Any]) -> Report:
        report: Report = self.omega.reports.publish(
            self.omega.jobs.resolve(target.bring(self.omega)),
            name=body.get("name"),
            access=body.get("access"),
            hide_code=body.get("hide_code"),
            live=body.get("live"),
        )
        return report


class ReportHandler(_ReportHandler):
    """Describes and withdraws one report."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="Describe a report",
            parameters=(_NAME,),
            answers={200: "Report"},
            problems=(404,),
        ),
        "delete": Operation(
            summary="Withdraw a report; its link shows nothing any more",
            parameters=(_NAME,),
            answers={204: None},
            problems=(404,),
        ),
    }

    async def get(self, name: str) -> None:
        """Answer GET."""
        self.answer(self.describe(await self.call(self.omega.reports.get, name)))

    async def delete(self, name: str) -> None:
        """Answer DELETE."""
        await self.call(self.omega.reports.unpublish, name)
        self.settings["omega_feed"].tell_unpublished(name)
        self.set_status(204)
        self.finish()
