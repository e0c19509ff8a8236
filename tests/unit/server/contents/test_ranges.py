"""Byte ranges, by the examples of RFC 9110 and the edges."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omegaml_lab.server.contents.ranges import asked_part


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-499", range(500)),
        ("bytes=500-999", range(500, 1000)),
        ("bytes=-500", range(9500, 10_000)),
        ("bytes=9500-", range(9500, 10_000)),
        ("bytes=0-0", range(1)),
        ("bytes=-1", range(9999, 10_000)),
        ("bytes=9000-20000", range(9000, 10_000)),
        ("bytes=-20000", range(10_000)),
    ],
)
def test_one_range(header: str, part: range) -> None:
    assert asked_part(header, 10_000) == part


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes=", "bytes=-", "bytes=5-2", "lines=1-2", "bytes=0-1,4-5", "bytes=a-b"],
)
def test_what_is_left_unheeded(header: str | None) -> None:
    assert asked_part(header, 10_000) is None


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-5", 0), ("bytes=-5", 0)]
)
def test_what_is_not_there(header: str, size: int) -> None:
    assert asked_part(header, size) == range(0)


@given(st.integers(1, 100), st.integers(0, 120), st.integers(0, 120))
@settings(deadline=None)
def test_a_part_is_a_slice(size: int, first: int, last: int) -> None:
    data = bytes(range(size))
    if last < first or first >= size:
        return
    part = asked_part(f"bytes={first}-{last}", size)
    assert part is not None
    assert data[part.start : part.stop] == data[first : last + 1]
