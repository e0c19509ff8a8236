"""Pages: a part of a long listing, and how long the whole of it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Page"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some `items` of a listing of `total` items."""

    items: list[T]
    total: int
