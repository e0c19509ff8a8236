"""Signatures: what parameters a function takes, read off its source."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from omegaml_lab.core.parameters import Parameter, declared

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["parameters_of", "shown_signature"]

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def parameters_of(source: str, name: str) -> list[Parameter]:
    """Return what the function `name` in `source` takes by name, in its order.

    It is empty where there is no such function.
    """
    function = _find(source, name)
    return [] if function is None else list(_declared(function.args))


def shown_signature(source: str, name: str) -> str:
    """Return the parameters of a function as they are written, ``(a, b=1)``."""
    function = _find(source, name)
    return f"({ast.unparse(function.args)})" if function is not None else ""


def _find(source: str, name: str) -> _Function | None:
    body = ast.parse(source).body
    named = (node for node in body if isinstance(node, _Function) and node.name == name)
    return next(named, None)


def _declared(given: ast.arguments) -> Iterator[Parameter]:
    plain = [*given.posonlyargs, *given.args]
    defaults = [*([None] * (len(plain) - len(given.defaults))), *given.defaults]
    named = [*zip(plain, defaults, strict=True)][len(given.posonlyargs) :]
    for argument, default in [*named, *zip(given.kwonlyargs, given.kw_defaults, strict=True)]:
        yield declared(argument.arg, argument.annotation, default)
