"""Functions as source, checked to be whole: nothing that they use may be missing elsewhere."""

from __future__ import annotations

import ast
import builtins
import dis
import functools
import inspect
import textwrap
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from omegaml_lab.code.loading import compiled
from omegaml_lab.core.errors import InvalidScriptError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["source_of"]

_Function = ast.FunctionDef | ast.AsyncFunctionDef

# IPython adds the last two to the builtins of notebooks; elsewhere they are not there.
_ALWAYS = (
    {*dir(builtins), "__file__", "__annotations__", "__module__", "__qualname__"}
    - {"display", "get_ipython"}
)  # fmt: skip
_LOADS = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"}
_STORES = {"STORE_NAME", "STORE_GLOBAL"}


def source_of(function: Any, name: str, *, without: tuple[str, ...] = ()) -> tuple[str, str]:
    """Return the source of a function, by itself, and what it is called there.

    Parameters
    ----------
    function
        The function, as defined in a file or a notebook.
    name
        What it is to be kept as, for the errors.
    without
        Names of decorators that are left out.

    Raises
    ------
    InvalidScriptError
        If it is no function by itself, or uses what will be missing elsewhere.
    """
    if reason := _refusal(function):
        raise InvalidScriptError(name, reason)
    plain = inspect.unwrap(function)
    source, node = _parsed(_read(plain, name), name)
    source = _undecorated(source, node, without)
    if free := plain.__code__.co_freevars:
        listed = ", ".join(repr(variable) for variable in free)
        reason = f"it uses {listed} of the function that it is defined in, which will be missing"
        raise InvalidScriptError(name, f"{reason}: make that a parameter")
    decorators = {_root(decorator) for decorator in node.decorator_list}
    if lost := list(_missing(source)):
        hints = [_hint(each, plain.__globals__, decorators) for each in lost]
        reason = "it uses what is not there where it will run: " + "; ".join(hints)
        raise InvalidScriptError(name, reason)
    return source, node.name


def _refusal(function: Any) -> str | None:
    if isinstance(function, functools.partial):
        return "it is a partial; write a function that calls the other one"
    if isinstance(function, MethodType):
        return "it is a method, and what its object holds would be missing; write a function"
    plain = inspect.unwrap(function)
    if isinstance(plain, BuiltinFunctionType) or not isinstance(plain, FunctionType):
        return f"{type(function).__name__} {function!r} has no Python source; write a function"
    if plain.__name__ == "<lambda>":
        return "it is a lambda, which has no name and no lines of its own; write it with def"
    return None


def _read(function: FunctionType, name: str) -> str:
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError) as error:
        reason = "its source is not to be had, as it was typed at a prompt or made by exec"
        raise InvalidScriptError(name, f"{reason}; define it in a file or a notebook") from error


def _parsed(source: str, name: str) -> tuple[str, _Function]:
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        reason = f"its lines cannot be read by themselves ({error})"
        raise InvalidScriptError(name, f"{reason}; define it at the left margin") from error
    if len(body) != 1 or not isinstance(body[0], _Function):
        reason = "its lines hold more than its definition; put it on lines of its own"
        raise InvalidScriptError(name, reason)
    return source, body[0]


def _undecorated(source: str, node: _Function, without: tuple[str, ...]) -> str:
    """Return the source without the lines of some decorators."""
    lines = source.splitlines(keepends=True)
    for decorator in reversed(node.decorator_list):
        if _root(decorator).rpartition(".")[2] in without:
            del lines[decorator.lineno - 1 : decorator.end_lineno]
            node.decorator_list.remove(decorator)
    return "".join(lines).rstrip() + "\n"


def _root(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(called)


def _missing(source: str) -> Iterator[str]:
    """Yield the names that the code uses and neither defines nor has from Python."""
    codes = list(_codes(compiled(source, "<function>", whole=False)))
    defined = {name for code in codes for name in _names(code, _STORES)}
    seen = set(_ALWAYS)
    for code in codes:
        for name in _names(code, _LOADS):
            if name not in defined and name not in seen:
                seen.add(name)
                yield name


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _names(code: CodeType, operations: set[str]) -> Iterator[str]:
    for step in dis.get_instructions(code):
        if step.opname in operations:
            yield str(step.argval)


def _hint(name: str, known: Mapping[str, Any], decorators: set[str]) -> str:
    """Return the name with what to do about it."""
    if any(name == decorator.partition(".")[0] for decorator in decorators):
        return f"{name!r}, which decorates it (put the module that has both)"
    if name not in known:
        return f"{name!r}, which is defined nowhere"
    value = known[name]
    if isinstance(value, ModuleType):
        alias = "" if value.__name__ == name else f" as {name}"
        return f"{name!r} (write `import {value.__name__}{alias}` inside of it)"
    module = getattr(value, "__module__", None)
    if not isinstance(module, str) or module in {"__main__", known.get("__name__")}:
        return f"{name!r} (define it inside, make it a parameter, or put the whole module)"
    original = getattr(value, "__name__", name)
    alias = "" if original == name else f" as {name}"
    return f"{name!r} (write `from {module} import {original}{alias}` inside of it)"
