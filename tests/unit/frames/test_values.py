from __future__ import annotations

import datetime as dt
import math
import sys
import zoneinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgpack
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omegaml_lab.core.errors import IntegrityError, UnsupportedObjectError
from omegaml_lab.frames.values import pack, unpack

ZONES = st.sampled_from([
    None, dt.UTC, dt.timezone(dt.timedelta(hours=-5, minutes=30)),
    dt.timezone(dt.timedelta(hours=1), "named"), zoneinfo.ZoneInfo("Europe/Berlin"),
    zoneinfo.ZoneInfo("America/New_York"),
])  # fmt: skip
HASHABLE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(2**200), max_value=2**200),
    st.floats(),
    st.text(),
    st.text(st.characters(categories=["Cs", "Lu"])),
    st.binary(),
    st.complex_numbers(),
    st.decimals(allow_nan=False),  # a signalling NaN has no hash
    st.just(Decimal("NaN")),
    st.fractions(),
    st.uuids(),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.datetimes(timezones=ZONES),
)
VALUES = st.recursive(
    HASHABLE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.sets(HASHABLE, max_size=4),
        st.frozensets(HASHABLE, max_size=4),
        st.dictionaries(HASHABLE | st.tuples(HASHABLE, HASHABLE), inner, max_size=4),
    ),
    max_leaves=15,
)


def same(one: Any, two: Any) -> bool:
    """Say whether two values are equal in type, value and order; NaN equals NaN."""
    if type(one) is not type(two):
        return False
    if isinstance(one, dt.datetime):
        return (one.isoformat(), one.fold, one.tzinfo) == (two.isoformat(), two.fold, two.tzinfo)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict):
        return same(list(one.items()), list(two.items()))
    if isinstance(one, set | frozenset):
        return sorted(map(repr, one)) == sorted(map(repr, two))
    return repr(one) == repr(two)  # which tells -0.0 from 0.0, and NaN is NaN


@settings(max_examples=400, deadline=None)
@given(VALUES)
def test_values_come_back_exactly(value: Any) -> None:
    packed = pack(value)
    assert same(unpack(packed), value)
    assert pack(unpack(packed)) == packed


@pytest.mark.parametrize(
    "value",
    [
        np.int8(-3), np.float32(1.5), np.float64("nan"), np.bool_(1), np.str_("x"),
        np.datetime64("2026-01-02", "D"), pd.NaT, pd.NA, pd.Timedelta("1ns"),
        pd.Timestamp("2026-01-02 03:04:05.123456789", tz="Europe/Berlin"),
        pd.Timestamp("2026-01-02").as_unit("s"), pd.Period("2026-03", "M"),
        pd.Interval(1, 2, closed="both"), pd.Interval(pd.Timestamp(0), pd.Timestamp(1)),
    ],
)  # fmt: skip
def test_scientific_scalars_come_back(value: Any) -> None:
    back = unpack(pack({"x": [value]}))["x"][0]
    assert type(back) is type(value)
    assert repr(back) == repr(value)
    assert getattr(back, "dtype", None) == getattr(value, "dtype", None)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=">i2").reshape(2, 3), np.array([], dtype="M8[ns]"),
        np.array([1 + 2j]), np.array("x"), np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
        np.array([None, {"a": 1}, (1,)], dtype=object),
    ],
)  # fmt: skip
def test_arrays_inside_of_values_come_back(array: np.ndarray) -> None:
    back = unpack(pack([array]))[0]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert (back == array).all()


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize("value", [object(), [len], {"a": Text("x")}, {1: {2: object}}, math])
def test_what_is_no_plain_value_is_refused(value: Any) -> None:
    with pytest.raises(UnsupportedObjectError):
        pack(value)


def test_a_loop_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(UnsupportedObjectError):
        pack(loop)
    loop[0] = (loop,)
    with pytest.raises(UnsupportedObjectError):
        pack(loop)


def test_what_is_nested_too_deep_is_refused_and_never_read() -> None:
    value: Any = ()
    for _ in range(60):
        value = (value,)
    assert unpack(pack(value)) == value
    data = pack(value)
    for _ in range(150):  # so deep that reading it would overflow the C stack
        value = (value,)
        data = msgpack.packb(msgpack.ExtType(1, b"\x91" + data))
    with pytest.raises(UnsupportedObjectError, match="deep"):
        pack(value)
    with pytest.raises(IntegrityError, match="deep"):
        unpack(data)


@given(st.binary(max_size=60))
def test_foreign_bytes_are_values_or_an_error(data: bytes) -> None:
    try:
        value = unpack(data)
    except IntegrityError:
        return
    pack(value)


def test_equal_sets_have_equal_bytes() -> None:
    words = [f"word{n}" for n in range(50)]
    backwards = list(reversed(words))
    assert pack(set(words)) == pack(set(backwards))
    assert pack(Fraction(1, 2)) != pack(Decimal("0.5"))


def test_sets_in_sets_take_no_longer_for_each_level() -> None:
    packs = 0
    value: Any = frozenset([1])

    def count(frame: Any, event: str, arg: Any) -> None:
        nonlocal packs
        packs += event == "call" and frame.f_code.co_name == "_pack"

    for _ in range(12):
        value = frozenset([value])
    sys.setprofile(count)
    try:
        packed = pack(value)
    finally:
        sys.setprofile(None)
    assert unpack(packed) == value
    assert packs < 50
