"""What goes to browsers is JSON that they can read."""

from __future__ import annotations

import json
import math

import pytest

from omegaml_lab.server.wire import decode_json, encode_json


def test_numbers_that_json_has_not_become_null() -> None:
    value = {"a": [1.5, math.nan, (math.inf, -math.inf)], "b": "NaN"}
    text = encode_json(value)
    assert json.loads(text, parse_constant=pytest.fail) == {
        "a": [1.5, None, [None, None]],
        "b": "NaN",
    }


@pytest.mark.parametrize("data", [b"{", b"{'a': 1}", b'{"a": NaN}', b"[Infinity]", b"\xff"])
def test_what_is_not_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_json(data)
