"""The first rows of what comes in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["first_rows"]


def first_rows(parts: Iterator[Any], n: int) -> Any:
    """Return the first `n` rows of frames or arrays, and take no more parts than hold them."""
    taken = [next(parts)]
    while sum(map(len, taken)) < n and (more := next(parts, None)) is not None:
        taken.append(more)
    first = taken[0] if len(taken) == 1 else _joined(taken)
    return first.head(n) if hasattr(first, "head") else first[:n]


def _joined(parts: list[Any]) -> Any:
    package = type(parts[0]).__module__.partition(".")[0]
    if package == "polars":
        import polars as pl

        return pl.concat(parts)
    if package == "pyarrow":
        import pyarrow as pa

        return pa.concat_tables(parts)
    if package == "numpy":
        import numpy as np

        return np.concatenate(parts)
    import pandas as pd

    return pd.concat(parts)
