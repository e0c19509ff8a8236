"""`omega reports`: what is published."""

from __future__ import annotations

import click

from omegaml_lab.cli.output import ago, print_json, print_table
from omegaml_lab.cli.session import Session, examples, json_option, pass_session

__all__ = ["reports"]


@click.group()
def reports() -> None:
    """Manage published reports: results of runs behind stable links."""


@reports.command("list")
@json_option
@pass_session
@examples("omega reports list")
def list_reports(session: Session, *, as_json: bool) -> None:
    """List what is published, with links."""
    with session.open() as om:
        found = om.reports.list()
    if as_json:
        print_json([report.to_dict() for report in found])
        return
    print_table(
        ("name", "job", "access", "run", "modified", "link"),
        ((r.name, r.job, r.access, r.run, ago(r.modified), r.url) for r in found),
        empty="Nothing is published. `omega jobs publish NAME` publishes a job.",
    )


@reports.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@pass_session
@examples("omega reports unpublish flights")
def unpublish(session: Session, *, names: tuple[str, ...]) -> None:
    """Take reports back.

    Their links lead nowhere from now on. Jobs and runs stay.
    """
    with session.open() as om:
        for name in names:
            om.reports.unpublish(name)
            click.echo(f"{name} is not published any more")
