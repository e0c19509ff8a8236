"""What the parts of one server share."""

from __future__ import annotations

from typing import Any, Protocol

from omegaml_lab.omega import Omega
from omegaml_lab.server.threads import Threads

__all__ = ["EXTENSION", "extension_of", "shared_omega", "shared_threads"]

EXTENSION = "omegaml_lab"
"""The name of our server extension."""


class Extension(Protocol):
    """What of our extension the other parts of its server use."""

    omega: Omega
    threads: Threads


def extension_of(serverapp: Any) -> Extension | None:
    """Return the extension of a server, None where it is not enabled."""
    manager = getattr(serverapp, "extension_manager", None)
    point = manager.extension_points.get(EXTENSION) if manager else None
    return point.app if point else None


def shared_omega(serverapp: Any) -> Omega:
    """Return the one repository of a server; a new one where the extension is not enabled."""
    extension = extension_of(serverapp)
    return extension.omega if extension is not None else Omega()


def shared_threads(serverapp: Any) -> Threads:
    """Return the threads of a server; new ones where the extension is not enabled."""
    extension = extension_of(serverapp)
    return extension.threads if extension is not None else Threads()
