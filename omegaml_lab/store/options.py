"""Options: what a caller wants of an object, held against what its kind takes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidOptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omegaml_lab.core.metadata import Metadata

__all__ = ["check_options"]

_NAMED = {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}


def check_options(
    method: Callable[..., Any],
    given: Sequence[Any],
    options: Mapping[str, Any],
    store: str,
    metadata: Metadata,
) -> None:
    """Raise unless a backend's `method` can be called so.

    Raises
    ------
    InvalidOptionError
        If the kind of the object takes no such options.
    """
    if len(given) == 3 and not options:
        return
    signature = inspect.signature(method)
    try:
        signature.bind(*given, **options)
    except TypeError as error:
        named = [p.name for p in signature.parameters.values() if p.kind in _NAMED]
        known = [name for name in named if name not in {"payload", "storage", "name"}]
        takes = f"its options are {', '.join(known)}" if known else "it takes no options"
        reason = f"{error}; {takes}"
        raise InvalidOptionError(store, metadata.name, metadata.kind, reason) from None
