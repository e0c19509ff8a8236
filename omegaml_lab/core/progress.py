"""Progress: the hook by which long work tells how far it is. Nothing here prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

__all__ = ["Progress", "silent"]

T = TypeVar("T")


class Progress(Protocol):
    """Tells somebody about work while it is done."""

    def __call__(self, items: Iterable[T], *, what: str, total: int) -> Iterator[T]:
        """Yield `items`, of which there are `total`, and tell of each: `what` is being done."""


def silent(items: Iterable[T], *, what: str, total: int) -> Iterator[T]:  # noqa: ARG001
    """Yield `items` and tell nobody."""
    yield from items
