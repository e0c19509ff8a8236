"""Report pages: what people see who follow the link of a report."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError

from omegaml_lab.core.errors import OmegaError, ReportNotFoundError, RunNotFoundError
from omegaml_lab.core.reports import Access, Report
from omegaml_lab.server.errors import status_of
from omegaml_lab.server.handlers.assets import available_assets
from omegaml_lab.server.handlers.readers import plain_page, send_to_login

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from omegaml_lab.omega import Omega

__all__ = ["SANDBOX", "PageHandler"]

T = TypeVar("T")

SANDBOX = (
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-forms"
    " allow-modals allow-downloads"
)
"""What a report may do. Never allow-same-origin: its scripts are of its author, its reader's
cookies are not."""

_HEADINGS = {
    403: "This report is not for you",
    404: "There is no such report",
    409: "This report is not ready yet",
    503: "The repository does not answer",
}


class PageHandler(JupyterHandler):
    """Serves a report as a page, in a sandbox.

    A report for anyone is served to whoever asks. For all else one must be signed in; who is
    not is led to the login, whether there is such a report or not.
    """

    auth_resource = "omega:reports"

    @property
    def content_security_policy(self) -> str:
        """Jupyter's policy and the sandbox."""
        return f"{super().content_security_policy}; {SANDBOX}"

    @allow_unauthenticated  # _may_read decides
    async def get(self, name: str) -> None:
        """Answer GET."""
        report = await self._find(name)
        if not await self._may_read(report):
            return
        if report is None:
            raise ReportNotFoundError(name)
        base = url_path_join(self.base_url, "omega/assets")
        run = self.get_query_argument("run", None)
        omega: Omega = self.settings["omega"]
        page = await self._call(
            lambda: omega.reports.page(report.name, run, assets=(base, available_assets()))
        )
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Referrer-Policy", "same-origin")
        self.finish(page)

    head = get

    async def _find(self, name: str) -> Report | None:
        omega: Omega = self.settings["omega"]
        try:
            return await self._call(lambda: omega.reports.get(name))
        except ReportNotFoundError:
            return None

    async def _may_read(self, report: Report | None) -> bool:
        if report is not None and report.access is Access.ANYONE:
            return True
        if self.current_user is None:
            send_to_login(self)
            return False
        allowed = self.authorizer.is_authorized(
            self, self.current_user, "read", self.auth_resource
        )
        if not await ensure_async(allowed):
            raise HTTPError(403, "Ask its author, or who runs this server.")
        return True

    async def _call(self, function: Callable[..., T], *args: Any) -> T:
        result: T = await self.settings["omega_threads"].run(function, *args)
        return result

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log in one line what we raised on purpose."""
        if isinstance(value, OmegaError):
            self.log.info("%s: %s", self.request.path, value)
        else:
            super().log_exception(typ, value, tb)

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Let the table of `server.errors` choose the status."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        if isinstance(error, OmegaError):
            status_code = status_of(error)
        super().send_error(status_code, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer an error as a page for people."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        message = "Please try again later."
        if isinstance(error, OmegaError):
            message = str(error)
        elif isinstance(error, HTTPError):
            message = error.get_message() or message
        heading = _HEADINGS.get(status_code, HTTPStatus(status_code).phrase)
        link = None
        if isinstance(error, RunNotFoundError):
            heading = "This report has no such run"
            message = "The run was forgotten, or is one of another notebook."
            link = (self.request.path, "Show the newest result")
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.finish(plain_page(heading, message, link=link))
