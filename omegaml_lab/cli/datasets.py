"""`omega datasets`: what the datasets store keeps, from and to files that others read."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from omegaml_lab.cli.files import name_of, write_file
from omegaml_lab.cli.objects import print_put, store_group
from omegaml_lab.cli.session import Session, examples, json_option, pass_session
from omegaml_lab.cli.values import parse_condition, where_option
from omegaml_lab.core.names import Name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["datasets"]

datasets = store_group("datasets", "Data in the repository.", "flights/2013")

_FRAMES = {".csv", ".parquet"}


@datasets.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("name", required=False)
@json_option
@pass_session
@examples("omega datasets put flights.parquet", "omega datasets put data/2013.csv flights/2013")
def put(session: Session, *, file: Path, name: str | None, as_json: bool) -> None:
    """Put a file from disk.

    .csv and .parquet become data frames, others stay files. The name is by default the file's,
    for a data frame without the suffix.
    """
    frame = file.suffix.lower() in _FRAMES
    default = Name(name_of(file.with_suffix("") if frame else file))
    content: Any = _read(file) if frame else file
    with session.open() as om:
        print_put(om.datasets.put(content, name or default), as_json=as_json)


@datasets.command()
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--rows", default=10, show_default=True, help="Rows to print without FILE.")
@where_option
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@pass_session
@examples(
    "omega datasets get flights/2013",
    "omega datasets get flights/2013 flights.parquet",
    "omega datasets get 'flights/2013[carrier,delay]@3' --where 'month >= 6' --where 'delay > 60'",
)
def get(
    session: Session,
    *,
    name: str,
    file: Path | None,
    rows: int,
    where: tuple[str, ...],
    force: bool,
) -> None:
    """Write a dataset to a file on disk, or print its first rows.

    Data frames are written as .csv or .parquet, files as they are. Of a data frame the name may
    say the columns: 'NAME[one,two]', or 'NAME[^one]' for all but one.
    """
    import pandas as pd

    conditions = [parse_condition(text) for text in where]
    with session.open() as om:
        kind = om.datasets.metadata(name).kind
        if kind == "file" and not conditions:
            content: Any = om.datasets.read_bytes(name)
        elif kind == "pandas.chunks" and file is None:
            content = om.datasets.head(name, rows, *conditions)
        else:
            content = om.datasets.get(name, *conditions)
    if isinstance(content, pd.Series):
        content = content.to_frame(content.name if content.name is not None else "value")
    if file is None:
        shown = content.head(rows) if isinstance(content, pd.DataFrame) else content
        click.echo(shown)
        return
    write_file(file, _written(content, file), force=force)
    click.echo(f"{file} written")


def _read(file: Path) -> pd.DataFrame:
    import pandas as pd

    reader = pd.read_csv if file.suffix.lower() == ".csv" else pd.read_parquet
    try:
        return reader(file)
    except (ValueError, OSError) as error:
        raise click.ClickException(
            f"{file} is not a {file.suffix} that can be read: {error}"
        ) from error


def _written(content: Any, file: Path) -> bytes:
    import pandas as pd

    if isinstance(content, bytes):
        return content
    if not isinstance(content, pd.DataFrame) or file.suffix.lower() not in _FRAMES:
        raise click.UsageError(
            f"A {type(content).__name__} cannot be written to {file.name}: data frames go to"
            " .csv or .parquet; get other values from Python."
        )
    buffer = io.BytesIO()
    if file.suffix.lower() == ".csv":
        content.to_csv(buffer, index=not isinstance(content.index, pd.RangeIndex))
    else:
        content.to_parquet(buffer)
    return buffer.getvalue()
