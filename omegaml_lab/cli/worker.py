"""`omega worker`: perform runs."""

from __future__ import annotations

import click

from omegaml_lab.cli.session import Session, examples, pass_session

__all__ = ["worker"]


@click.command()
@click.option("--label", help="What this worker offers; runs that require it come here.")
@click.option("--concurrency", type=click.IntRange(1), help="Runs performed at once.")
@click.option(
    "--grace",
    default=5.0,
    show_default=True,
    help="Seconds that going runs have when the worker is to end; then they are queued again.",
)
@pass_session
@examples("omega worker", "omega worker --label gpu --concurrency 1")
def worker(session: Session, *, label: str | None, concurrency: int | None, grace: float) -> int:
    """Perform runs until Ctrl-C.

    Starts the embedded MongoDB if it does not run; with OMEGA_MONGO_URL and OMEGA_BROKER_URL
    it works for those servers, on as many machines as you like.
    """
    from omegaml_lab.services.connection import resolve
    from omegaml_lab.worker import main

    config = resolve(session.config(label=label, concurrency=concurrency))
    click.echo(f"A worker with label {config.label} performs {config.concurrency} runs at once.")
    return main(config, grace=grace)
