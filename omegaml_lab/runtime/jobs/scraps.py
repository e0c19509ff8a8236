"""Scraps: values that a notebook leaves to be compared by, as the package scrapbook glues them.

Any notebook can leave one without that package: an output of the media type
``application/scrapbook.scrap.json+json`` with a ``name`` and its ``data``. Of these, what is a
number, a truth value or a short text is kept in the record of the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SCRAP", "recorded_in"]

SCRAP = "application/scrapbook.scrap.json+json"
_MOST = 50
_LONGEST = 200


def recorded_in(notebook: Any) -> dict[str, Any]:
    """Return the values that a notebook has left, by their names; of several the last.

    Parameters
    ----------
    notebook
        An executed notebook.
    """
    found: dict[str, Any] = {}
    for scrap in _scraps(notebook):
        name, value = scrap.get("name"), scrap.get("data")
        if isinstance(name, str) and 0 < len(name) <= _LONGEST and _small(value):
            found[name] = value
    return dict(list(found.items())[:_MOST])


def _scraps(notebook: Any) -> Iterator[dict[str, Any]]:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            scrap = output.get("data", {}).get(SCRAP)
            if isinstance(scrap, dict):
                yield scrap


def _small(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST
    # Beyond this MongoDB and JavaScript have no such number.
    return isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 2**53)
