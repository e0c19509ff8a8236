"""Live reports: a notebook from the repository, run by Voila for each viewer."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import AuthenticatedFileHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError
from voila.configuration import VoilaConfiguration
from voila.paths import collect_template_paths
from voila.static_file_handler import AllowListFileHandler
from voila.tornado.handler import TornadoVoilaHandler

from omegaml_lab.core.errors import OmegaError, ReportNotFoundError
from omegaml_lab.server.contents.targets import contents_path
from omegaml_lab.server.errors import http_error
from omegaml_lab.server.handlers.readers import plain_page, send_to_login
from omegaml_lab.server.voila import NotebookContents

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega

__all__ = ["LiveHandler", "VoilaFilesHandler", "VoilaRenderHandler"]

_SETTING = "omega_voila"


class VoilaRenderHandler(TornadoVoilaHandler):  # type: ignore[misc] # no types upstream
    """Takes the place of Voila's own handler: images work, and nothing blocks.

    It starts a kernel, so that the authorizer is asked for ``execute`` on ``kernels``.
    """

    auth_resource = "kernels"

    def initialize(self) -> None:
        """Configure Voila as its own extension does."""
        if _SETTING not in self.settings:
            configuration = VoilaConfiguration(parent=self.serverapp)
            # Voila hides errors from strangers. Whoever comes here may use the server.
            if "show_tracebacks" not in self.serverapp.config.VoilaConfiguration:
                configuration.show_tracebacks = True
            # Ours is for the Lab: on Voila's page what it needs is not there.
            configuration.extension_denylist = [*configuration.extension_denylist, "omegaml-lab"]
            self.settings[_SETTING] = {
                "config": self.serverapp.config,
                "template_paths": collect_template_paths(
                    ["voila", "nbconvert"], configuration.template
                ),
                "voila_configuration": configuration,
            }
        super().initialize(**self.settings[_SETTING])
        self._contents = NotebookContents(self.settings["contents_manager"])

    @property
    def contents_manager(self) -> NotebookContents:
        """The notebook and its images."""
        return self._contents

    async def prepare(self) -> None:
        """Refuse who may not start kernels."""
        await super().prepare()
        if self._finished or self.current_user is None:
            return  # on the way to the login; what needs no sign-in is not here
        allowed = self.authorizer.is_authorized(
            self, self.current_user, "execute", self.auth_resource
        )
        if not await ensure_async(allowed):
            raise HTTPError(403)


class LiveHandler(VoilaRenderHandler):
    """Shows the notebook of a report that was published as live."""

    @allow_unauthenticated  # they are told how to sign in
    async def get(self, name: str) -> None:
        """Answer GET."""
        if self.current_user is None:
            send_to_login(self, live=True)
            return
        omega: Omega = self.settings["omega"]
        try:
            report = await self.settings["omega_threads"].run(lambda: omega.reports.get(name))
        except ReportNotFoundError as error:
            self._tell_missing(str(error))
            return
        except OmegaError as error:
            raise http_error(error) from error
        if not report.live:
            page = url_path_join(self.base_url, "omega/reports", quote(name))
            self._tell_missing(
                "It is published as a page only: its author can open it live as well.",
                link=(page, "Show the page"),
            )
            return
        path = contents_path(self.settings["contents_manager"], report.job)
        if path is None:
            raise HTTPError(404, "This server's contents do not show the repository")
        await super().get(path=path)

    def _tell_missing(self, why: str, *, link: tuple[str, str] | None = None) -> None:
        self.set_status(HTTPStatus.NOT_FOUND)
        self.finish(plain_page("There is no such live report", why, link=link))


class VoilaFilesHandler(AuthenticatedFileHandler, AllowListFileHandler):  # type: ignore[misc] # no types upstream
    """Takes the place of Voila's own handler, which shows the disk's images to anybody.

    Whoever is signed in sees those that Voila's lists allow; an SVG is in a sandbox, and what
    is hidden stays so.
    """

    def initialize(self) -> None:  # type: ignore[override] # it finds its settings itself
        """Configure it as Voila's own extension does."""
        server: Any = self.serverapp
        configuration = VoilaConfiguration(parent=server)
        AllowListFileHandler.initialize(
            self,
            allowlist=configuration.file_allowlist,
            denylist=configuration.file_denylist,
            path=server.root_dir,
        )
