"""`omega status`: what runs where."""

from __future__ import annotations

import click

from omegaml_lab.cli.output import print_json, print_table
from omegaml_lab.cli.session import Session, examples, json_option, pass_session

__all__ = ["status"]


@click.command()
@json_option
@pass_session
@examples("omega status", "omega status --json")
def status(session: Session, *, as_json: bool) -> int:
    """Show what runs where, and whether it is healthy.

    Nothing is started. The exit code is 0 when everything that runs need is healthy, else 1.
    """
    from omegaml_lab.services.health import check_health

    found = check_health(session.config())
    if as_json:
        print_json([health.to_dict() for health in found])
    else:
        print_table(
            ("service", "state", "where", "detail"),
            ((h.name, h.state, h.where, h.detail) for h in found),
            empty="Nothing runs.",
        )
    return 0 if all(h.state == "healthy" for h in found if h.needed) else 1
