"""The server extension: puts the repository into a Jupyter server."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.gateway.gateway_client import GatewayClient

from omegaml_lab.omega import Omega
from omegaml_lab.server.contents.contents import OmegaContentsManager
from omegaml_lab.server.contents.hiding import Hiding
from omegaml_lab.server.contents.signatures import signatures_of
from omegaml_lab.server.contents.targets import buckets_of, contents_path
from omegaml_lab.server.events import OBJECT_EVENT, ChangeFeed, register_schemas
from omegaml_lab.server.handlers import routes
from omegaml_lab.server.health import Health
from omegaml_lab.server.kernels.kernels import OmegaKernelManager
from omegaml_lab.server.shared import EXTENSION
from omegaml_lab.server.threads import Threads
from omegaml_lab.storage import embedded

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

__all__ = ["OmegaLab"]


class OmegaLab(ExtensionApp):
    """Opens one repository for the whole server.

    What the server's contents and kernel managers are is decided here, before they are made:
    ours, unless somebody chose others.
    """

    name = EXTENSION
    description = "Notebooks, runs and reports in a repository"
    extension_url = "/lab"
    load_other_extensions = True

    omega: Omega
    threads: Threads
    health: Health
    hiding: Hiding
    feed: ChangeFeed | None = None

    def _link_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        super()._link_jupyter_server_extension(serverapp)
        self.omega = Omega()
        revive = self._revive if self.omega.config.mongo_url is None else None
        self.threads = Threads(revive)
        self.health = Health(self.omega, Threads(revive, size=1))
        chosen = serverapp.config.ServerApp
        if "contents_manager_class" not in chosen:
            serverapp.contents_manager_class = OmegaContentsManager
        remote = GatewayClient.instance(parent=serverapp).gateway_enabled
        if "kernel_manager_class" not in chosen and not remote:
            serverapp.kernel_manager_class = OmegaKernelManager

    def _revive(self) -> None:
        embedded.ensure(self.omega.config.home)

    def initialize_settings(self) -> None:
        """Hand the repository to the handlers."""
        self.settings.update(
            {"omega": self.omega, "omega_threads": self.threads, "omega_health": self.health}
        )
        assert self.serverapp is not None  # noqa: S101 - it is what reads these settings
        self.hiding = Hiding(self.serverapp.contents_manager)
        self.settings["omega_hiding"] = self.hiding
        # JupyterLab draws the file browser before it can ask for anything.
        page = self.serverapp.web_app.settings.setdefault("page_config_data", {})
        page["omegaBuckets"] = json.dumps(sorted(buckets_of(self.serverapp.contents_manager)))

    def initialize_handlers(self) -> None:
        """Add our routes."""
        self.handlers.extend(routes())

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        assert serverapp.event_logger is not None  # noqa: S101 - it is made before extensions
        register_schemas(serverapp.event_logger)
        self.feed = ChangeFeed(
            self.omega,
            serverapp.event_logger,
            partial(contents_path, serverapp.contents_manager),
            signatures_of(serverapp.contents_manager),
        )
        serverapp.web_app.settings["omega_feed"] = self.feed
        self.feed.start()
        self.hiding.tell()
        if isinstance(serverapp.kernel_manager, OmegaKernelManager):
            kernels = serverapp.kernel_manager
            kernels.files.tell = self.feed.tell_notice
            serverapp.event_logger.add_listener(
                schema_id=OBJECT_EVENT, listener=kernels.object_changed
            )

    async def stop_extension(self) -> None:
        """Stop the feed, end the kernels, whose files are still to be kept, and disconnect."""
        if self.feed is not None:
            self.feed.stop()
        self.hiding.stop()
        kernels = getattr(self.serverapp, "kernel_manager", None)
        if isinstance(kernels, OmegaKernelManager):
            await kernels.end()
        self.threads.close()
        self.health.close()
        self.omega.close()
