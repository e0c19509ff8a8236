"""Arrow arrays as bytes: exactly the same comes back, from no more bytes than are needed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omegaml_lab.frames.columns import to_numpy
from omegaml_lab.frames.ipc import compacted, from_ipc, to_ipc

WIDTHS = [f"{sign}int{width}" for sign in ("", "u") for width in (8, 16, 32, 64)]


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_integers_come_back_as_they_were(drawn: st.DataObject) -> None:
    kind = np.dtype(drawn.draw(st.sampled_from(WIDTHS)))
    info = np.iinfo(kind)
    near = [0, *(bound + by for n in (7, 15, 31) for bound in (2**n, -(2**n)) for by in (-1, 0))]
    edges = st.sampled_from([info.min, info.max, *(n for n in near if info.min <= n <= info.max)])
    values = drawn.draw(st.lists(edges | st.integers(int(info.min), int(info.max)) | st.none()))
    array = pa.array(values, pa.from_numpy_dtype(kind))
    start = drawn.draw(st.integers(0, len(array)))
    for one in (array, array[start:]):
        got = from_ipc(to_ipc(one))
        assert got.type == one.type
        assert got.equals(one)


@pytest.mark.parametrize(
    "array",
    [
        pa.array(["ä", None, "", "b" * 70], pa.large_string()),
        pa.array(["ä", None, "", "b" * 70], pa.string()),
        pa.array(["x"] * 5 + ["y"] * 3000, pa.large_string())[3:],
        pa.array([], pa.large_string()),
        pa.array([None, None], pa.int64()),
        pa.array([1.5, None, float("nan")]),
        pa.array([[1, 2**40], None], pa.list_(pa.int64())),
        pa.array([0, 2**62], pa.timestamp("ns")),
        pa.array(["a", None, "a"]).dictionary_encode(),
        pa.array([["a"], None], pa.list_(pa.dictionary(pa.int8(), pa.string()))),
        pa.array([{"d": "a"}], pa.struct({"d": pa.dictionary(pa.int8(), pa.string())})),
        pa.array([{"dictionary<": 1}], pa.struct({"dictionary<": pa.int64()})),
        pa.array([b"x" * 16], pa.uuid()),
    ],
)
def test_other_arrays_come_back_as_they_were(array: pa.Array) -> None:
    got = from_ipc(to_ipc(array))
    assert got.type == array.type
    # As bytes: NaN is not equal to itself.
    assert to_ipc(got) == to_ipc(array)


def test_no_more_is_kept_than_is_needed() -> None:
    rng = np.random.default_rng(1)
    for array, least in (
        (pa.array(np.arange(65_536) + 2**20), 65_536 * 4),
        (pa.array(rng.integers(0, 100, 65_536)), 65_536),
        (pa.array(rng.normal(size=65_536)), 65_536 * 8),
        (compacted(pa.array(rng.choice(["a", "b"], 65_536), pa.large_string())), 65_536),
        (pa.array(np.zeros(65_536)), 0),
    ):
        assert len(to_ipc(array)) < least + 4096


@pytest.mark.parametrize("start", [0, 3, 8, 997])
def test_bits_are_spelt_out(start: int) -> None:
    flags = np.random.default_rng(1).random(997) < 0.5
    got = to_numpy({"form": "numpy", "dtype": "|b1"}, pa.array(flags)[start:])
    assert got.dtype == bool
    assert got.tolist() == flags[start:].tolist()
