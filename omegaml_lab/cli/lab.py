"""`omega lab`: JupyterLab on the repository, with everything it needs."""

from __future__ import annotations

from pathlib import Path

import click

from omegaml_lab.cli.session import Session, examples, pass_session

__all__ = ["lab"]


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port of Jupyter; else from 8888 on.")
@click.option("--ip", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option(
    "--notebook-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="Folder on disk that is shown as local/; else where you are.",
)
@pass_session
@examples("omega lab", "omega lab --port 9000 --no-browser --notebook-dir ~/notebooks")
def lab(
    session: Session, *, port: int | None, ip: str, no_browser: bool, notebook_dir: Path
) -> None:
    """Open JupyterLab on the repository.

    Starts MongoDB, a worker, the scheduler and Jupyter, keeps them running, and ends all of
    them on Ctrl-C. A second `omega lab` shares what the first one runs and has a Jupyter of its
    own. With OMEGA_MONGO_URL or OMEGA_BROKER_URL those servers are used instead.
    """
    from omegaml_lab.services.jupyter import JupyterOptions
    from omegaml_lab.services.lab import Lab

    config = session.config()
    options = JupyterOptions(ip=ip, port=port, browser=not no_browser, folder=notebook_dir)

    def say(line: str) -> None:
        click.echo(line, err=True)

    def ready(url: str) -> None:
        click.secho(f"\nOmega Lab is ready: {url}\n", bold=True)
        say(f"Logs are in {config.home / 'logs'}. Ctrl-C ends everything.")

    say("Starting Omega Lab …")
    Lab(config, options, say=say, ready=ready).run()
    say("Omega Lab has ended.")
