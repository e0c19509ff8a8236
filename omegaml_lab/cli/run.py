"""`omega run`: run a notebook on the workers and wait for its result."""

from __future__ import annotations

import os
import socket
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from omegaml_lab.cli.files import name_of
from omegaml_lab.cli.finding import followed
from omegaml_lab.cli.follow import follow, print_end
from omegaml_lab.cli.groups import end_group, group_options
from omegaml_lab.cli.limits import limits_options, taken_limits
from omegaml_lab.cli.output import print_json
from omegaml_lab.cli.runs import runs
from omegaml_lab.cli.session import Session, examples, json_option, pass_session
from omegaml_lab.cli.values import parameters_option, parse_grid, parse_values
from omegaml_lab.core.errors import ObjectNotFoundError, StorageUnavailableError
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Status
from omegaml_lab.services.labs import public_link

if TYPE_CHECKING:
    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.workers import Worker
    from omegaml_lab.omega import Omega
    from omegaml_lab.runtime.client.handles import JobHandle

__all__ = ["needs_worker", "run"]

_INTERRUPTED = 130


@click.command()
@click.argument("notebook")
@parameters_option
@click.option("--wait/--no-wait", default=True, help="Wait until it has ended (the default).")
@click.option("--publish", is_flag=True, help="Publish the result as a report and print its link.")
@click.option("--label", help="What the worker must offer.")
@click.option(
    "--grid",
    "grid",
    multiple=True,
    metavar="NAME=VALUE,VALUE",
    help="Values of a parameter, each of which is run; a list as JSON. With several of these a"
    " run for each combination.",
)
@group_options
@limits_options
@click.option("--tag", "tags", multiple=True, help="A word to find it by. May be repeated.")
@click.option("--token", help="Names this request: the same one again runs nothing again.")
@click.option("--experiment", help="What it is to be part of.")
@json_option
@pass_session
@examples(
    "omega run examples/flights.ipynb --publish",
    "omega run examples/weather -p origin=JFK -p 'months=[6, 7]'",
    "omega run examples/flights --retries 3 --timeout '10 min' --memory '2 GB'",
    "omega run examples/weather --grid origin=JFK,LGA --grid month=6,7,8 --at-once 2",
    "omega run examples/flights --no-wait --json",
)
def run(
    session: Session,
    *,
    notebook: str,
    given: tuple[str, ...],
    grid: tuple[str, ...],
    wait: bool,
    publish: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Run a notebook on the workers, or once for each value of a --grid.

    NOTEBOOK is a file on disk, which is put into the repository first, or the name of a job.
    Without a worker of the embedded services one runs for as long as the command waits. The
    exit code is 0 when the run succeeded (with --no-wait: when it is queued), else 1.
    """
    options["limits"] = taken_limits(options)
    with session.open() as om:
        job = _job(om, notebook)
        values = parse_values(job.name, given, job.parameters() if given else [])
        options["after"] = followed(om, options["after"])
        if grid:
            if publish:
                raise click.UsageError("A report shows one run: --publish is not for a --grid.")
            return _grid(om, job, grid, values, wait=wait, as_json=as_json, **options)
        if options.pop("at_once") or options.pop("title"):
            raise click.UsageError("--at-once and --title are for a --grid.")
        handle = job.run(values, publish=publish, **options)
        if not wait:
            return _queued(handle.run, as_json=as_json)
        helped = needs_worker(om, handle.run.label)
        helper = _temporary_worker(om, handle.run.label) if helped else nullcontext()
        try:
            with helper:
                ended = follow(om, handle.run, quiet=as_json, notices=not helped)
        except KeyboardInterrupt:
            return _left(handle.refresh().run)
        except StorageUnavailableError:
            click.echo(f"\nRun {handle.id} goes on: `omega runs show {handle.id}`.", err=True)
            raise
        return _ended(om, ended, publish=publish, as_json=as_json)


def _grid(
    om: Omega,
    job: JobHandle,
    grid: tuple[str, ...],
    fixed: dict[str, Any],
    *,
    wait: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Run a job with each combination of values."""
    label = options.get("label") or om.runtime.label
    handle = job.grid(parse_grid(job.name, grid, job.parameters()), fixed=fixed, **options)
    helped = wait and needs_worker(om, label)
    with _temporary_worker(om, label) if helped else nullcontext():
        return end_group(om, handle, wait=wait, as_json=as_json)


def _job(om: Omega, notebook: str) -> JobHandle:
    """Return the job that is meant; a file on disk is put first."""
    path = Path(notebook)
    if not path.is_file():
        try:
            return om.runtime.job(notebook)
        except ObjectNotFoundError:
            told = f"There is no file {notebook} here, so the name of a job is meant."
            if notebook in runs.commands:
                told += f" What was run is told by `omega runs {notebook}`."
            click.echo(told, err=True)
            raise
    put = om.jobs.put(path.read_bytes(), Name(name_of(path)), kind="notebook")
    click.echo(f"{path} is put into the repository as job {put.name}@{put.revision}.", err=True)
    return om.runtime.job(Name(put.name))


def needs_worker(om: Omega, label: str) -> bool:
    """Say whether nobody is there to perform the run, and it is for us to change that."""
    if om.config.mongo_url is not None or label != om.runtime.label:
        return False  # what this machine does not offer it cannot lend
    if any(_lives(worker, label) for worker in om.runtime.workers()):
        return False
    click.echo(
        "No worker runs: one is started for this run. `omega lab` or `omega worker` keeps one.",
        err=True,
    )
    return True


def _temporary_worker(om: Omega, label: str) -> AbstractContextManager[object]:
    from omegaml_lab.services.connection import temporary_worker

    return temporary_worker(replace(om.config, label=label))


def _lives(worker: Worker, label: str) -> bool:
    """Whether a worker that was heard of lately is still there, as far as we can see."""
    if worker.label != label:
        return False
    if worker.host != socket.gethostname():
        return True
    try:
        os.kill(worker.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _queued(queued: Run, *, as_json: bool) -> int:
    if as_json:
        print_json(queued.to_dict())
        return 0
    click.echo(f"Run {queued.id} of {queued.job} is {queued.status}.")
    if queued.notice:
        click.secho(queued.notice, fg="yellow")
    click.echo(f"`omega runs show {queued.id}` tells how it goes.")
    return 0


def _left(left: Run) -> int:
    waits = left.status is Status.QUEUED
    click.echo(
        f"\nRun {left.id} {'waits for a worker' if waits else 'goes on'}:"
        f" `omega runs show {left.id}` tells how it goes, `omega runs cancel {left.id}` ends it.",
        err=True,
    )
    return _INTERRUPTED


def _ended(om: Omega, ended: Run, *, publish: bool, as_json: bool) -> int:
    link = None
    if publish and ended.status is Status.SUCCEEDED:
        # The worker publishes too, right after the run has ended: whoever is first does it.
        job = Name(om.runtime.runs.job_of(ended))
        known = om.reports.list(job)
        report = known[0] if known else om.reports.publish(job)
        link = public_link(om.config.home, report.url)
    if as_json:
        print_json({**ended.to_dict(), "link": link})
    else:
        print_end(ended)
        if link:
            click.echo(f"Report: {link}")
            if link.startswith("/"):
                click.echo("`omega lab` serves it; OMEGA_PUBLIC_URL makes it a whole link.")
    return 0 if ended.status is Status.SUCCEEDED else 1
