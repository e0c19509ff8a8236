"""`omega export` and `omega import`: objects in one file, from a repository to another."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omegaml_lab.cli.output import console, print_json, size
from omegaml_lab.cli.session import Session, examples, json_option, pass_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Literal

    from omegaml_lab.core.archives import TransferProgress

__all__ = ["export", "import_"]


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("names", nargs=-1, metavar="[STORE/NAME]...")
@click.option("--newest", is_flag=True, help="Only the newest revision of each object.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@json_option
@pass_session
@examples(
    "omega export backup.omega                     the whole bucket",
    "omega export some.omega jobs datasets/flights@3",
)
def export(
    session: Session,
    *,
    file: Path,
    names: tuple[str, ...],
    newest: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write objects into one file that another repository takes in.

    Names begin with the store; folders go with all that is in them. Without names the whole
    bucket goes.
    """
    if file.exists() and not force:
        raise click.ClickException(f"{file} exists: --force replaces it.")
    if not file.absolute().parent.is_dir():
        raise click.ClickException(f"{file.parent} is no folder.")
    with session.open() as om, _progress("Exporting") as progress:
        entries = om.export(file, *names, history=not newest, replace=force, progress=progress)
    if as_json:
        print_json([entry.to_dict() for entry in entries])
        return
    click.echo(f"{file} written: {_objects(len(entries))}, {size(file.stat().st_size)}")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("names", nargs=-1, metavar="[STORE/NAME]...")
@click.option(
    "--on-conflict",
    type=click.Choice(["fail", "skip", "replace"]),
    default="fail",
    show_default=True,
    help="About names that are taken: do nothing at all, leave these out, or make new revisions.",
)
@click.option("--dry-run", is_flag=True, help="Check the whole file, and say what would happen.")
@json_option
@pass_session
@examples(
    "omega import backup.omega",
    "omega --bucket restored import backup.omega jobs --on-conflict skip",
)
def import_(
    session: Session,
    *,
    file: Path,
    names: tuple[str, ...],
    on_conflict: Literal["fail", "skip", "replace"],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take in what `omega export` wrote.

    Each object comes whole or not at all, and nothing that is damaged. What was interrupted goes
    on when it is done again.
    """
    with session.open() as om, _progress("Checking" if dry_run else "Importing") as progress:
        done = om.import_(
            file, *names, on_conflict=on_conflict, dry_run=dry_run, progress=progress
        )
    if as_json:
        print_json(done.to_dict())
        return
    for name in done.skipped:
        click.echo(f"{name} is skipped: the name is taken")
    would = "would be " if dry_run else ""
    there = f", {len(done.present)} were here already" if done.present else ""
    click.echo(f"{_objects(len(done.taken))} {would}taken in{there}")


@contextlib.contextmanager
def _progress(what: str) -> Iterator[Callable[[TransferProgress], None]]:
    """Show how far a transfer is, on a terminal only."""
    with console(stderr=True).status(what) as status:

        def show(state: TransferProgress) -> None:
            status.update(f"{what} {state.done}/{state.total} {state.name} ({size(state.size)})")

        yield show


def _objects(count: int) -> str:
    return "1 object" if count == 1 else f"{count} objects"
