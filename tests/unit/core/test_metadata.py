from __future__ import annotations

import datetime as dt
import json

import pytest

from omegaml_lab.core.errors import InvalidAttributeError
from omegaml_lab.core.metadata import Metadata, check_attributes


def test_attributes_become_plain_json() -> None:
    given = {"a": (1, 2), "$b.c": {"x": [None, True, 1.5]}, "": "empty"}
    assert check_attributes(given) == {"a": [1, 2], "$b.c": {"x": [None, True, 1.5]}, "": "empty"}


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"a": object()}, "JSON"),
        ({"a": {1, 2}}, "JSON"),
        ({"a": float("nan")}, "JSON"),
        ({"a": [{"b": 2**63}]}, "64 bits"),
        ({"a": {"b\x00": 1}}, "NUL"),
        ({"a\x00": 1}, "NUL"),
        ({"a": "x" * 2_000_000}, "1 MiB"),
    ],
)
def test_attributes_that_mongodb_cannot_keep(attributes: dict, reason: str) -> None:
    with pytest.raises(InvalidAttributeError, match=reason):
        check_attributes(attributes)


def test_metadata_is_json() -> None:
    now = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    metadata = Metadata(
        store="jobs", name="a", kind="folder", revision=1, created=now, modified=now
    )
    plain = json.loads(json.dumps(metadata.to_dict()))
    assert plain["created"] == "2026-01-02T00:00:00+00:00"
    assert metadata.is_folder
