"""What is trusted in files of skops: what libraries define to be kept in models, by name.

skops itself trusts estimators and little more. Classes of scikit-learn only hold what they were
fitted to, and what is named here besides only computes: whoever writes a file may name it with
whatever arguments, and nothing but numbers comes of it.
"""

from __future__ import annotations

import importlib
from types import FunctionType
from typing import TYPE_CHECKING, Any

from omegaml_lab.backends.skops_calls import INDEXES, is_distribution
from omegaml_lab.core.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["check_made", "is_known"]

_SPARSE = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
_OF_NUMPY = (
    # The abstract types that choose columns, and what turns columns into others.
    "dtype", "number", "integer", "signedinteger", "unsignedinteger", "inexact", "floating",
    "complexfloating", "generic", "flexible", "character",
    "all", "any", "amax", "amin", "around", "asarray", "atleast_2d", "average", "clip",
    "count_nonzero", "cumprod", "cumsum", "diff", "max", "mean", "median", "min", "nan_to_num",
    "nanmax", "nanmean", "nanmedian", "nanmin", "nanstd", "nansum", "nanvar", "percentile",
    "prod", "ptp", "quantile", "ravel", "real", "round", "sort", "squeeze", "std", "sum",
    "transpose", "unwrap", "var",
)  # fmt: skip
_NAMED = {
    "builtins.object",
    "collections.OrderedDict",
    "functools.partial",  # calls a function that is looked at by itself
    *INDEXES,
    *(f"numpy.{name}" for name in _OF_NUMPY),
    *(f"scipy.sparse._{form}.{form}_{kind}" for form in _SPARSE for kind in ("array", "matrix")),
    "scipy.interpolate._bsplines.BSpline",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "sklearn.cluster._kmeans._kmeans_single_elkan",
    "sklearn.cluster._kmeans._kmeans_single_lloyd",
    "sklearn.utils.validation.check_array",
}
_LIBRARIES = {"sklearn", "xgboost", "lightgbm"}
_SCORES = ("sklearn.feature_selection", "sklearn.metrics", "sklearn.metrics.pairwise")
"""Their public functions take arrays and return numbers."""


def is_known(type_name: str) -> bool:
    """Say whether this is truly something that one of the libraries defines to be kept.

    The prefix is not enough: their modules import functions of others, and whoever writes a
    payload can name those too.
    """
    if type_name in _NAMED or is_distribution(type_name):
        return True
    module_name, _, name = type_name.rpartition(".")
    package = module_name.partition(".")[0]
    if package not in _LIBRARIES:
        return False
    try:
        found: Any = getattr(importlib.import_module(module_name), name, None)
    except ImportError:
        return False
    if getattr(found, "__module__", "") != module_name or found.__qualname__ != name:
        return False
    if isinstance(found, FunctionType):
        return not name.startswith("_") and any(found is _public(m, name) for m in _SCORES)
    return isinstance(found, type) and (package == "sklearn" or _is_model(found))


def check_made(made: Iterable[Any], name: str) -> None:
    """Refuse parts of a model that lead out of themselves: to use them would crash.

    Raises
    ------
    IntegrityError
        If one does.
    """
    for part in made:
        checks = _CHECKS.get(type(part).__name__)
        if checks is None:
            continue
        try:
            checks(part)
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            raise IntegrityError(f"model {name!r}", f"{error}") from error


def _public(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name, None)


def _is_model(found: Any) -> bool:
    from sklearn.base import BaseEstimator

    return issubclass(found, BaseEstimator) or found.__name__ == "Booster"


def _check_tree(tree: Any) -> None:
    """Raise if nodes lead out of a tree, back or nowhere.

    scikit-learn adds children after their parents, and trusts what it reads.
    """
    import numpy as np

    if hasattr(tree, "children_left"):
        left, right, feature = tree.children_left, tree.children_right, tree.feature
        inner, features = left != -1, tree.n_features
    else:  # a predictor of histogram gradient boosting
        nodes = tree.nodes
        left, right, feature = nodes["left"], nodes["right"], nodes["feature_idx"]
        inner, features = nodes["is_leaf"] == 0, None
    where = np.flatnonzero(inner)
    for child in (left[where].astype("int64"), right[where].astype("int64")):
        if (child <= where).any() or (child >= len(left)).any():
            raise ValueError("a tree in it has nodes that lead out of it")
    wanted = feature[where]
    if (wanted < 0).any() or (features is not None and (wanted >= features).any()):
        raise ValueError("a tree in it asks for features it does not have")


def _check_sparse(matrix: Any) -> None:
    matrix.check_format(full_check=True)


def _check_spline(spline: Any) -> None:
    type(spline)(spline.t, spline.c, spline.k, axis=spline.axis)


_CHECKS = {
    "Tree": _check_tree,
    "TreePredictor": _check_tree,
    "BSpline": _check_spline,
    **{
        f"{form}_{kind}": _check_sparse
        for form in ("bsr", "csc", "csr")
        for kind in ("array", "matrix")
    },
}
