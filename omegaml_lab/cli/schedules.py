"""`omega schedules`: when notebooks are due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from omegaml_lab.cli.finding import find_schedule
from omegaml_lab.cli.limits import limits_options, taken_limits
from omegaml_lab.cli.output import ago, print_facts, print_json, print_table
from omegaml_lab.cli.session import Session, examples, json_option, pass_session
from omegaml_lab.cli.values import parameters_option, parse_values
from omegaml_lab.core.limits import UNLIMITED, duration_text
from omegaml_lab.core.schedules import Misfire, Overlap

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from omegaml_lab.core.schedules import Schedule

__all__ = ["schedules"]


@click.group()
def schedules() -> None:
    """Run notebooks whenever they are due.

    WHEN is in plain words, such as "weekdays at 6:00", or in the five fields of cron. Where an
    ID is asked for, its first characters do when no other schedule begins with them.
    """


@schedules.command("list")
@click.option("--job", metavar="NAME", help="Only schedules of this job.")
@click.option("--limit", type=click.IntRange(0), default=50, help="At most so many.")
@json_option
@pass_session
@examples("omega schedules list", "omega schedules list --job examples/flights --json")
def list_schedules(session: Session, *, job: str | None, limit: int, as_json: bool) -> None:
    """List schedules, what is due next first."""
    with session.open() as om:
        page = om.runtime.schedules.list(job, limit=limit)
    if as_json:
        print_json([schedule.to_dict() for schedule in page.items])
        return
    hidden = page.total - len(page.items)
    print_table(
        ("id", "job", "when", "time zone", "next", "last due", "notice"),
        (
            (
                schedule.id,
                schedule.job,
                schedule.when,
                schedule.timezone,
                _next(schedule),
                ago(schedule.last_due),
                schedule.unable or schedule.notice,
            )
            for schedule in page.items
        ),
        empty="Nothing is scheduled. `omega schedules add NOTEBOOK WHEN` schedules a notebook.",
        more=f"… and {hidden} more: --limit {page.total} shows all." if hidden > 0 else "",
    )


def _schedule_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what both `add` and `edit` take."""
    for option in (
        click.option("--timezone", metavar="ZONE", help="As Europe/Zurich; this machine's else."),
        click.option("--label", help="What the worker must offer."),
        click.option(
            "--overlap",
            type=click.Choice([each.value for each in Overlap]),
            help="While an earlier run goes: skip this one, queue it, or replace that.",
        ),
        click.option(
            "--misfire",
            type=click.Choice([each.value for each in Misfire]),
            help="What was missed while no scheduler was there: run it once, or skip it.",
        ),
        click.option("--publish/--no-publish", default=None, help="Publish results as a report."),
        click.option("--pinned", metavar="REVISION", help="Run this one, by number or tag."),
        click.option("--jitter", metavar="TIME", help="Start by chance so much later at most."),
        click.option("--experiment", help="What its runs are to be part of."),
        click.option("--keep", metavar="N", help="Keep the results of the last N runs alone."),
        parameters_option,
        limits_options,
    ):
        command = option(command)
    return command


@schedules.command()
@click.argument("job")
@click.argument("when")
@_schedule_options
@json_option
@pass_session
@examples(
    'omega schedules add examples/flights "weekdays at 6:00" --timezone Europe/Zurich',
    'omega schedules add examples/flights "0 6 * * 1-5" -p carrier=UA --publish',
)
def add(
    session: Session, *, job: str, when: str, given: tuple[str, ...], as_json: bool, **options: Any
) -> None:
    """Schedule a notebook of the repository."""
    limits = taken_limits(options)
    values = {key: value for key, value in options.items() if value is not None}
    with session.open() as om:
        declared = om.runtime.job(job).parameters() if given else []
        values["parameters"] = parse_values(job, given, declared)
        schedule = om.runtime.schedules.add(job, when, limits=limits, **values)
    _print_saved(schedule, as_json=as_json)


@schedules.command()
@click.argument("id")
@json_option
@pass_session
@examples("omega schedules show 3f2a")
def show(session: Session, *, id: str, as_json: bool) -> None:  # noqa: A002 - the word of the UI
    """Show one schedule, and when it is due next."""
    with session.open() as om:
        schedule = find_schedule(om, id)
        times = [] if schedule.paused else om.runtime.schedules.next_times(schedule, count=10)
    if as_json:
        print_json({**schedule.to_dict(), "times": times})
        return
    print_facts(
        {
            "id": schedule.id,
            "job": schedule.job,
            "when": schedule.when,
            "means": f"{schedule.words} ({schedule.cron})",
            "time zone": schedule.timezone,
            "paused": "yes" if schedule.paused else None,
            "cannot run": schedule.unable,
            "notice": schedule.notice,
            "parameters": ", ".join(f"{k}={v!r}" for k, v in schedule.parameters.items()),
            "label": schedule.label,
            "overlap": schedule.overlap,
            "misfire": schedule.misfire,
            "publish": "yes" if schedule.publish else "no",
            "limits": str(schedule.limits) or None,
            "revision": schedule.pinned or None,
            "experiment": schedule.experiment or None,
            "jitter": duration_text(schedule.jitter or None),
            "keeps": f"the results of {schedule.keep}" if schedule.keep else None,
            "last due": ago(schedule.last_due),
            "last run": schedule.last_run,
            "made by": schedule.owner,
            "next": "\n".join(_at(due, schedule) for due in times).replace("\n", "\n" + 12 * " "),
        }
    )


