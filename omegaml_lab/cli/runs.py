"""`omega runs`: what was run, is running and waits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from omegaml_lab.cli.finding import find_group, find_run
from omegaml_lab.cli.follow import follow, print_end
from omegaml_lab.cli.lineage import depth_option, print_lineage
from omegaml_lab.cli.output import ago, print_facts, print_json, print_table, seconds
from omegaml_lab.cli.session import Session, examples, json_option, pass_session
from omegaml_lab.cli.values import parameters_option, parse_values
from omegaml_lab.core.calls import shown_call
from omegaml_lab.core.limits import size_text
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Status
from omegaml_lab.core.suggestions import aside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.core.limits import Usage
    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega

__all__ = ["runs"]

_INDENT = 14 * " "
_WIDEST = 40


@click.group()
def runs() -> None:
    """Follow runs: executions of notebooks on the workers.

    Where an ID is asked for, its first characters do when no other run begins with them.
    """


@runs.command("list")
@click.option("--job", metavar="NAME", help="Only runs of this job.")
@click.option(
    "--status", type=click.Choice([status.value for status in Status]), help="Only these."
)
@click.option("--tag", help="Only those that have it among their tags.")
@click.option("--schedule", metavar="ID", help="Only those of this schedule.")
@click.option("--group", metavar="ID", help="Only those of this group.")
@click.option(
    "--local/--no-local", default=None, help="Only those that no worker performed, or none."
)
@click.option(
    "--calls/--no-calls", default=None, help="Only those of models and scripts, or none of them."
)
@click.option(
    "--limit", type=click.IntRange(0), default=20, show_default=True, help="At most so many."
)
@json_option
@pass_session
@examples("omega runs list --status failed", "omega runs list --job examples/flights --json")
def list_runs(
    session: Session,
    *,
    job: str | None,
    status: str | None,
    group: str | None,
    limit: int,
    as_json: bool,
    **only: Any,
) -> None:
    """List runs, newest first."""
    with session.open() as om:
        of = find_group(om, group).id if group else None
        page = om.runtime.runs.list(job, status, group=of, limit=limit, **only)
        names = om.runtime.runs.whereabouts.jobs(page.items)
        unknown = None if page.total or job is None else _unknown(om, job, **only)
    listed = list(zip(page.items, names, strict=True))
    if as_json:
        print_json([_told(run, name) for run, name in listed])
        return
    hidden = page.total - len(page.items)
    print_table(
        ("id", "job", "parameters", "status", "cells", "queued", "took", "by"),
        (
            (
                run.id,
                f"{name} (local)" if run.kind == "local" else replace(run, job=name).title,
                _few(run.parameters),
                run.status,
                f"{run.progress.done}/{run.progress.total}" if run.progress.total else "",
                ago(run.queued_at),
                seconds(run.elapsed),
                run.owner,
            )
            for run, name in listed
        ),
        empty=(
            unknown
            or "There are no such runs; `omega runs list --limit 1` shows the newest of all."
            if of or job or status or not limit or any(v is not None for v in only.values())
            else "There are no runs yet. `omega run NOTEBOOK` runs one."
        ),
        more=f"… and {hidden} older: --limit {page.total} shows all." if hidden > 0 else "",
    )


@runs.command()
@click.argument("id")
@json_option
@pass_session
@examples("omega runs show 3f2a")
def show(session: Session, *, id: str, as_json: bool) -> None:  # noqa: A002 - the word of the UI
    """Show one run."""
    with session.open() as om:
        run = find_run(om, id)
        name = om.runtime.runs.job_of(run)
    if as_json:
        print_json(_told(run, name))
        return
    error, kept = run.error, run.kept_until
    print_facts(
        {
            "id": run.id,
            **_executed(run, name),
            "status": run.status,
            "notice": run.notice,
            "parameters": ", ".join(f"{k}={v!r}" for k, v in run.parameters.items()),
            "cells": None if run.call else f"{run.progress.done} of {run.progress.total}",
            "queued": ago(run.queued_at),
            "started": ago(run.started_at),
            "took": seconds(run.elapsed),
            "attempt": f"{run.attempt} of {run.max_attempts}",
            "earlier": _earlier(run),
            "next attempt": f"{run.retry_at:%Y-%m-%d %H:%M:%S} UTC" if run.retry_at else None,
            "used": _used(run.usage),
            "limits": str(run.limits) or None,
            "tags": ", ".join(run.tags) or None,
            "follows": ", ".join(run.after) or None,
            "group": run.group,
            "resumes": run.resumes,
            "resumed by": run.resumed_by,
            "kernel kept until": f"{kept:%Y-%m-%d %H:%M:%S} UTC" if kept else None,
            "recorded": ", ".join(f"{k}={v!r}" for k, v in run.recorded.items()) or None,
            "worker": run.worker,
            "label": run.label,
            "asked for by": run.owner,
            "result": run.result,
            "error": f"{error.name}: {error.message}" if error else None,
            "failing cell": error.cell + 1 if error and error.cell is not None else None,
        }
    )


@runs.command()
@click.argument("id")
@pass_session
@examples("omega runs log 3f2a")
def log(session: Session, *, id: str) -> None:  # noqa: A002
    """Print what a run printed, and the traceback when it failed."""
    with session.open() as om:
        run = find_run(om, id)
    click.echo(run.log, nl=bool(run.log) and not run.log.endswith("\n"))
    if run.error is not None:
        click.echo("\n".join(run.error.traceback) or f"{run.error.name}: {run.error.message}")


@runs.command()
@click.argument("id")
@json_option
@pass_session
@examples("omega runs lineage 3f2a", "omega runs lineage 3f2a --depth 3 --json")
def lineage(session: Session, *, id: str, depth: int, as_json: bool) -> None:  # noqa: A002
    """Show what a run executed, read and wrote."""
    with session.open() as om:
        told = om.runtime.runs.lineage(find_run(om, id).id, depth=depth)
    print_lineage(told, as_json=as_json)


lineage.params.append(depth_option(1))


@runs.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@pass_session
@examples("omega runs cancel 3f2a")
def cancel(session: Session, *, ids: tuple[str, ...]) -> None:
    """Cancel runs that wait or are going."""
    with session.open() as om:
        for wanted in ids:
            run = om.runtime.runs.cancel(find_run(om, wanted).id)
            ended = run.status is Status.CANCELLED
            click.echo(f"Run {run.id} is {'cancelled' if ended else 'being cancelled'}.")


@runs.command()
@click.argument("id")
@parameters_option
@click.option("--revision", type=click.IntRange(1), metavar="N", help="Of the notebook: N.")
@click.option("--wait/--no-wait", default=False, help="Wait until it has ended.")
@json_option
@pass_session
@examples(
    "omega runs rerun 3f2a --wait",
    "omega runs rerun 3f2a -p month=7",
    "omega runs rerun 3f2a --revision 4",
)
def rerun(
    session: Session,
    *,
    id: str,  # noqa: A002
    given: tuple[str, ...],
    revision: int | None,
    wait: bool,
    as_json: bool,
) -> int:
    """Run the job of a run again.

    The job is taken as it is now, unless a --revision is named; parameters that are not given
    stay the same.
    """
    with session.open() as om:
        before = find_run(om, id)
        if given and before.kind != "job":
            raise click.UsageError("A call is made again with what it was given.")
        job = Name(om.runtime.runs.job_of(before), revision=revision)
        declared = om.runtime.job(job).parameters() if given else []
        values = {**before.parameters, **parse_values(before.job, given, declared)}
        run = om.runtime.runs.rerun(before.id, values, revision=revision)
        if wait:
            run = follow(om, run, quiet=as_json)
    return _print_asked(run, wait=wait, as_json=as_json)


@runs.command()
@click.argument("id")
@click.option("--revision", type=click.IntRange(1), metavar="N", help="Of the notebook: N.")
@click.option("--wait/--no-wait", default=False, help="Wait until it has ended.")
@json_option
@pass_session
@examples("omega runs resume 3f2a --wait", "omega runs resume 3f2a --revision 7")
def resume(
    session: Session,
    *,
    id: str,  # noqa: A002
    revision: int | None,
    wait: bool,
    as_json: bool,
) -> int:
    """Go on with a failed run at the cell that failed.

    Its kernel is kept for a while. The notebook is taken as it is now; the cells that were run
    before have to be as they were.
    """
    with session.open() as om:
        run = om.runtime.runs.resume(find_run(om, id).id, revision=revision)
        if wait:
            run = follow(om, run, quiet=as_json)
    return _print_asked(run, wait=wait, as_json=as_json)


def _print_asked(run: Run, *, wait: bool, as_json: bool) -> int:
    """Tell of a run that was asked for; return the exit code."""
    if as_json:
        print_json(run.to_dict())
    elif wait:
        print_end(run)
    else:
        click.echo(f"Run {run.id} of {run.job} is {run.status}.")
        if run.notice:
            click.secho(run.notice, fg="yellow")
    return 0 if not wait or run.status is Status.SUCCEEDED else 1


def _unknown(
    om: Omega, job: str, *, local: bool | None, calls: bool | None, **_: Any
) -> str | None:
    """Return what is said of a job that is not there, with what it may be meant to be."""
    stores = [om.models, om.scripts] if calls else [om.jobs]
    if local or any(store.exists(job) for store in stores):
        return None
    near = aside(job, [name for store in stores for name in store.list()])
    return f"There are no runs of {job!r}, and nothing is called so{near}."


def _told(run: Run, name: str) -> dict[str, Any]:
    """Return a run for programs, with what its job is called now."""
    return {**run.to_dict(), "job_now": name}


def _few(parameters: Mapping[str, Any]) -> str:
    """Return parameters in one line of a table."""
    text = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _used(usage: Usage | None) -> str | None:
    if usage is None:
        return None
    return f"{usage.cpu_seconds:.1f} s of CPU, {size_text(usage.memory_peak)} of memory at most"


def _executed(run: Run, name: str) -> dict[str, str | None]:
    """Return what was executed, under the word for it and by its `name` of now, and how."""
    if run.kind == "local":
        return {"job": f"{name} (local)"}
    executed: dict[str, str | None] = {
        run.kind if run.call else "job": f"{name}@{run.revision}",
        "named then": None if name == run.job else run.job,
    }
    if (call := shown_call(run.call)) is not None:
        given = [*call["args"], *(f"{name}={text}" for name, text in call["kwargs"].items())]
        executed["called"] = f"{call['method']}({', '.join(given)})"
    return executed


def _earlier(run: Run) -> str | None:
    lines = [
        f"{each.number} {each.status}: {each.error.message if each.error else ''}".rstrip(": ")
        + (f" ({used})" if (used := _used(each.usage)) else "")
        for each in run.attempts
    ]
    return "\n".join(lines).replace("\n", "\n" + _INDENT) or None
