"""Frequencies of time indexes, by the names that pandas has for them."""

from __future__ import annotations

from typing import Any

import pandas as pd
from pandas.tseries.frequencies import to_offset

from omegaml_lab.core.errors import UnsupportedObjectError

__all__ = ["name_of", "with_frequency"]


def name_of(index: pd.Index[Any]) -> str | None:
    """Return the name of an index's frequency, None when it has none.

    Raises
    ------
    UnsupportedObjectError
        If the frequency cannot be had from its name (business days with holidays).
    """
    freq = getattr(index, "freq", None)
    if freq is None or isinstance(index, pd.PeriodIndex):  # a period's is in its dtype
        return None
    name: str = freq.freqstr
    if to_offset(name) != freq:
        raise UnsupportedObjectError("pandas.chunks", f"frequency {freq!r}, which has no name")
    return name


def with_frequency(index: Any, name: str | None) -> Any:
    """Return `index` with the frequency of that name."""
    if name is not None:
        index.freq = to_offset(name)
    return index
