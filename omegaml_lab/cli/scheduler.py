"""`omega scheduler`: look after the queue."""

from __future__ import annotations

import click

from omegaml_lab.cli.session import Session, examples, pass_session

__all__ = ["scheduler"]


@click.command()
@pass_session
@examples("omega scheduler")
def scheduler(session: Session) -> None:
    """Start what is due, until Ctrl-C.

    Sends again what a broker has lost, and starts runs again whose worker died. Any number of
    schedulers may run: each does no harm to the others.
    """
    from omegaml_lab.services.schedule import run_scheduler

    run_scheduler(session.config())
