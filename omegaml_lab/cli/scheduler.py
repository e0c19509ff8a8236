"""`omega scheduler`: look after the queue."""

from __future__ import annotations

import click

from omegaml_lab.cli.session import Session, examples, pass_session

__all__ = ["scheduler"]


@click.command()
@pass_session
@examples("omega scheduler")
def scheduler(session: Session) -> int:
    """Start what is due, until Ctrl-C.

    Sends again what a broker has lost, and starts runs again whose worker died. Any number of
    schedulers may run: each does no harm to the others.
    """
    from omegaml_lab.scheduler import main
    from omegaml_lab.services.connection import resolve

    return main(resolve(session.config()))
