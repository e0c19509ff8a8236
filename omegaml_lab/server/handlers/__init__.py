"""The routes of our server extension."""

from __future__ import annotations

from typing import Any

from omegaml_lab.server.handlers.assets import ASSETS, AssetsHandler
from omegaml_lab.server.handlers.base import NotFoundHandler, OmegaHandler
from omegaml_lab.server.handlers.calls import CallsHandler
from omegaml_lab.server.handlers.content import ContentHandler
from omegaml_lab.server.handlers.experiments import (
    ExperimentHandler,
    ExperimentsHandler,
    ValuesHandler,
)
from omegaml_lab.server.handlers.groups import (
    GroupCancelHandler,
    GroupHandler,
    GroupRetryHandler,
    GroupsHandler,
    GroupTableHandler,
)
from omegaml_lab.server.handlers.lineage import LineageHandler, RunLineageHandler
from omegaml_lab.server.handlers.live import (
    LiveHandler,
    VoilaFilesHandler,
    VoilaRenderHandler,
)
from omegaml_lab.server.handlers.metrics import MetricsHandler
from omegaml_lab.server.handlers.notifications import (
    NotificationsHandler,
    RecipientHandler,
    RecipientsHandler,
)
from omegaml_lab.server.handlers.objects import ObjectHandler, ObjectsHandler
from omegaml_lab.server.handlers.openapi import OpenAPIHandler
from omegaml_lab.server.handlers.pages import PageHandler
from omegaml_lab.server.handlers.parameters import ParametersHandler
from omegaml_lab.server.handlers.reports import ReportHandler, ReportsHandler
from omegaml_lab.server.handlers.revisions import RevisionsHandler, TagsHandler, TrashHandler
from omegaml_lab.server.handlers.runs import (
    CancelHandler,
    RerunHandler,
    ResumeRunHandler,
    RunHandler,
    RunsHandler,
)
from omegaml_lab.server.handlers.schedules import (
    PauseHandler,
    PreviewHandler,
    ResumeHandler,
    RunNowHandler,
    ScheduleHandler,
    SchedulesHandler,
)
from omegaml_lab.server.handlers.status import StatusHandler
from omegaml_lab.server.handlers.workers import WorkerHandler, WorkersHandler

__all__ = ["API", "routes"]

API: tuple[tuple[str, type[OmegaHandler]], ...] = (
    ("/status", StatusHandler),
    ("/workers", WorkersHandler),
    ("/workers/{worker}", WorkerHandler),
    ("/objects/{store}", ObjectsHandler),
    ("/objects/{store}/{name}", ObjectHandler),
    ("/revisions/{store}/{name}", RevisionsHandler),
    ("/tags/{store}/{name}", TagsHandler),
    ("/trash/{store}", TrashHandler),
    ("/content/{store}/{name}", ContentHandler),
    ("/lineage/{store}/{name}", LineageHandler),
    ("/parameters", ParametersHandler),
    ("/calls", CallsHandler),
    ("/runs", RunsHandler),
    ("/runs/{run}", RunHandler),
    ("/runs/{run}/lineage", RunLineageHandler),
    ("/runs/{run}/cancel", CancelHandler),
    ("/runs/{run}/rerun", RerunHandler),
    ("/runs/{run}/resume", ResumeRunHandler),
    ("/groups", GroupsHandler),
    ("/groups/{group}", GroupHandler),
    ("/groups/{group}/table", GroupTableHandler),
    ("/groups/{group}/cancel", GroupCancelHandler),
    ("/groups/{group}/retry", GroupRetryHandler),
    ("/schedules", SchedulesHandler),
    ("/schedules/preview", PreviewHandler),
    ("/schedules/{schedule}", ScheduleHandler),
    ("/schedules/{schedule}/pause", PauseHandler),
    ("/schedules/{schedule}/resume", ResumeHandler),
    ("/schedules/{schedule}/run", RunNowHandler),
    ("/reports", ReportsHandler),
    ("/reports/{name}", ReportHandler),
    ("/experiments", ExperimentsHandler),
    ("/experiments/{name}", ExperimentHandler),
    ("/values/{name}", ValuesHandler),
    ("/recipients", RecipientsHandler),
    ("/recipients/{recipient}", RecipientHandler),
    ("/notifications", NotificationsHandler),
    ("/metrics", MetricsHandler),
    ("/openapi.json", OpenAPIHandler),
)
"""The REST API: the paths of its OpenAPI document, and who answers them."""

# A name may have folders; what else stands in a path has none.
_PATTERNS = {
    "{store}": r"(?P<store>[^/]+)",
    "{run}": r"(?P<run>[^/]+)",
    "{group}": r"(?P<group>[^/]+)",
    "{recipient}": r"(?P<recipient>[^/]+)",
    "{schedule}": r"(?P<schedule>[^/]+)",
    "{worker}": r"(?P<worker>[^/]+)",
    "{name}": r"(?P<name>.+)",
}


def routes() -> list[tuple[Any, ...]]:
    """Return all routes, for tornado."""
    told = [(path, handler.operations) for path, handler in API]
    return [
        *(_route(path, handler, told) for path, handler in API),
        (r"/omega/api(?:/.*)?", NotFoundHandler),
        (r"/omega/assets/(.+)", AssetsHandler, {"path": str(ASSETS)}),
        (r"/omega/reports/(?P<name>.+)", PageHandler),
        (r"/omega/live/(?P<name>.+)", LiveHandler),
        (r"/voila/render/(?P<path>.*)", VoilaRenderHandler),
        (r"/voila/files/(?P<path>.*)", VoilaFilesHandler),
    ]


def _route(path: str, handler: type[OmegaHandler], told: Any) -> tuple[Any, ...]:
    pattern = "/omega/api" + path.replace(".", r"\.")
    for part, group in _PATTERNS.items():
        pattern = pattern.replace(part, group)
    if handler is OpenAPIHandler:
        return (pattern, handler, {"paths": told})
    return (pattern, handler)
