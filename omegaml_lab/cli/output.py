"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import re
import shutil
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from omegaml_lab.core.shown import size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console
    from rich.progress import Progress
    from rich.style import Style

__all__ = [
    "STATUS_COLOURS",
    "ago",
    "console",
    "print_facts",
    "print_json",
    "print_table",
    "progress_bar",
    "seconds",
    "size",
    "text",
]

STATUS_COLOURS = {
    "queued": "yellow",
    "running": "blue",
    "succeeded": "green",
    "failed": "red",
    "cancelled": "magenta",
    "lost": "red",
}


def console(*, stderr: bool = False) -> Console:
    """Return where to print: the terminal's width, or a wide page when it is not one."""
    from rich.console import Console

    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = shutil.get_terminal_size().columns if terminal else 200
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)


def progress_bar(told: str, *, disable: bool) -> Progress:
    """Return a bar on stderr that goes when it is done; `told` is the text behind it."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn(told, markup=False),
        TimeElapsedColumn(),
        console=console(stderr=True),
        transient=True,
        disable=disable,
    )


def print_json(value: Any) -> None:
    """Print JSON, times as ISO 8601."""
    options: dict[str, Any] = {"indent": 2, "default": _plain, "ensure_ascii": False}
    try:
        text = json.dumps(value, allow_nan=False, **options)
    except ValueError:
        # A number that JSON does not have becomes null. Python reads back what it wrote.
        text = json.dumps(
            json.loads(json.dumps(value, **options), parse_constant=_null), **options
        )
    click.echo(text)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str, more: str = ""
) -> None:
    """Print a table; cells that are words of a status get its colour.

    Terminals open links by a click, also those that are folded. `empty` is said when there are
    no rows, `more` below the table.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        cells = ["" if cell is None else str(cell) for cell in row]
        # As Text: names are data, and may hold what would otherwise be markup.
        table.add_row(*(Text(cell, style=_style(cell)) for cell in cells))
    if table.row_count == 0:
        click.echo(empty)
        return
    console().print(table)
    if more:
        click.echo(more)


def _style(cell: str) -> Style:
    from rich.style import Style

    # A blank would end a link, and what is no link may begin like one.
    link = cell if re.fullmatch(r"https?://\S+", cell) else None
    return Style(color=STATUS_COLOURS.get(cell), link=link)


def print_facts(facts: Mapping[str, object]) -> None:
    """Print names and values below each other; values that are None are left out."""
    shown = {name: value for name, value in facts.items() if value is not None and value != ""}
    width = max((len(name) for name in shown), default=0)
    for name, value in shown.items():
        click.echo(f"{click.style(name.ljust(width), dim=True)}  {value}")


def text(value: Any) -> str:
    """Return a JSON value as people read it: ``flights 3, planes 1`` for a list of such."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {text(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        # What is in a list of lists, or of dicts, belongs together.
        return ", ".join(_together(inner) for inner in value)
    return "" if value is None else str(value)


def _together(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(_together(inner) for inner in value.values())
    if isinstance(value, list):
        return "(" + " x ".join("n" if inner is None else text(inner) for inner in value) + ")"
    return text(value)


def seconds(value: float | None) -> str:
    """Return how long something took."""
    if value is None:
        return ""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def ago(moment: datetime | None) -> str:
    """Return how long ago something was."""
    if moment is None:
        return ""
    passed = (datetime.now(UTC) - moment).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if passed >= length:
            return f"{passed // length:.0f} {unit} ago"
    return "now" if passed < 1 else f"{passed:.0f} s ago"


def _null(constant: str) -> None:  # noqa: ARG001
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
