"""What notebooks show of an object: small tables in HTML, and sizes as people read them."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["facts", "listing", "size"]

_LONGEST = 200


def size(count: int) -> str:
    """Return a size that people read, in powers of 1024."""
    number, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if number < 1024 or unit == "TiB":
            break
        number /= 1024
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"


def facts(title: str, known: Mapping[str, Any]) -> str:
    """Return a table of what is known, without what is None or empty."""
    told = ((key, value) for key, value in known.items() if value not in (None, "", (), [], {}))
    rows = "".join(
        f"<tr><th>{escape(key)}</th><td>{_text(value)}</td></tr>" for key, value in told
    )
    return f"<div><strong>{escape(title)}</strong></div><table>{rows}</table>"


def listing(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], more: int) -> str:
    """Return a table of some rows, of which there are `more`."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    cells = ("".join(f"<td>{_text(cell)}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    rest = f"<div>… and {more:,} more</div>" if more > 0 else ""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return (
        f"<div><strong>{escape(title)}</strong></div>{table if body else '<div>empty</div>'}{rest}"
    )


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        value = value.strftime("%Y-%m-%d %H:%M:%S UTC")
    elif isinstance(value, tuple | list):
        value = ", ".join(map(str, value))
    shown = str(value)
    return escape(shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…")
