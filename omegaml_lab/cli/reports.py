"""`omega reports`: what is published."""

from __future__ import annotations

import click

from omegaml_lab.cli.output import ago, print_json, print_table
from omegaml_lab.cli.session import Session, examples, json_option, pass_session
from omegaml_lab.services.labs import public_link

__all__ = ["reports"]

_NO_HOST = "`omega lab` serves reports; OMEGA_PUBLIC_URL makes theirs whole links."


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
        lab = public_link(om.config.home, "/").removesuffix("/")
    links = [lab + report.url if report.url.startswith("/") else report.url for report in found]
    if as_json:
        told = zip(found, links, strict=True)
        print_json([{**report.to_dict(), "link": link} for report, link in told])
        return
    print_table(
        ("name", "job", "access", "run", "modified", "link"),
        (
            (r.name, r.job, r.access, r.run, ago(r.modified), link)
            for r, link in zip(found, links, strict=True)
        ),
        empty="Nothing is published. `omega jobs publish NAME` publishes a job.",
        more=_NO_HOST if any(link.startswith("/") for link in links) else "",
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
