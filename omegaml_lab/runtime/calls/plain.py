"""Plain values: data as JSON that a person or another program can write and read.

Rows are lists of values, or objects of names and values; a frame that is answered is an
object with ``columns``, ``index`` and ``data``.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["from_plain", "to_plain"]


def from_plain(value: Any) -> Any:
    """Return the data that JSON means to a model: text is the name of a dataset.

    Objects with ``columns`` and ``data``, and lists of objects, are frames; lists of lists
    are arrays.
    """
    if isinstance(value, dict) and {"columns", "data"} <= set(value):
        return _frame(value)
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        import pandas as pd

        return pd.DataFrame(value)
    if isinstance(value, list):
        import numpy as np

        return np.array(value)
    return value


def to_plain(value: Any) -> Any:
    """Return `value` as JSON values; what JSON has no words for is told as text."""
    package = type(value).__module__.partition(".")[0]
    if package == "pandas" and type(value).__name__ in {"DataFrame", "Series"}:
        split = value.to_json(orient="split", date_format="iso", double_precision=15)
        return json.loads(split)
    if package == "numpy" and hasattr(value, "tolist"):
        return to_plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): to_plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _frame(value: Mapping[str, Any]) -> Any:
    import pandas as pd

    return pd.DataFrame(value["data"], columns=value["columns"], index=value.get("index"))
