"""`omega jobs`: notebooks in the repository, and the files beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from omegaml_lab.cli.files import name_of, write_or_print
from omegaml_lab.cli.objects import print_put, store_group
from omegaml_lab.cli.output import print_json, print_table
from omegaml_lab.cli.session import Session, examples, json_option, pass_session
from omegaml_lab.core.names import Name
from omegaml_lab.services.labs import public_link

__all__ = ["jobs"]

jobs = store_group(
    "jobs", "Notebooks in the repository. ``omega run`` runs one.", "examples/flights"
)


@jobs.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("name", required=False)
@json_option
@pass_session
@examples("omega jobs put analysis.ipynb", "omega jobs put analysis.ipynb reports/analysis")
def put(session: Session, *, file: Path, name: str | None, as_json: bool) -> None:
    """Put a notebook, or a file beside one, from disk."""
    kind = "notebook" if file.suffix == ".ipynb" else "file"
    with session.open() as om:
        stored = om.jobs.put(file.read_bytes(), name or Name(name_of(file)), kind=kind)
    print_put(stored, as_json=as_json)


@jobs.command()
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@pass_session
@examples("omega jobs get examples/flights", "omega jobs get examples/flights@2 before.ipynb")
def get(session: Session, *, name: str, file: Path | None, force: bool) -> None:
    """Write a notebook to a file on disk, or to the terminal with `-`."""
    with session.open() as om:
        meta, data = om.jobs.metadata(name), om.jobs.read_bytes(name)
        if meta.kind == "notebook":
            from omegaml_lab.server.contents.printing import printed  # which takes a while to load

            data = printed(data)
        target = file or Path(Path(meta.name).name)
    write_or_print(target, data, force=force)


@jobs.command()
@click.argument("name")
@json_option
@pass_session
@examples("omega jobs parameters examples/flights")
def parameters(session: Session, *, name: str, as_json: bool) -> None:
    """List the parameters that a notebook takes.

    They are set in its cell tagged `parameters`.
    """
    with session.open() as om:
        declared = om.runtime.job(name).parameters()
    if as_json:
        print_json([parameter.to_dict() for parameter in declared])
        return
    print_table(
        ("name", "type", "default", "help"),
        ((p.name, p.type, "" if p.default is None else repr(p.default), p.help) for p in declared),
        empty=f"{name} takes no parameters: tag the cell that sets them `parameters`.",
    )


@jobs.command()
@click.argument("name")
@click.option(
    "--as", "report", metavar="REPORT", help="Publish under another name than the job's."
)
@click.option(
    "--access",
    type=click.Choice(["anyone", "signed-in"]),
    help="Who may read it: people signed in, unless it is published already and says otherwise.",
)
@click.option("--hide-code/--show-code", default=None, help="Show the outputs only.")
@click.option(
    "--live/--no-live",
    default=None,
    help="Offer it live with Voila too, for people signed in.",
)
@json_option
@pass_session
@examples(
    "omega jobs publish examples/flights",
    "omega jobs publish examples/flights --as flights --hide-code",
)
def publish(
    session: Session,
    *,
    name: str,
    report: str | None,
    access: Literal["anyone", "signed-in"] | None,
    hide_code: bool | None,
    live: bool | None,
    as_json: bool,
) -> None:
    """Publish the last good run of a job under a stable link."""
    with session.open() as om:
        published = om.reports.publish(
            name, name=report, access=access, hide_code=hide_code, live=live
        )
        link = public_link(om.config.home, published.url)
    if as_json:
        print_json({**published.to_dict(), "link": link})
        return
    click.echo(f"{published.job} is published as {published.name}: {link}")
