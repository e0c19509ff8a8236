"""Virtual objects: a function that stands in for data or a model."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Virtual", "virtual"]


class Virtual:
    """A function to be kept in place of what it returns; see :func:`virtual`."""

    def __init__(self, function: Callable[..., Any], *, requires: Sequence[str] = ()) -> None:
        self.function = function
        self.requires = requires
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, as if it were not wrapped."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<virtual {self.function.__qualname__}>"


@overload
def virtual(function: Callable[..., Any], *, requires: Sequence[str] = ()) -> Virtual: ...
@overload
def virtual(*, requires: Sequence[str] = ()) -> Callable[[Callable[..., Any]], Virtual]: ...
def virtual(
    function: Callable[..., Any] | None = None, *, requires: Sequence[str] = ()
) -> Virtual | Callable[[Callable[..., Any]], Virtual]:
    """Make a function stand in for what it returns: ``om.datasets.put(virtual(f), "name")``.

    It serves as a decorator too, with or without `requires`, the requirements of its code.
    The function is kept as source, so it must be whole by itself like any script.
    """
    if function is None:
        return functools.partial(Virtual, requires=requires)
    return Virtual(function, requires=requires)