@schedules.command()
@click.argument("id")
@click.option("--when", metavar="WHEN", help="Another time.")
@_schedule_options
@json_option
@pass_session
@examples(
    'omega schedules edit 3f2a --when "daily at 7:30"', "omega schedules edit 3f2a -p carrier=AA"
)
def edit(
    session: Session,
    *,
    id: str,  # noqa: A002
    given: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Change a schedule; what is not given stays as it is."""
    limits = taken_limits(options)
    changes = {key: value for key, value in options.items() if value is not None}
    with session.open() as om:
        before = find_schedule(om, id)
        if limits != UNLIMITED:
            changes["limits"] = limits.over(before.limits)
        if given:
            declared = om.runtime.job(before.job).parameters()
            changes["parameters"] = {
                **before.parameters,
                **parse_values(before.job, given, declared),
            }
        if not changes:
            raise click.UsageError("say what to change, as in --when 'daily at 7:30'.")
        schedule = om.runtime.schedules.edit(before.id, **changes)
    _print_saved(schedule, as_json=as_json)


@schedules.command()
@click.argument("id")
@pass_session
@examples("omega schedules pause 3f2a")
def pause(session: Session, *, id: str) -> None:  # noqa: A002
    """Let a schedule rest until it is resumed."""
    with session.open() as om:
        schedule = om.runtime.schedules.pause(find_schedule(om, id).id)
    click.echo(f"Schedule {schedule.id} of {schedule.job} is paused.")


@schedules.command()
@click.argument("id")
@pass_session
@examples("omega schedules resume 3f2a")
def resume(session: Session, *, id: str) -> None:  # noqa: A002
    """Let a paused schedule go on."""
    with session.open() as om:
        schedule = om.runtime.schedules.resume(find_schedule(om, id).id)
    _print_saved(schedule, as_json=False)


@schedules.command()
@click.argument("id")
@json_option
@pass_session
@examples("omega schedules run 3f2a")
def run(session: Session, *, id: str, as_json: bool) -> None:  # noqa: A002
    """Run the job of a schedule at once."""
    with session.open() as om:
        started = om.runtime.schedules.run_now(find_schedule(om, id).id)
    if as_json:
        print_json(started.to_dict())
        return
    click.echo(f"Run {started.id} of {started.job} is {started.status}.")
    if started.notice:
        click.secho(started.notice, fg="yellow")


@schedules.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
@examples("omega schedules drop 3f2a")
def drop(session: Session, *, ids: tuple[str, ...], yes: bool) -> None:
    """Remove schedules; their runs stay."""
    with session.open() as om:
        for wanted in ids:
            schedule = find_schedule(om, wanted)
            if not yes:
                called = f"{schedule.when!r} of {schedule.job}"
                click.confirm(f"Drop the schedule {called}?", abort=True, err=True)
            om.runtime.schedules.drop(schedule.id)
            click.echo(f"Schedule {schedule.id} of {schedule.job} is dropped.")


@schedules.command()
@click.argument("when")
@click.option("--timezone", metavar="ZONE", help="As Europe/Zurich; this machine's else.")
@click.option("--count", type=click.IntRange(1, 50), default=5, help="How many times.")
@json_option
@pass_session
@examples('omega schedules preview "weekdays at 6:00" --timezone Europe/Zurich')
def preview(
    session: Session, *, when: str, timezone: str | None, count: int, as_json: bool
) -> None:
    """Tell when something would be due."""
    from omegaml_lab.runtime.schedules.due import Rule

    rule = Rule.of(when, timezone)
    with session.open() as om:
        times = om.runtime.schedules.next_times(rule, count=count)
    local = [due.astimezone(ZoneInfo(rule.timezone)) for due in times]
    if as_json:
        print_json({"cron": rule.cron, "words": rule.words, "times": local})
        return
    click.echo(f"{rule.words}, {rule.timezone} ({rule.cron})")
    for due in local:
        click.echo(f"  {due:%a %Y-%m-%d %H:%M %Z}")


def _next(schedule: Schedule) -> str:
    if schedule.unable is not None:
        return "cannot run"
    return "paused" if schedule.paused else _at(schedule.next_due, schedule) or "over"


def _print_saved(schedule: Schedule, *, as_json: bool) -> None:
    if as_json:
        print_json(schedule.to_dict())
        return
    due = _at(schedule.next_due, schedule)
    when = f"is due next {due}" if due else "is not due any more" if not schedule.paused else ""
    click.echo(f"Schedule {schedule.id}: {schedule.job} {when or 'is paused'}.")
    click.echo(f"{schedule.words}, {schedule.timezone}.")
    if told := schedule.unable or schedule.notice:
        click.secho(told, fg="yellow")


def _at(due: datetime | None, schedule: Schedule) -> str:
    """Return a due time as people in the schedule's time zone say it."""
    if due is None:
        return ""
    return f"{due.astimezone(ZoneInfo(schedule.timezone)):%a %Y-%m-%d %H:%M %Z}"
