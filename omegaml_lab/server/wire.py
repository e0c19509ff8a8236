"""JSON as browsers read it."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

__all__ = ["decode_json", "encode_json", "finite"]


def encode_json(value: Any) -> str:
    """Return JSON; a number that JSON does not have (NaN, infinity) becomes null."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(finite(value), allow_nan=False)


def decode_json(data: bytes) -> Any:
    """Read JSON.

    Raises
    ------
    ValueError
        If it is none, or has a number that JSON does not have.
    """
    return json.loads(data, parse_constant=_refuse)


def finite(value: Any) -> Any:
    """Return plain values with null in the place of NaN and infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")
