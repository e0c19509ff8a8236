"""The command line: `omega`, one file per noun."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from typing import TYPE_CHECKING

import click

from omegaml_lab.cli.datasets import datasets
from omegaml_lab.cli.doctor import doctor
from omegaml_lab.cli.exchange import export, import_
from omegaml_lab.cli.experiments import experiments
from omegaml_lab.cli.gc import gc
from omegaml_lab.cli.groups import groups
from omegaml_lab.cli.jobs import jobs
from omegaml_lab.cli.lab import lab
from omegaml_lab.cli.metrics import metrics
from omegaml_lab.cli.models import models
from omegaml_lab.cli.notifications import notifications
from omegaml_lab.cli.reports import reports
from omegaml_lab.cli.run import run
from omegaml_lab.cli.runs import runs
from omegaml_lab.cli.scheduler import scheduler
from omegaml_lab.cli.schedules import schedules
from omegaml_lab.cli.scripts import scripts
from omegaml_lab.cli.session import Session, examples
from omegaml_lab.cli.status import status
from omegaml_lab.cli.worker import worker
from omegaml_lab.cli.workers import workers
from omegaml_lab.core.errors import OmegaError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "omega"]

_log = logging.getLogger(__name__)
_INTERRUPTED = 130


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 99},
    epilog="Settings come from config.toml in the home folder and from OMEGA_* variables,"
    " e.g. OMEGA_MONGO_URL, OMEGA_BROKER_URL, OMEGA_HOME.",
)
@click.option("--bucket", help="Partition of the repository, instead of the configured one.")
@click.option("--debug", is_flag=True, help="Show where an error comes from.")
@click.version_option(package_name="omegaml-lab", prog_name="omega")
@click.pass_context
@examples(
    "omega lab                                  open JupyterLab on the repository",
    "omega run examples/flights.ipynb           run a notebook on the workers",
    "omega status                               what runs where, and whether it is healthy",
)
def omega(context: click.Context, *, bucket: str | None, debug: bool) -> None:
    """JupyterLab as the front of a whole machine learning platform."""
    if debug:
        logging.basicConfig(level=logging.DEBUG)
    context.obj = Session(bucket=bucket)


for command in (
    *(lab, worker, workers, scheduler, status, doctor, metrics, run),
    *(jobs, runs, groups, experiments, schedules, notifications),
    *(reports, datasets, models, scripts),
    *(export, import_, gc),
):
    omega.add_command(command)


def main(args: Sequence[str] | None = None) -> int:
    """Run `omega` and return its exit code: 0 success, 1 failure, 2 wrong usage."""
    given = list(sys.argv[1:] if args is None else args)
    debug = "--debug" in given
    try:
        result = omega.main(given, prog_name="omega", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return _INTERRUPTED
    except BrokenPipeError:  # `omega runs list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OmegaError as error:
        return _failed(str(error.args[0]) if error.args else str(error), debug=debug)
    except Exception as error:  # noqa: BLE001 - the edge: nothing is above it
        _log.debug("unexpected", exc_info=True)
        hint = "" if debug else " `omega --debug …` shows where it comes from."
        return _failed(f"{type(error).__name__}: {error}.{hint}", debug=debug)
    return result if isinstance(result, int) else 0


def _failed(message: str, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    click.secho(f"Error: {message}", fg="red", err=True)
    return 1
