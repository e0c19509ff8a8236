"""The Jupyter server of a Lab: its command line, its address, whether it answers."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from omegaml_lab.core.errors import ServiceError
from omegaml_lab.services.processes import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "JupyterOptions",
    "answers",
    "choose_port",
    "jupyter_service",
    "new_token",
    "server_url",
]

_FIRST_PORT, _PORTS = 8888, 100
_ANYWHERE = {"", "*", "0.0.0.0", "::"}  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True, slots=True, kw_only=True)
class JupyterOptions:
    """How the person wants the server. `port` None: the first free one from 8888 on."""

    ip: str = "127.0.0.1"
    port: int | None = None
    browser: bool = True
    folder: Path = Path()


def choose_port(options: JupyterOptions) -> int:
    """Return the port to listen on.

    Raises
    ------
    ServiceError
        If the one that was asked for, or a hundred others, are taken.
    """
    wanted = range(_FIRST_PORT, _FIRST_PORT + _PORTS)
    for port in [options.port] if options.port else wanted:
        if _free(options.ip, port):
            return port
    taken = f"port {options.port} is" if options.port else f"all ports from {_FIRST_PORT} on are"
    raise ServiceError("jupyter", f"{taken} taken. Choose another one with --port.")


def _free(ip: str, port: int) -> bool:
    address = "" if ip in _ANYWHERE else ip
    try:
        family, kind, _, _, target = socket.getaddrinfo(
            address or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(target)
    except OSError:
        return False
    return True


def new_token() -> str:
    """Return the token that signs a person in: theirs when they set one."""
    return os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(24)


def jupyter_service(
    options: JupyterOptions,
    *,
    port: int,
    log: Path,
    environment: Mapping[str, str],
    holds: Path | None,
    browser: bool,
) -> Service:
    """Return the service; secrets travel in the environment, never in the command line."""
    command = [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.ip={options.ip}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",  # the address stays the same when it is started again
        f"--ServerApp.root_dir={options.folder.resolve()}",
        f"--LabApp.open_browser={browser}",
        "--OmegaContentsManager.root=repository",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container; it listens on loopback and asks a token
    return Service(name="jupyter", command=command, log=log, environment=environment, holds=holds)


def server_url(pid: int) -> str | None:
    """Return where the server with this pid is, as it says itself; None while it starts.

    A person's own configuration may have given it another base URL, or a certificate.
    """
    from jupyter_core.paths import jupyter_runtime_dir

    with contextlib.suppress(OSError, ValueError, KeyError):
        path = Path(jupyter_runtime_dir()) / f"jpserver-{pid}.json"
        return str(json.loads(path.read_text("utf-8"))["url"])
    return None


def answers(url: str) -> bool:
    """Say whether a Jupyter server answers there; any answer is one, also of one with TLS."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=2)
    with contextlib.suppress(OSError), contextlib.closing(connection):
        try:
            connection.request("GET", f"{address.path}api")
            connection.getresponse()
        except http.client.HTTPException:
            return address.scheme == "https"
        return True
    return False
