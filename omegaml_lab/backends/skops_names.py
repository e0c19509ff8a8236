"""What files of skops keep by its name: functions and classes, which that name has to find again.

skops writes whatever name an object says it has. That of a lambda finds nothing, and that of a
function which was defined once more finds another one.
"""

from __future__ import annotations

import importlib
from functools import cache
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["check_here", "teach_names"]


@cache
def teach_names() -> None:
    """Let skops write, in what is ours, only names that find what is meant, from now on."""
    from skops.io._utils import SaveContext, _get_state, get_module
    from skops.io.exceptions import UnsupportedTypeException

    def by_name(theirs: Any) -> Any:
        def state(obj: Any, context: Any) -> Any:
            module = get_module(obj)
            ours = type(context) is not SaveContext and module != "builtins"
            if ours and _found(module, obj.__name__) is not obj:
                raise UnsupportedTypeException(
                    f"{obj.__qualname__!r} in it, which is not found by its name in {module}: "
                    "define it there by `def` or `class`, once and not within something else"
                )
            return theirs(obj, context)

        return state

    for cls in (MethodDescriptorType, FunctionType, BuiltinFunctionType, type):
        _get_state.register(cls)(by_name(_get_state.dispatch(cls)))


def check_here(types: Iterable[str], name: str) -> None:
    """Raise unless what a model is made of is found here.

    Raises
    ------
    MissingDependencyError
        If something is not.
    """
    for type_name in sorted(types):
        module, _, own = type_name.rpartition(".")
        if module and _found(module, own) is None:
            remedy = "Define it in a module, and install that where the model is got."
            if module != "__main__":
                remedy = f"Install {module.partition('.')[0]!r}, as it was where it was put."
            raise MissingDependencyError(f"{type_name}, of which the model {name!r} is,", remedy)


def _found(module: str, name: str) -> Any:
    try:
        holder: Any = importlib.import_module(module)
    except ImportError:  # a method is named by the class that has it
        outer, _, own = module.rpartition(".")
        holder = _found(outer, own) if outer else None
    return None if holder is None else getattr(holder, name, None)
