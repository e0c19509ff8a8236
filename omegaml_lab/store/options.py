"""Options: what a caller wants of an object, held against what its kind takes."""

from __future__ import annotations

import inspect
import operator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidOptionError, UnknownColumnError
from omegaml_lab.core.filters import Q
from omegaml_lab.core.options import advice
from omegaml_lab.store.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["check_conditions", "check_flags", "checked", "expected", "options_of"]

_GIVEN = {"obj", "payload", "storage", "name", "about"}
_NAMED = {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}


@lru_cache(maxsize=256)
def options_of(*functions: Callable[..., Any]) -> tuple[str, ...]:
    """Return what can be said to these by name alone, sorted."""
    parameters = [p for each in functions for p in inspect.signature(each).parameters.values()]
    return tuple(sorted({p.name for p in parameters if p.kind is p.KEYWORD_ONLY} - _GIVEN))


def checked(
    method: Callable[..., Any],
    given: Sequence[Any],
    options: Mapping[str, Any],
    about: tuple[str, str, str],
    *,
    own: Sequence[str] = (),
) -> Any:
    """Call a backend's `method`; `about` is the store, the name and the kind of the object.

    `own` are options that the store itself takes beside them.

    Raises
    ------
    InvalidOptionError
        If the kind of the object takes no such options.
    UnknownColumnError
        If it takes the names of columns as options, and has none that is called so.
    """
    signature = _signature(method)
    takes = signature.parameters.values()
    known = [*own, *(p.name for p in takes if p.kind in _NAMED and p.name not in _GIVEN)]
    try:
        signature.bind(*given, **options)
    except TypeError as error:
        unknown = next((option for option in options if option not in signature.parameters), None)
        if unknown is None or any(p.kind is p.VAR_KEYWORD for p in takes):
            raise InvalidOptionError(*about, _bound(error, known)) from None
        raise InvalidOptionError(*about, _no_option(unknown, known)) from None
    try:
        return method(*given, **options)
    except UnknownColumnError as error:
        if not isinstance(error.column, str) or error.column not in options:
            raise
        hint = advice(error.column, known, error.known)
        told = UnknownColumnError(
            error.name, error.column, known=error.known, options=known, hint=hint
        )
        raise told from None


def _signature(method: Callable[..., Any]) -> inspect.Signature:
    if inspect.ismethod(method):
        return _without_self(method.__func__)
    return inspect.signature(method)


@lru_cache(maxsize=256)
def _without_self(function: Callable[..., Any]) -> inspect.Signature:
    signature = inspect.signature(function)
    return signature.replace(parameters=[*signature.parameters.values()][1:])


def _no_option(unknown: str, known: Sequence[str]) -> str:
    if not known:
        return f"there is no option {unknown!r}, it takes no options"
    listed = ", ".join(sorted(known))
    return f"there is no option {unknown!r}.{advice(unknown, known)} Its options are {listed}"


def _bound(error: TypeError, known: Sequence[str]) -> str:
    if "positional" not in str(error):
        return f"{error}; its options are {', '.join(sorted(known))}"
    listed = f"its options by name: {', '.join(sorted(known))}" if known else "no options"
    return f"it takes no conditions, and {listed}"


def check_flags(about: tuple[str, str, str], **flags: Any) -> None:
    """Raise `InvalidOptionError` unless all are True or False: ``"no"`` would be taken for yes."""
    for option, value in flags.items():
        if type(value).__name__ not in {"bool", "bool_"}:  # those of NumPy, which is not loaded
            reason = f"{option} takes True or False, not {value!r:.60}"
            raise InvalidOptionError(*about, reason)


def expected(about: tuple[str, str, str], expect: Any, **flags: Any) -> int | Seen | None:
    """Return what a put expects, held with its flags against what these may be.

    `InvalidOptionError` is raised if it is no revision, or a flag neither True nor False.
    """
    check_flags(about, **flags)
    if expect is None or isinstance(expect, Seen):
        return expect
    if hasattr(expect, "__index__") and not isinstance(expect, bool):
        return operator.index(expect)
    reason = f"expect takes the number of a revision, not {expect!r:.60}"
    raise InvalidOptionError(*about, reason)


def check_conditions(where: Sequence[Any], about: tuple[str, str, str]) -> None:
    """Raise `InvalidOptionError` unless all that is said of rows are conditions."""
    for condition in where:
        if not isinstance(condition, Q):
            told = f"a condition is a Q, not a {type(condition).__name__}"
            raise InvalidOptionError(*about, f"{told}: {_instead(condition)}")


def _instead(condition: Any) -> str:
    if isinstance(condition, list | tuple) and all(isinstance(one, str) for one in condition):
        return f"say columns={list(condition)!r:.200} for columns"
    written = "write it as a keyword, month__ge=6, or as Q(month__ge=6)"
    if hasattr(condition, "dtype") or callable(condition):
        return f"{written}, or choose among the rows of getl() as in pandas"
    return written
