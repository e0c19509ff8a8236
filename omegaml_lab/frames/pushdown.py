"""Masks on lazy frames, as conditions that rule out chunks before these are read.

``lazy[lazy.month >= 6]`` is a filter of Dask. What is read for it is what a filter of `getl`
would read: the chunks that the zone maps leave. Dask still filters the rows in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dask.dataframe.dask_expr import _expr as dask_expr

from omegaml_lab.core.errors import InvalidFilterError, UnknownColumnError
from omegaml_lab.core.filters import Q
from omegaml_lab.frames.filters import Branch
from omegaml_lab.frames.pieces import Pieces
from omegaml_lab.frames.reader import Selection, select

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.frames.filters import Tree

__all__ = ["Source", "condition_of"]

_OPERATORS = {"LT": "lt", "LE": "le", "GT": "gt", "GE": "ge", "EQ": "eq", "NE": "ne"}
_TURNED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}


class Source:
    """What a lazy frame reads from, all segments of it; it stays with who asked for the frame.

    Elsewhere, as on a scheduler that Dask sends a frame to, it knows of nothing to rule out.
    """

    def __init__(self, pieces: Pieces | None) -> None:
        self._pieces = pieces

    def __reduce__(self) -> Any:
        return Source, (None,)

    def __dask_tokenize__(self) -> object:
        if self._pieces is None:
            return type(self).__name__
        return [segment.id for segment in self._pieces.layout.segments]

    def kept(self, condition: Q) -> set[tuple[str, int]] | None:
        """Return the blocks that a condition leaves: their segments and first rows.

        None says that it means nothing here, so that Dask is left to say why.
        """
        pieces = self._pieces
        if pieces is None:
            return None
        try:
            tree = select(pieces.layout, pieces.storage, Selection(where=condition)).tree
        except (InvalidFilterError, UnknownColumnError):
            return None
        if tree is None:
            return None
        both: Tree = tree
        if pieces.tree is not None:
            both = Branch(join="and", parts=(pieces.tree, tree))
        narrowed = Pieces(pieces.layout, pieces.storage, pieces.positions, both)
        return {(block.segment, block.rows.start) for block in narrowed.blocks()}


def condition_of(predicate: Any, column_of: Callable[[Any], Any]) -> Q | None:
    """Return what a mask asks for, None if it asks for more than values of single columns.

    `column_of` returns the label of the column that an expression is, None if it is none.
    """
    parts = [condition_of(part, column_of) for part in _joined(predicate)]
    if parts:
        return _together(predicate, parts)
    if isinstance(predicate, dask_expr.IsNa | dask_expr.NotNull | dask_expr.Between):
        label = column_of(predicate.frame)
        return None if label is None else _of_one(predicate, *label)
    op = _OPERATORS.get(type(predicate).__name__)
    if op is None:
        return None
    for column, value, way in (
        (predicate.left, predicate.right, op),
        (predicate.right, predicate.left, _TURNED[op]),
    ):
        label = column_of(column)
        if label is not None and not isinstance(value, dask_expr.Expr):
            return Q(*label, way, value)
    return None


def _joined(predicate: Any) -> list[Any]:
    if isinstance(predicate, dask_expr.And | dask_expr.Or):
        return [predicate.left, predicate.right]
    return [predicate.frame] if isinstance(predicate, dask_expr.Invert) else []


def _together(predicate: Any, parts: list[Q | None]) -> Q | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    if len(known) == 1:
        return ~known[0]
    one, other = known
    return one & other if isinstance(predicate, dask_expr.And) else one | other


def _of_one(predicate: Any, label: Any) -> Q | None:
    if isinstance(predicate, dask_expr.Between):
        ends = predicate.left, predicate.right
        plain = predicate.inclusive == "both" and not any(
            isinstance(end, dask_expr.Expr) for end in ends
        )
        return Q(label, "between", ends) if plain else None
    return Q(label, "isnull", isinstance(predicate, dask_expr.IsNa))
