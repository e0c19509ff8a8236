"""Pages: a part of a long listing, and how long the whole of it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

from omegaml_lab.core.errors import InvalidListingError
from omegaml_lab.core.suggestions import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Page", "check_page"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Sequence[T]):
    """Some `items` of a listing of `total` items; it is the sequence of these items."""

    items: list[T]
    total: int

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        return self.items[place]


def check_page(sort: Any, sorts: Iterable[str], *, offset: Any, limit: Any) -> None:
    """Raise `InvalidListingError` unless there can be such a page of what `sorts` can sort."""
    known = list(sorts)
    if sort not in known:
        told = suggestion(str(sort), known).rstrip("?")
        reason = f"it is sorted by {', '.join(known)}{'.' if told else ''}{told}"
        raise InvalidListingError("sort", sort, reason)
    for option, given in (("offset", offset), ("limit", limit)):
        number = hasattr(given, "__index__") and not isinstance(given, bool) and given >= 0
        if not number and not (given is None and option == "limit"):
            reason = "it takes a whole number from 0 on" + ", or None for all" * (
                option == "limit"
            )
            raise InvalidListingError(option, given, reason)
