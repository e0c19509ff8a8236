"""`omega notifications`: who is told of runs, and what they were told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from omegaml_lab.cli.finding import find_schedule, found_by_id
from omegaml_lab.cli.output import ago, print_json, print_table
from omegaml_lab.cli.session import Session, examples, json_option, pass_session
from omegaml_lab.core.notifications import Delivery, Occasion

if TYPE_CHECKING:
    from omegaml_lab.core.notifications import Recipient
    from omegaml_lab.omega import Omega

__all__ = ["notifications"]


@click.group()
def notifications() -> None:
    """Tell people of runs that have ended.

    TO is channel:address, such as email:ann@example.org, lab:ann, slack:https://hooks.slack.com/…,
    teams:https://… or webhook:https://…; the channel may be left out of addresses of mail and of
    the web. `omega scheduler` sends, with the settings that it has.
    """


@notifications.command()
@click.argument("to")
@click.option(
    "--on",
    type=click.Choice([each.value for each in Occasion]),
    default=Occasion.FAILURE.value,
    show_default=True,
    help="Of what; `never` lets a wider rule for the same address not count.",
)
@click.option("--job", metavar="NAME", help="Only of runs of this job.")
@click.option("--schedule", metavar="ID", help="Only of runs of this schedule.")
@json_option
@pass_session
@examples(
    "omega notifications add email:ops@example.org",
    "omega notifications add lab:ann --job examples/flights --on change",
)
def add(
    session: Session, *, to: str, on: str, job: str | None, schedule: str | None, as_json: bool
) -> None:
    """Let somebody be told of runs.

    Of all runs of the bucket, or of those of a job or a schedule.
    """
    with session.open() as om:
        wanted = find_schedule(om, schedule).id if schedule else None
        recipient = om.notifications.add(to, on=on, job=job, schedule=wanted)
        told = om.notifications.describe(recipient)
        alive = om.runtime.scheduler() is not None
    if as_json:
        print_json(told)
        return
    click.echo(f"{told['channel']}:{told['address']} is told on {told['on']} of {_of(recipient)}.")
    if not alive:
        click.secho("No scheduler is alive to tell: `omega scheduler` starts one.", fg="yellow")


@notifications.command()
@click.option("--job", metavar="NAME", help="Only who is told of this job.")
@json_option
@pass_session
@examples("omega notifications recipients", "omega notifications recipients --json")
def recipients(session: Session, *, job: str | None, as_json: bool) -> None:
    """List who is told of runs, and of which."""
    with session.open() as om:
        found = om.notifications.recipients(job=job)
        described = [om.notifications.describe(each) for each in found]
    if as_json:
        print_json(described)
        return
    print_table(
        ("id", "channel", "address", "on", "of", "by"),
        (
            (
                told["id"],
                told["channel"],
                told["address"],
                told["on"],
                _of(recipient),
                told["owner"],
            )
            for told, recipient in zip(described, found, strict=True)
        ),
        empty="Nobody is told. `omega notifications add TO` lets somebody be.",
    )


@notifications.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@pass_session
@examples("omega notifications drop 3f2a")
def drop(session: Session, *, ids: tuple[str, ...]) -> None:
    """Tell somebody no more; ID is a recipient's, or how it begins."""
    with session.open() as om:
        for wanted in ids:
            recipient = _find(om, wanted)
            om.notifications.drop(recipient.id)
            click.echo(f"{recipient.channel} {recipient.id} is told no more of {_of(recipient)}.")


@notifications.command("list")
@click.option("--run", metavar="ID", help="Only of this run.")
@click.option(
    "--status", type=click.Choice([each.value for each in Delivery]), help="Only such ones."
)
@click.option("--limit", type=click.IntRange(0), default=50, help="At most so many.")
@json_option
@pass_session
@examples("omega notifications list", "omega notifications list --status failed")
def list_notifications(
    session: Session, *, run: str | None, status: str | None, limit: int, as_json: bool
) -> None:
    """List what people were told, and could not be told."""
    with session.open() as om:
        page = om.notifications.list(run=run, status=status, limit=limit)
        told = [om.notifications.describe_sent(each) for each in page.items]
    if as_json:
        print_json(told)
        return
    hidden = page.total - len(page.items)
    print_table(
        ("when", "what", "to", "status", "tries", "error"),
        (
            (
                ago(each.created_at),
                each.title,
                f"{each.channel}:{shown['address']}",
                each.status.value,
                str(each.tries),
                each.error,
            )
            for each, shown in zip(page.items, told, strict=True)
        ),
        empty="Nobody was told of anything yet.",
        more=f"… and {hidden} more: --limit {page.total} shows all." if hidden > 0 else "",
    )


@notifications.command()
@pass_session
@examples("omega notifications retry")
def retry(session: Session) -> None:
    """Try again what was given up."""
    with session.open() as om:
        count = om.notifications.retry()
    click.echo(f"{count} are tried again." if count else "None was given up.")


@notifications.command()
@click.argument("to")
@pass_session
@examples("omega notifications test email:ann@example.org")
def test(session: Session, *, to: str) -> None:
    """Send a test from here, with the settings of here."""
    with session.open() as om:
        om.notifications.test(to)
    click.echo("It was delivered.")


def _of(recipient: Recipient) -> str:
    if recipient.schedule:
        return f"the schedule {recipient.schedule}"
    return recipient.job or "all runs"


def _find(om: Omega, wanted: str) -> Recipient:
    """Return the recipient with this id, or the one whose id begins so."""
    return found_by_id(wanted, om.notifications.get, om.notifications.recipients)
