"""A hub user's server: JupyterHub's single-user server, with a worker and the scheduler beside it.

``python -m omegaml_lab.services.singleuser`` stands where ``jupyterhub-singleuser`` would, and
takes the same arguments. All three end together.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from omegaml_lab.config import Config
from omegaml_lab.services.connection import environment_of
from omegaml_lab.services.labs import supervisor_id
from omegaml_lab.services.processes import Child, Service, stop_children
from omegaml_lab.services.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Run until the hub or the user stops the server; return the server's exit code."""
    config = Config.load()
    supervisor = Supervisor(supervisor_id(), say=_log.info, changed=lambda: None)
    with supervisor.signals():
        # The hub stops this process when the server does not come up, and the server is no
        # child to start again: when it ends, by whatever hand, so does the rest.
        server = Child(_service(config, "jupyter", _jupyter(arguments)), supervisor.identity)
        supervisor.guests.append(server)
        code: int | None = None
        try:
            server.start()
            for name in ("worker", "scheduler"):
                supervisor.add(_service(config, name, ["-m", "omegaml_lab.cli", name]))
            while code is None and not supervisor.wait():
                supervisor.heal()
                code = server.ended()
        finally:
            stop_children([server], patience=4)
            supervisor.end()
    return code or 0


def _jupyter(arguments: Sequence[str]) -> list[str]:
    return ["-m", "jupyterhub.singleuser", "--OmegaContentsManager.root=repository", *arguments]


def _service(config: Config, name: str, command: Sequence[str]) -> Service:
    return Service(
        name=name,
        command=[sys.executable, *command],
        log=config.home / "logs" / f"{name}.log",
        environment=environment_of(config),
    )


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(main(sys.argv[1:]))
