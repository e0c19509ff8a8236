"""What files of skops keep by how it is made: distributions of scipy, indexes of pandas.

skops would write what is inside of them. Of an index it cannot, and of a distribution some of that
is text which scipy executes as code. Here a file says which function makes them of what, in words
that skops reads: ``operator.call(functools.partial(scipy.stats.uniform, 0, 3))``.
"""

from __future__ import annotations

import importlib
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from omegaml_lab.backends.skops_arrays import nodes

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["INDEXES", "is_distribution", "teach_calls", "types_of"]

_CALL = "operator.call"
_STATS = "scipy.stats"
INDEXES = frozenset({"pandas.Index", "pandas.RangeIndex"})
_SAID = ("a", "b", "badvalue", "xtol", "moment_tol", "inc", "shapes")
_TEXTS = frozenset({"str", "object"})
_SCALARS = frozenset({str, int, float, bool, type(None)})


def types_of(root: Any) -> set[str]:
    """Return the types below a node of skops, and its own, that have to be trusted.

    That something is called is no more than what is called and with what, if it is something of
    which this module knows that it is only made by that.
    """
    types: set[str] = root.get_unsafe_set()
    named = [node for node in nodes(root) if f"{node.module_name}.{node.class_name}" == _CALL]
    if _CALL in types and all(_calls(node) and _only_makes(node) for node in named):
        types.discard(_CALL)
    return types


def is_distribution(name: str) -> bool:
    """Say whether this is one of scipy's distributions, which make a frozen one when called."""
    module, _, name = name.rpartition(".")
    if module != _STATS:
        return False
    found = getattr(importlib.import_module(_STATS), name, None)
    return any(cls.__name__ in ("rv_continuous", "rv_discrete") for cls in type(found).__mro__)


def teach_calls() -> None:
    """Let skops ask us about these, in what we write, from now on."""
    for module, lesson in _LESSONS.items():
        if module in sys.modules and module not in _taught:  # else a model has none of its objects
            lesson()
            _taught.add(module)


def _calls(node: Any) -> bool:
    """Say whether a node calls what it holds; others of that name may call anything."""
    return type(node).__name__ == "OperatorFuncNode"


def _only_makes(node: Any) -> bool:
    given = getattr(node.attrs, "content", None)
    if not isinstance(given, list) or len(given) != 1 or type(given[0]).__name__ != "PartialNode":
        return False
    func = given[0].func
    if type(func).__name__ not in ("FunctionNode", "TypeNode"):
        return False
    name = f"{func.module_name}.{func.class_name}"
    return name in INDEXES or is_distribution(name)


def _state_of_call(made: partial[Any], context: Any) -> dict[str, Any]:
    from skops.io._utils import get_state

    node = {"__class__": "call", "__module__": "operator", "__loader__": "OperatorFuncNode"}
    return {**node, "attrs": get_state((made,), context)}


def _distribution(dist: Any, _context: Any) -> dict[str, Any]:
    """Return the state of a distribution that scipy has: its name."""
    from sklearn.utils import check_random_state

    public = getattr(sys.modules[_STATS], str(dist.name), None)
    # A frozen one has a copy of it.
    same = type(public) is type(dist) and _said_of(public) == _said_of(dist)
    if not same:
        raise _unsupported(f"the distribution {dist.name!r}, which is none of scipy.stats")
    if dist.random_state is not check_random_state(None):
        reason = "a random_state of its own; give that to what draws from it, as to the search"
        raise _unsupported(f"the distribution {dist.name!r} with {reason}")
    return {"__class__": dist.name, "__module__": _STATS, "__loader__": "FunctionNode"}


def _said_of(dist: Any) -> str:
    """Return what a distribution was made with, as text: some of it may be NaN."""
    return repr([getattr(dist, name, None) for name in _SAID])


def _frozen(frozen: Any, context: Any) -> dict[str, Any]:
    return _state_of_call(partial(frozen.dist, *frozen.args, **frozen.kwds), context)


def _index(index: Any, context: Any) -> dict[str, Any]:
    import pandas as pd

    name, dtype = index.name, str(index.dtype)
    if type(index) is pd.RangeIndex and type(name) in _SCALARS:
        made = partial(pd.RangeIndex, index.start, index.stop, index.step, name=name)
        return _state_of_call(made, context)
    if type(index) is pd.Index and type(name) in _SCALARS:
        if dtype in _TEXTS and {type(label) for label in index} <= _SCALARS:
            return _state_of_call(partial(pd.Index, [*index], dtype=dtype, name=name), context)
        if getattr(index.dtype, "kind", "O") in "biuf" and isinstance(index.values, _array()):
            return _state_of_call(partial(pd.Index, index.values, name=name), context)
    return _pandas(index, context)


def _pandas(obj: Any, _context: Any) -> dict[str, Any]:
    reason = "give it as an array of numpy or a list, with `.to_numpy()` or `.tolist()`"
    raise _unsupported(f"pandas' {type(obj).__name__} in it: {reason}")


def _array() -> type:
    import numpy as np

    return np.ndarray


def _unsupported(reason: str) -> Exception:
    from skops.io.exceptions import UnsupportedTypeException

    error: Exception = UnsupportedTypeException(reason)
    return error


def _of_scipy() -> None:
    infrastructure: Any = importlib.import_module("scipy.stats._distn_infrastructure")
    _register(infrastructure.rv_generic, _distribution)
    _register(infrastructure.rv_frozen, _frozen)


def _of_pandas() -> None:
    import pandas as pd

    _register(pd.Index, _index)
    _register(pd.Series, _pandas)
    _register(pd.DataFrame, _pandas)


_LESSONS: dict[str, Callable[[], None]] = {_STATS: _of_scipy, "pandas": _of_pandas}
_taught: set[str] = set()


def _register(cls: type, ours: Callable[[Any, Any], dict[str, Any]]) -> None:
    """Let `ours` make the states of objects of a class, in contexts that are not skops' own."""
    from skops.io._utils import SaveContext, _get_state

    theirs = _get_state.dispatch(cls)

    def state(obj: Any, context: Any) -> Any:
        return (theirs if type(context) is SaveContext else ours)(obj, context)

    _get_state.register(cls)(state)
