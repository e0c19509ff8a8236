"""`omega models`: what the models store keeps, and what workers do with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from omegaml_lab.cli.calls import data_argument, print_answer
from omegaml_lab.cli.files import name_of
from omegaml_lab.cli.limits import call_limits_options, taken_limits
from omegaml_lab.cli.objects import print_put, store_group
from omegaml_lab.cli.session import Session, examples, json_option, pass_session
from omegaml_lab.core.calls import FITTING, METHODS
from omegaml_lab.core.names import Name

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.omega import Omega
    from omegaml_lab.runtime.client.called import ModelHandle

__all__ = ["models"]

models = store_group(
    "models",
    "Models in the repository.\n\nPut and get them from Python: `om.models.put(model, name)`.",
    "flights/delay",
)


@models.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.argument("name", required=False)
@click.option("--sign", is_flag=True, help="Vouch for it, so that it can be loaded.")
@click.option("--trained-on", metavar="DATASET", multiple=True, help="What it was trained on.")
@json_option
@pass_session
@examples("omega models put mlruns/0/models/m-1/artifacts delay --sign", "omega models put m.bin")
def put(
    session: Session,
    *,
    folder: Path,
    name: str | None,
    sign: bool,
    trained_on: tuple[str, ...],
    as_json: bool,
) -> None:
    """Put an MLflow model folder; what is none stays a file.

    To load it is to run what is in the folder. With --sign you say that you trust it; without,
    it can only be written to a folder again.
    """
    if folder.is_dir() and not (folder / "MLmodel").is_file():
        raise click.UsageError(f"{folder} is no MLflow model folder: it has no file MLmodel.")
    if sign and not folder.is_dir():
        raise click.UsageError(f"{folder} is a file, and nothing of a file is run.")
    options: dict[str, Any] = {"sign": True} if sign else {}
    with session.open() as om:
        metadata = om.models.put(
            folder, name or Name(name_of(folder)), trained_on=trained_on or None, **options
        )
    print_put(metadata, as_json=as_json)


@models.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--force", is_flag=True, help="Replace a file or a folder that exists.")
@pass_session
@examples("omega models get flights/delay", "omega models get flights/delay@3 delay.ubj")
def get(session: Session, *, name: str, file: Path | None, force: bool) -> None:
    """Write a model to a file that its own library reads.

    Nothing of it is run. It is a .skops, .ubj, .txt (lightgbm), .onnx, .safetensors, .keras or
    .pkl file, or the folder of an MLflow model. Without FILE it has the name of the model.
    """
    with session.open() as om:
        target = file or Path(om.models.file_name(name))
        try:
            om.models.export(name, target, replace=force)
        except FileExistsError as error:
            raise click.ClickException(f"{target} exists: --force replaces it.") from error
        except OSError as error:
            raise click.ClickException(f"{target} cannot be written: {error}") from error
    click.echo(f"{target} written")


def _call_options(command: Callable[..., Any]) -> Callable[..., Any]:
    label = click.option("--label", help="What the worker must offer.")
    return label(call_limits_options(command))


def _called(om: Omega, name: str, options: dict[str, Any]) -> ModelHandle:
    label = options.pop("label")
    runtime = om.runtime.require(label) if label else om.runtime
    return runtime.model(name, limits=taken_limits(options))


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
@_call_options
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
    as_json: bool,
    **options: Any,
) -> None:
    """Have a worker predict, and print the answer as JSON.

    DATA is the name of a dataset, or JSON: a list of rows, each a list of values, or an object
    of names and values. TARGET is what a score compares with.
    """
    given = [data_argument(text) for text in (data, target) if text is not None]
    with session.open() as om:
        call = _called(om, name, options).start(method, *given)
        print_answer(om, call, put=dataset, as_json=as_json)


@models.command()
@click.argument("name")
@click.argument("data")
@click.argument("target", required=False)
@_call_options
@json_option
@pass_session
@examples(
    "omega models fit flights/delay flights/june june/delays",
    'omega models fit flights/delay flights/june june/delays --timeout "1 h" --memory "4 GB"',
)
def fit(
    session: Session,
    *,
    name: str,
    data: str,
    target: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Have a worker fit a model to a dataset, as a new revision of it."""
    given = [data_argument(text) for text in (data, target) if text is not None]
    with session.open() as om:
        call = _called(om, name, options).start("fit", *given)
        print_answer(om, call, put=None, as_json=as_json)
