"""`omega experiments`: what runs have logged, and how they compare."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from omegaml_lab.cli.output import ago, print_json, print_table, seconds, text
from omegaml_lab.cli.session import Session, examples, json_option, pass_session
from omegaml_lab.core.experiments import Best

if TYPE_CHECKING:
    from omegaml_lab.core.experiments import Row

__all__ = ["experiments"]


@click.group()
def experiments() -> None:
    """Look at experiments: groups of runs, and what these have logged."""


@experiments.command("list")
@json_option
@pass_session
@examples("omega experiments list")
def list_experiments(session: Session, *, as_json: bool) -> None:
    """List experiments, the one with the newest run first."""
    with session.open() as om:
        found = om.runtime.experiments.list()
    if as_json:
        print_json([one.to_dict() for one in found])
        return
    print_table(
        ("name", "runs", "going", "changed"),
        ((one.name, one.runs, one.going or "", ago(one.modified_at)) for one in found),
        empty="There are no experiments. `with om.runtime.experiment(NAME) as exp:` begins one.",
    )


@experiments.command()
@click.argument("name")
@click.option("--metric", help="Only values of this metric.")
@click.option("--run", "run_id", help="Only values of the run with this id.")
@json_option
@pass_session
@examples("omega experiments show flights --metric loss")
def show(
    session: Session, *, name: str, metric: str | None, run_id: str | None, as_json: bool
) -> None:
    """Print the values of an experiment, in their order."""
    with session.open() as om:
        om.runtime.experiments.get(name)
        data = om.runtime.experiments.data(name, run=run_id, metric=metric)
    values = data.to_dict("records")
    if as_json:
        print_json(values)
        return
    print_table(
        ("run", "metric", "step", "value", "at"),
        (
            (v["run"], v["metric"], v["step"], f"{v['value']:g}", f"{v['at']:%F %T}")
            for v in values
        ),
        empty="There are no such values.",
    )


@experiments.command()
@click.argument("name")
@click.option("--metric", "metrics", multiple=True, help="Only this one. May be repeated.")
@click.option(
    "--by",
    type=click.Choice([best.value for best in Best]),
    default=Best.LAST.value,
    show_default=True,
    help="Which value of a metric stands for a run.",
)
@json_option
@pass_session
@examples("omega experiments compare flights --metric loss --by min")
def compare(
    session: Session, *, name: str, metrics: tuple[str, ...], by: str, as_json: bool
) -> None:
    """Compare the runs of an experiment, the newest first."""
    with session.open() as om:
        om.runtime.experiments.get(name)
        rows = om.runtime.experiments.rows(name, metrics or None, by=by)
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    parameters = list(dict.fromkeys(key for row in rows for key in row.parameters))
    figures = list(dict.fromkeys(key for row in rows for key in row.metrics))
    print_table(
        ("run", "status", "duration", *parameters, *figures),
        (_cells(row, parameters, figures) for row in rows),
        empty="It has no runs.",
    )


@experiments.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@pass_session
@examples("omega experiments drop flights")
def drop(session: Session, *, names: tuple[str, ...]) -> None:
    """Forget experiments, for good.

    What was logged goes, and so do runs that were made by nothing but the block of an
    experiment. Runs of jobs, models and scripts stay, and so do artifacts.
    """
    with session.open() as om:
        for name in names:
            om.runtime.experiments.drop(name)
            click.echo(f"{name} is dropped")


def _cells(row: Row, parameters: list[str], figures: list[str]) -> tuple[object, ...]:
    return (
        row.run,
        row.status,
        seconds(row.duration),
        *(text(row.parameters.get(key)) for key in parameters),
        *(f"{row.metrics[key]:g}" if key in row.metrics else "" for key in figures),
    )
