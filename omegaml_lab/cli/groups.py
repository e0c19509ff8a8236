"""`omega groups`: runs that were asked for together."""

from __future__ import annotations

import csv
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import click

from omegaml_lab.cli.finding import find_group, followed
from omegaml_lab.cli.output import ago, print_facts, print_json, print_table, progress_bar, seconds
from omegaml_lab.cli.session import Session, examples, json_option, pass_session
from omegaml_lab.core.runs import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omegaml_lab.omega import Omega
    from omegaml_lab.runtime.client.comparing import Comparison
    from omegaml_lab.runtime.client.group_handle import GroupHandle

__all__ = ["end_group", "group_options", "groups", "print_group"]


@click.group()
def groups() -> None:
    """Follow groups: runs that were asked for together.

    `omega run NOTEBOOK --grid NAME=VALUES` starts one, and `omega groups chain` another. Where
    an ID is asked for, its first characters do when no other group begins with them.
    """


def group_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what may be said of many runs to a command."""
    for option in (
        click.option(
            "--on-failure",
            type=click.Choice(["stop", "continue"]),
            default="stop",
            show_default=True,
            help="What becomes of a run when one that it follows does not succeed.",
        ),
        click.option(
            "--after",
            multiple=True,
            metavar="ID",
            help="A run or group that has to end before. May be repeated.",
        ),
        click.option("--at-once", type=click.IntRange(1), help="How many may go at a time."),
        click.option("--title", help="What the group is called."),
    ):
        command = option(command)
    return command


@groups.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@group_options
@click.option("--label", help="What the workers must offer.")
@click.option("--token", help="Names this request: the same one again runs nothing again.")
@click.option("--wait/--no-wait", default=True, help="Wait until all have ended (the default).")
@json_option
@pass_session
@examples(
    "omega groups chain load train report",
    "omega groups chain load train-a,train-b compare --on-failure continue --no-wait",
)
def chain(
    session: Session, *, jobs: tuple[str, ...], wait: bool, as_json: bool, **options: Any
) -> int:
    """Run jobs one after the other.

    Jobs with a comma between them run side by side; the next one begins when all of them have
    ended. When one does not succeed, those after it are cancelled.
    """
    with session.open() as om:
        options["after"] = followed(om, options["after"])
        stages: list[Any] = [job.split(",") if "," in job else job for job in jobs]
        handle = om.runtime.chain(*stages, **options)
        return end_group(om, handle, wait=wait, as_json=as_json)


@groups.command("list")
@click.option("--job", metavar="NAME", help="Only groups that run this job.")
@click.option(
    "--limit", type=click.IntRange(0), default=20, show_default=True, help="At most so many."
)
@json_option
@pass_session
@examples("omega groups list", "omega groups list --job examples/flights --json")
def list_groups(session: Session, *, job: str | None, limit: int, as_json: bool) -> None:
    """List groups, newest first."""
    with session.open() as om:
        page = om.runtime.groups.list(job, limit=limit)
        counts = om.runtime.groups.counts(page.items)
    if as_json:
        print_json([{**each.to_dict(), "counts": counts[each.id].statuses} for each in page.items])
        return
    hidden = page.total - len(page.items)
    print_table(
        ("id", "title", "runs", "varied", "asked for", "by"),
        (
            (
                each.id,
                each.title,
                _counted(counts[each.id].statuses),
                ", ".join(each.varied),
                ago(each.created_at),
                each.owner,
            )
            for each in page.items
        ),
        empty="There are no groups. `omega run NOTEBOOK --grid NAME=VALUE,VALUE` makes one.",
        more=f"… and {hidden} older: --limit {page.total} shows all." if hidden > 0 else "",
    )


@groups.command()
@click.argument("id")
@json_option
@pass_session
@examples("omega groups show 3f2a")
def show(session: Session, *, id: str, as_json: bool) -> None:  # noqa: A002 - the word of the UI
    """Show a group, and compare its runs."""
    with session.open() as om:
        handle = find_group(om, id)
        print_group(handle, as_json=as_json)


@groups.command()
@click.argument("id")
@pass_session
@examples("omega groups table 3f2a > runs.csv")
def table(session: Session, *, id: str) -> None:  # noqa: A002
    """Print the comparison of its runs as CSV."""
    with session.open() as om:
        columns, rows = _table(find_group(om, id).compare())
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


@groups.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@pass_session
@examples("omega groups cancel 3f2a")
def cancel(session: Session, *, ids: tuple[str, ...]) -> None:
    """Cancel all runs of groups that have not ended."""
    with session.open() as om:
        for wanted in ids:
            handle = find_group(om, wanted).cancel()
            click.echo(f"Group {handle.id}: {_counted(handle.status)}.")


@groups.command()
@click.argument("id")
@click.option("--wait/--no-wait", default=False, help="Wait until all have ended.")
@json_option
@pass_session
@examples("omega groups retry 3f2a --wait")
def retry(session: Session, *, id: str, wait: bool, as_json: bool) -> int:  # noqa: A002
    """Run again what of a group has ended without success.

    The jobs are taken as they are now. What was stopped by a failure is run after it again.
    """
    with session.open() as om:
        handle = find_group(om, id).retry_failed()
        return end_group(om, handle, wait=wait, as_json=as_json)


def end_group(om: Omega, handle: GroupHandle, *, wait: bool, as_json: bool) -> int:
    """Wait for a group if that is asked for, tell how it stands, and return the exit code."""
    if wait:
        _follow(om, handle, quiet=as_json)
    print_group(handle, as_json=as_json)
    if not wait and not as_json:
        click.echo(f"`omega groups show {handle.id}` tells how it goes.")
    return 0 if not wait or set(handle.status) <= {Status.SUCCEEDED} else 1


def print_group(handle: GroupHandle, *, as_json: bool) -> None:
    """Print how a group stands, and the comparison of its runs."""
    group = handle.group
    if as_json:
        compared = handle.compare().rows
        print_json({**group.to_dict(), "counts": handle.status, "runs": compared})
        return
    print_facts(
        {
            "id": group.id,
            "title": group.title,
            "runs": _counted(handle.status),
            "at once": group.at_once,
            "asked for": ago(group.created_at),
            "by": group.owner,
            "tags": ", ".join(group.tags),
        }
    )
    columns, rows = _table(handle.compare())
    hidden = len(rows) - _SHOWN
    more = f"… and {hidden} more: `omega groups table {group.id}`." if hidden > 0 else ""
    print_table(columns, rows[:_SHOWN], empty="Its runs are being made.", more=more)


_SHOWN = 100
_LOOK = 0.3


def _table(compared: Comparison) -> tuple[list[str], list[list[Any]]]:
    columns = compared.columns
    values = [*columns["parameters"], *columns["recorded"]]
    rows = [
        [
            *(_cell(row["parameters"].get(name)) for name in columns["parameters"]),
            *(_cell(row["recorded"].get(name)) for name in columns["recorded"]),
            *(_about(row, name) for name in columns["about"]),
        ]
        for row in compared.rows
    ]
    return [*values, *columns["about"]], rows


def _about(row: Mapping[str, Any], name: str) -> Any:
    return seconds(row[name]) if name == "seconds" else row[name]


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _counted(statuses: Mapping[Any, int]) -> str:
    return ", ".join(f"{count} {status}" for status, count in statuses.items())


def _follow(om: Omega, handle: GroupHandle, *, quiet: bool) -> None:
    """Return when all runs have ended; unless `quiet` a bar shows how many have."""
    bar = progress_bar("{task.completed} of {task.total}", disable=quiet)
    stop, looked = threading.Event(), 0.0
    with bar:
        task = bar.add_task(handle.group.title, total=len(handle))
        for _ in om.runtime.runs.changes(stop, poll=_LOOK):
            if time.monotonic() - looked < _LOOK:
                continue
            looked = time.monotonic()
            counts = om.runtime.groups.counts([handle.group])[handle.id]
            bar.update(task, completed=len(handle) - counts.unfinished)
            if counts.unfinished == 0:
                stop.set()
