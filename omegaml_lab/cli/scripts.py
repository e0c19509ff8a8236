"""`omega scripts`: what the scripts store keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from omegaml_lab.cli.calls import print_answer
from omegaml_lab.cli.files import name_of, write_or_print
from omegaml_lab.cli.limits import call_limits_options, taken_limits
from omegaml_lab.cli.objects import print_put, store_group
from omegaml_lab.cli.session import Session, examples, json_option, pass_session
from omegaml_lab.cli.values import parameters_option, parse_values
from omegaml_lab.core.names import Name

__all__ = ["scripts"]

scripts = store_group("scripts", "Python code in the repository.", "flights/clean.py")


@scripts.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.argument("name", required=False)
@click.option("--requires", multiple=True, help="A requirement, as pip takes it; repeatable.")
@click.option("--main", help="The function to run, instead of `run` or `main`.")
@json_option
@pass_session
@examples(
    "omega scripts put clean.py",
    "omega scripts put clean.py flights/clean.py --requires 'pandas>=3'",
    "omega scripts put ./my-project tools",
)
def put(
    session: Session,
    *,
    file: Path,
    name: str | None,
    requires: tuple[str, ...],
    main: str | None,
    as_json: bool,
) -> None:
    """Put code from disk, under its own name or another one.

    FILE is a Python file, or a package: the folder of a project, a source distribution
    (.tar.gz) or a wheel. Any other file is kept as it is.
    """
    options = {"requires": requires, "main": main}
    given: dict[str, Any] = {key: value for key, value in options.items() if value}
    with session.open() as om:
        stored = om.scripts.put(file, name or Name(name_of(file) or file.resolve().name), **given)
    print_put(stored, as_json=as_json)


@scripts.command()
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@pass_session
@examples("omega scripts get flights/clean.py", "omega scripts get flights/clean.py@2 old.py")
def get(session: Session, *, name: str, file: Path | None, force: bool) -> None:
    """Write a script to a file on disk, or to the terminal with `-`."""
    with session.open() as om:
        data = om.scripts.read_bytes(name)
        target = file or Path(Path(om.scripts.metadata(name).name).name)
    write_or_print(target, data, force=force)


@scripts.command()
@click.argument("name")
@parameters_option
@click.option("--put", "dataset", metavar="DATASET", help="Keep what it returns as a dataset.")
@click.option("--label", help="What the worker must offer.")
@call_limits_options
@json_option
@pass_session
@examples(
    "omega scripts run flights/clean -p month=6",
    "omega scripts run flights/clean --put flights/cleaned",
)
def run(
    session: Session,
    *,
    name: str,
    given: tuple[str, ...],
    dataset: str | None,
    label: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Run a script on a worker, and print what it returns as JSON."""
    with session.open() as om:
        runtime = om.runtime.require(label) if label else om.runtime
        script = runtime.script(name, limits=taken_limits(options))
        values = parse_values(name, given, script.parameters() if given else [])
        print_answer(om, script.start(**values), put=dataset, as_json=as_json)
