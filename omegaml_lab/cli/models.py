"""`omega models`: what the models store keeps, and what workers do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from omegaml_lab.cli.calls import data_argument, print_answer
from omegaml_lab.cli.objects import store_group
from omegaml_lab.cli.session import Session, examples, json_option, pass_session
from omegaml_lab.core.calls import FITTING, METHODS

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["models"]

models = store_group(
    "models",
    "Models in the repository.\n\nPut and get them from Python: `om.models.put(model, name)`.",
    "flights/delay",
)


def _label_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--label", help="What the worker must offer.")(command)


@models.command()
@click.argument("name")
@click.argument("data")
@click.argument("target", required=False)
@click.option(
    "--method",
    type=click.Choice([method for method in METHODS if method not in FITTING]),
    default="predict",
    show_default=True,
    help="What to call.",
)
@click.option("--put", "dataset", metavar="DATASET", help="Keep the answer as a dataset.")
@_label_option
@json_option
@pass_session
@examples(
    "omega models predict flights/delay flights/today --put flights/expected",
    "omega models predict flights/delay '[[6, 1400]]'",
    "omega models predict flights/delay flights/june june/delays --method score",
)
def predict(
    session: Session,
    *,
    name: str,
    data: str,
    target: str | None,
    method: str,
    dataset: str | None,
    label: str | None,
    as_json: bool,
) -> None:
    """Have a worker predict, and print the answer as JSON.

    DATA is the name of a dataset, or JSON: a list of rows, each a list of values, or an object
    of names and values. TARGET is what a score compares with.
    """
    given = [data_argument(text) for text in (data, target) if text is not None]
    with session.open() as om:
        runtime = om.runtime.require(label) if label else om.runtime
        call = runtime.model(name).start(method, *given)
        print_answer(om, call, put=dataset, as_json=as_json)


@models.command()
@click.argument("name")
@click.argument("data")
@click.argument("target", required=False)
@_label_option
@json_option
@pass_session
@examples("omega models fit flights/delay flights/june june/delays")
def fit(
    session: Session,
    *,
    name: str,
    data: str,
    target: str | None,
    label: str | None,
    as_json: bool,
) -> None:
    """Have a worker fit a model to a dataset, which makes a new revision of it."""
    given = [data_argument(text) for text in (data, target) if text is not None]
    with session.open() as om:
        runtime = om.runtime.require(label) if label else om.runtime
        call = runtime.model(name).start("fit", *given)
        print_answer(om, call, put=None, as_json=as_json)
