"""`omega gc`: removing what nobody needs any more."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from omegaml_lab.cli.output import console, print_facts, print_json, size
from omegaml_lab.cli.session import Session, examples, json_option, pass_session
from omegaml_lab.core.errors import InvalidRetentionError
from omegaml_lab.core.retention import parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import timedelta

    from omegaml_lab.core.gc import Collected
    from omegaml_lab.runtime.environments.environments import Environment

__all__ = ["gc"]


def _duration(context: click.Context, option: click.Parameter, text: str) -> timedelta | None:
    try:
        return None if text is None else parse_duration(text)
    except InvalidRetentionError as error:
        raise click.BadParameter(str(error), context, option) from error


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option(
    "--grace",
    metavar="TIME",
    callback=_duration,
    help="Leave alone what became garbage later than that ago, as 12h; as configured by default.",
)
@click.option(
    "--trash",
    metavar="TIME",
    callback=_duration,
    help="Empty the trash of what was dropped earlier than that ago; as configured by default.",
)
@json_option
@pass_session
@examples(
    "omega gc --dry-run",
    "omega gc --trash 7d                        what was dropped a week ago is gone",
    "omega gc --grace 0 --trash 0               give back all space at once",
)
def gc(
    session: Session,
    *,
    dry_run: bool,
    grace: timedelta | None,
    trash: timedelta | None,
    as_json: bool,
) -> None:
    """Remove what nobody needs any more, while others read and write.

    Earlier revisions by the rules of retention, what was dropped long ago, records of calls that
    asked a model something long ago, and of other runs where `record_days` is set, and what puts
    that never ended have left. On this machine, environments of notebooks that no run has used
    for long. It may be interrupted and begun again.
    """
    from omegaml_lab.runtime.environments.environments import Environments

    with session.open() as om, _progress() as progress:
        done = om.gc(dry_run=dry_run, grace=grace, trash=trash, progress=progress)
        unused = Environments.of(om.config).collect(dry_run=dry_run)
    if as_json:
        print_json({**done.to_dict(), "environments": [each.to_dict() for each in unused]})
    else:
        _say(done, unused)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int], None]]:
    """Show what is being done where somebody looks."""
    shown = console(stderr=True)
    with shown.status("looking for garbage") as status:
        yield lambda what, done: status.update(f"{what}: {done:,} so far")


def _say(done: Collected, unused: Sequence[Environment]) -> None:
    for problem in done.problems:
        click.secho(f"Left alone: {problem}", fg="yellow", err=True)
    verb = "would be removed" if done.dry_run else "removed"
    print_facts(
        {
            verb: size(done.bytes),
            "from the trash": f"{done.dropped:,} objects and folders",
            "revisions": f"{done.revisions:,}",
            "calls": f"{done.calls:,}",
            "runs": f"{done.runs:,}",
            "pieces": f"{done.pieces:,}",
            "chunks": f"{done.chunks:,}",
            "environments": f"{len(unused):,}, {size(sum(each.size for each in unused))}",
            "left alone": f"what is younger than {done.before.isoformat(' ', 'seconds')}",
        }
    )
