"""Wait for a run, showing how far it has come, and say how it ended."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import click

from omegaml_lab.cli.output import STATUS_COLOURS, progress_bar, seconds
from omegaml_lab.core.runs import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega

__all__ = ["follow", "print_end", "states"]


def states(om: Omega, run: Run) -> Iterator[Run]:
    """Yield each new state of a run until it has ended."""
    yield run
    stop = threading.Event()
    for changed in om.runtime.runs.changes(stop, poll=0.5):
        if changed is not None and changed.id != run.id:
            continue
        # No news: look, because what came before the feed stood is not told by it.
        latest = changed or om.runtime.runs.get(run.id)
        if latest != run:
            run = latest
            yield run
        if run.final:
            stop.set()


def follow(om: Omega, run: Run, *, quiet: bool, notices: bool = True) -> Run:
    """Return the run when it has ended; unless `quiet` a progress bar shows its cells.

    `notices` says whether to tell what keeps it waiting.

    Raises
    ------
    KeyboardInterrupt
        If the person does not want to wait any longer; the run goes on.
    """
    bar = progress_bar("{task.fields[cells]}", disable=quiet)
    said: str | None = None
    with bar:
        task = bar.add_task(run.job, total=None, cells="")
        for run in states(om, run):  # noqa: PLR1704, B020 - the same run, later
            progress = run.progress
            bar.update(
                task,
                description=f"{run.job} {run.status}",
                total=progress.total or None,
                completed=progress.done,
                cells=f"cell {progress.done} of {progress.total}" if progress.total else "",
            )
            if notices and run.notice and run.notice != said and not quiet:
                said = run.notice
                bar.console.print(run.notice, style="yellow")
    return run


def print_end(run: Run) -> None:
    """Say how a run ended, and where its result is."""
    status = click.style(run.status, fg=STATUS_COLOURS[run.status])
    took = f" in {seconds(run.elapsed)}" if run.elapsed is not None else ""
    click.echo(f"Run {run.id} of {run.job} {status}{took}.")
    if run.error is not None:
        where = "" if run.error.cell is None else f" in cell {run.error.cell + 1}"
        click.secho(f"{run.error.name}{where}: {run.error.message}", fg="red", err=True)
    if run.result:
        click.echo(f"Result: {run.result}")
    if run.status is not Status.SUCCEEDED and run.error and run.error.traceback:
        click.echo(f"`omega runs log {run.id}` shows what it printed and the traceback.")
    if run.kept_until is not None and run.resumed_by is None:
        click.echo(f"Its kernel is kept: `omega runs resume {run.id}` goes on at that cell.")
