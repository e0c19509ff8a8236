"""Values by column on Dask frames, of which one column is taken.

Of ``frame.fillna({"b": 0})["b"]`` Dask makes ``frame["b"].fillna({"b": 0})``. To a column such a
dict says values by the labels of its index: nothing is filled, and nobody is told. Here the column
is read alone too, but as a frame of one. Frames that read nothing of ours are left to Dask.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from dask.dataframe.dask_expr._expr import Expr, Fillna, Isin, Projection, Replace, Round

__all__ = ["keep_frames"]


def keep_frames(reader: type) -> None:
    """Let Dask take a column out of what has values by column only where it stays right.

    That goes for frames that a `reader` reads.
    """
    for made in (Fillna, Isin, Replace, Round):
        _wrap(made, reader)


def _wrap(made: Any, reader: type) -> None:
    simplify: Any = made._simplify_up  # noqa: SLF001 - Dask has no other way in

    def _simplify_up(self: Any, parent: Any, dependents: Any) -> Any:
        simplified = simplify(self, parent, dependents)
        is_column = isinstance(simplified, made) and simplified.ndim < self.ndim
        if not is_column or not _by_column(self) or not [*self.find_operations(reader)]:
            return simplified
        if len(self.columns) == 1:
            return None
        projection: Any = Projection
        label = parent.operand("columns")
        return projection(made(self.frame[[label]], *self.operands[1:]), label)

    made._simplify_up = _simplify_up  # noqa: SLF001


def _by_column(made: Any) -> bool:
    """Say whether there may be values by column: what `isin` asks for is wrapped by Dask."""
    return any(isinstance(operand, dict | pd.Series | Expr) for operand in made.operands[1:])
