"""Notebooks as they are in files: many lines, as people and version control read them."""

from __future__ import annotations

import nbformat

__all__ = ["BAD_NOTEBOOK", "printed"]

BAD_NOTEBOOK = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ImportError,
    AssertionError,
    RecursionError,
    nbformat.ValidationError,
)
"""What nbformat raises, on purpose or by accident, of what is not a notebook."""


def printed(notebook: bytes) -> bytes:
    """Return the JSON of a notebook as Jupyter writes it: indented, its texts in lines.

    What cannot be printed so is returned as it is.
    """
    try:
        text: str = nbformat.v4.writes(nbformat.v4.reads(notebook.decode("utf-8")))
        return text.encode("utf-8") + b"\n"
    except BAD_NOTEBOOK:
        return notebook
