"""Masks on Dask frames one after the other, of which two stay two.

Dask joins two filters of rows to one after it changed the mask of the first: the other mask is of
fewer rows then, and pandas puts both together by labels, which may repeat and be in any order. It
does so with all that is derived from a lazy frame too (``assign``, ``rename``), which is made of
Dask's own classes: so it is told there. Frames that read nothing of ours are left to Dask.
"""

from __future__ import annotations

from typing import Any

from dask.dataframe.dask_expr._expr import Filter, FilterAlign

__all__ = ["keep_apart"]


def keep_apart(reader: type) -> None:
    """Let Dask join no filters of rows that a `reader` reads."""
    simplify: Any = Filter._simplify_up  # noqa: SLF001 - Dask has no other way in

    def _simplify_up(self: Any, parent: Any, dependents: Any) -> Any:
        if isinstance(parent, Filter | FilterAlign) and [*self.find_operations(reader)]:
            return None
        return simplify(self, parent, dependents)

    Filter._simplify_up = _simplify_up  # type: ignore[method-assign]  # noqa: SLF001
