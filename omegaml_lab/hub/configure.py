"""What ``hub_config/jupyterhub_config.py`` sets, as functions that can be tested."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaml_lab.config import Config
from omegaml_lab.hub.repositories import deployment_key, provision, signing_key_of
from omegaml_lab.storage import embedded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

__all__ = ["HubSettings", "configure", "prepare_server", "server_environment", "site_files"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """What the hub needs to know of the deployment."""

    admin_url: str = field(repr=False)
    """MongoDB with a user who may make users."""
    key: bytes = field(repr=False)
    """From it each user's database password and signing key are derived."""

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> HubSettings:
        """Read them: ``OMEGA_MONGO_URL`` is the server to use, else the embedded one starts.

        Raises
        ------
        ConfigError
            If a setting cannot be used.
        ServiceError
            If the embedded server does not start.
        """
        config = Config.load(environ=os.environ if environ is None else environ)
        key = deployment_key(config.home / "hub" / "key")
        return cls(admin_url=config.mongo_url or embedded.ensure(config.home), key=key)


def server_environment(url: str, username: str, signing_key: str) -> dict[str, str]:
    """Return what a user's server is told: their own repository, who they are, their key.

    No broker is handed on: a queue shared by all users would let one see another's messages.
    """
    return {"OMEGA_MONGO_URL": url, "OMEGA_USER": username, "OMEGA_SIGNING_KEY": signing_key}


def prepare_server(settings: HubSettings) -> Callable[[Any], Awaitable[None]]:
    """Return the hook that JupyterHub awaits before it starts a user's server."""

    async def hook(spawner: Any) -> None:
        username = spawner.user.name
        # pymongo blocks, and the hub serves everybody from one thread.
        repository = await asyncio.to_thread(
            provision, username, admin_url=settings.admin_url, key=settings.key
        )
        signing_key = signing_key_of(username, key=settings.key)
        told = server_environment(repository.url, username, signing_key)
        spawner.environment = {**spawner.environment, **told}

    return hook


def site_files(folder: Path) -> list[Path]:
    """Return the site's own configuration files, in the order of their names."""
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))


def configure(c: Any, settings: HubSettings, *, state: Path) -> None:
    """Set JupyterHub's options on its config object `c`; `state` is the hub's own folder.

    Nobody may sign in until a site file says who: that is JupyterHub's default, and right.
    """
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    c.JupyterHub.db_url = f"sqlite:///{state / 'jupyterhub.sqlite'}"
    c.JupyterHub.cookie_secret_file = str(state / "cookie_secret")
    c.ConfigurableHTTPProxy.pid_file = str(state / "proxy.pid")
    # Started by name: the hub stands below the services in the house and imports none of them.
    c.Spawner.cmd = [sys.executable, "-m", "omegaml_lab.services.singleuser"]
    c.Spawner.pre_spawn_hook = prepare_server(settings)
    c.Spawner.default_url = "/lab"
    c.Spawner.http_timeout = 60
    c.Spawner.start_timeout = 60
