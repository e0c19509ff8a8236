"""`omega metrics`: what Prometheus reads."""

from __future__ import annotations

import click

from omegaml_lab.cli.session import Session, examples, pass_session

__all__ = ["metrics"]


@click.command()
@pass_session
@examples("omega metrics", "omega metrics > /var/lib/node_exporter/omega.prom")
def metrics(session: Session) -> None:
    """Tell Prometheus how runs, workers and schedules do.

    What is printed is in its text format. A Jupyter server tells the same under
    omega/api/metrics.
    """
    with session.open() as om:
        click.echo(om.metrics.text(), nl=False)
