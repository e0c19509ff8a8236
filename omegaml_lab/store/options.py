"""Options: what a caller wants of an object, held against what its kind takes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidOptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["checked"]

_GIVEN = {"obj", "payload", "storage", "name"}
_NAMED = {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}


def checked(
    method: Callable[..., Any],
    given: Sequence[Any],
    options: Mapping[str, Any],
    about: tuple[str, str, str],
) -> Any:
    """Call a backend's `method`; `about` is the store, the name and the kind of the object.

    Raises
    ------
    InvalidOptionError
        If the kind of the object takes no such options.
    """
    signature = inspect.signature(method)
    try:
        signature.bind(*given, **options)
    except TypeError as error:
        named = [p.name for p in signature.parameters.values() if p.kind in _NAMED]
        known = [option for option in named if option not in _GIVEN]
        takes = f"its options are {', '.join(known)}" if known else "it takes no options"
        reason = f"{error}; {takes}"
        raise InvalidOptionError(*about, reason) from None
    return method(*given, **options)
