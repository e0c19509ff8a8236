"""Conditions on the zone maps of chunks: which of them the server may leave out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["AllOf", "AnyOf", "Condition", "Unless", "to_query"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unless:
    """Keep a chunk unless a bound of a column compares so to `value`.

    A bound that is not there, or is of another type, rules nothing out.
    """

    position: int
    bound: Literal["a", "b", "n"]
    op: Literal["lt", "lte", "gt", "gte"]
    value: float | str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Keep what all parts keep."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Keep what one of the parts keeps; of no parts: nothing."""

    parts: tuple[Condition, ...]


Condition = Unless | AllOf | AnyOf


def to_query(condition: Condition) -> dict[str, Any]:
    """Return the condition in MongoDB's language."""
    if isinstance(condition, Unless):
        field = f"z.{condition.position}.{condition.bound}"
        return {field: {"$not": {f"${condition.op}": condition.value}}}
    parts = [to_query(part) for part in condition.parts]
    if isinstance(condition, AllOf):
        return {"$and": parts} if parts else {}
    return {"$or": parts} if parts else {"$nor": [{}]}
