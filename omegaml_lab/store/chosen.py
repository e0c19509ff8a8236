"""Columns that are asked for of rows that others keep, by an option or in a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidOptionError, UnknownColumnError
from omegaml_lab.core.names import Columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["chosen", "without"]


def chosen(
    columns: Sequence[str] | Columns | None, about: tuple[str, str, str]
) -> tuple[list[str] | None, tuple[str, ...]]:
    """Return which columns are to be read, None for all, and which are not wanted of these.

    `about` are the store, the name and the kind that are asked.

    Raises
    ------
    InvalidOptionError
        If they are named by no list of texts.
    """
    if isinstance(columns, Columns):
        return (None, columns.labels) if columns.others else ([*columns.labels], ())
    if columns is None or isinstance(columns, str):
        return None if columns is None else [columns], ()
    wanted: list[Any] = list(columns) if hasattr(columns, "__iter__") else [columns]
    for label in wanted:
        if not isinstance(label, str):
            raise InvalidOptionError(*about, f"columns takes a list of names, not {columns!r:.60}")
    return wanted, ()


def without(frame: pd.DataFrame, others: Sequence[str], name: str) -> pd.DataFrame:
    """Return a frame without some of its columns.

    Raises
    ------
    UnknownColumnError
        If one of them is not there.
    """
    for label in others:
        if label not in frame.columns:
            raise UnknownColumnError(name, label, known=frame.columns)
    return frame.drop(columns=list(others)) if others else frame
