"""What goes into a model and what comes out: read off the model, or off an example."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Fields", "fields_of", "inputs_of", "named", "schema_of"]

Fields = list[dict[str, Any]]
"""``{"name", "dtype", "shape"}`` each, as far as known; a shape's None is any number of rows."""

_TOLD = 200


def schema_of(model: Any, example: Any) -> dict[str, Any]:
    """Return the `inputs`, `outputs` and `classes` of a model, those that can be found out.

    A model with the methods of scikit-learn is asked to predict the `example`.
    """
    schema: dict[str, Any] = {
        "inputs": inputs_of(model) if example is None else fields_of(example)
    }
    if example is not None and hasattr(model, "predict") and hasattr(model, "get_params"):
        schema["outputs"] = fields_of(model.predict(example))
    classes: Any = getattr(model, "classes_", None)
    if getattr(classes, "ndim", None) == 1:
        schema["classes"] = [_plain(value) for value in classes[:_TOLD].tolist()]
    return {key: value for key, value in schema.items() if value}


def inputs_of(model: Any) -> Fields:
    """Return what scikit-learn's attributes tell of the columns that a model was fitted on."""
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        return named(names)
    count = getattr(model, "n_features_in_", None)
    return [] if count is None else [{"shape": [None, int(count)]}]


def named(names: Iterable[Any]) -> Fields:
    """Return fields of which only the names are known."""
    return [{"name": _text(name)} for name in islice(names, _TOLD)]


def fields_of(data: Any) -> Fields:
    """Return the fields of a frame, a series, an array, or of what becomes an array."""
    if hasattr(data, "columns") and hasattr(data, "dtypes"):
        told = islice(zip(data.columns, data.dtypes, strict=True), _TOLD)
        return [{"name": _text(label), "dtype": str(dtype)} for label, dtype in told]
    if not hasattr(data, "dtype") or not hasattr(data, "shape"):
        import numpy as np

        data = np.asarray(data)
    field: dict[str, Any] = {"dtype": str(data.dtype), "shape": [None, *data.shape[1:]]}
    name = getattr(data, "name", None)
    return [field if name is None else {"name": _text(name), **field}]


def _text(label: object) -> str:
    return str(label)[:200].encode("utf-8", "replace").decode()


def _plain(value: Any) -> Any:
    """Return a label as JSON has it; dates and the like as text."""
    return value if isinstance(value, bool | int | float | str) else _text(value)
