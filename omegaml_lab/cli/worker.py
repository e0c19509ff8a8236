"""`omega worker`: perform runs."""

from __future__ import annotations

import click

from omegaml_lab.cli.session import Session, examples, pass_session

__all__ = ["worker"]


@click.command()
@click.option("--label", help="What this worker offers; runs that require it come here.")
@click.option("--concurrency", type=click.IntRange(1), help="Runs performed at once.")
@click.option(
    "--autoscale",
    metavar="MIN,MAX",
    help="As many runs at once as wait, within these bounds, instead of --concurrency.",
)
@click.option(
    "--grace",
    default=5.0,
    show_default=True,
    help="Seconds that going runs have when the worker is to end; then they are queued again.",
)
@pass_session
@examples(
    "omega worker", "omega worker --label gpu --concurrency 1", "omega worker --autoscale 2,8"
)
def worker(
    session: Session,
    *,
    label: str | None,
    concurrency: int | None,
    autoscale: str | None,
    grace: float,
) -> int:
    """Perform runs until Ctrl-C.

    Starts the embedded MongoDB if it does not run; with OMEGA_MONGO_URL and OMEGA_BROKER_URL
    it works for those servers, on as many machines as you like.
    """
    from omegaml_lab.services.connection import resolve
    from omegaml_lab.worker import main

    if concurrency is not None and autoscale is not None:
        raise click.UsageError("give either --concurrency or --autoscale, not both")
    if concurrency is not None:
        autoscale = ""  # what was said here wins over a setting
    config = resolve(session.config(label=label, concurrency=concurrency, autoscale=autoscale))
    least, most = config.slots
    many = f"{least}" if least == most else f"{least} to {most}"
    runs = "run" if most == 1 else "runs"
    click.echo(f"A worker with label {config.label} performs {many} {runs} at once.")
    return main(config, grace=grace)
