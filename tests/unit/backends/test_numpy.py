"""Arrays: every dtype and layout, and parts of them."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import pickle
from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omegaml_lab.core.errors import InvalidOptionError, UnsupportedObjectError

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega

ODD: dict[str, Any] = {
    "0-d": np.array(3.5),
    "empty": np.empty((0, 3), "i2"),
    "no columns": np.empty((3, 0)),
    "booleans": np.array([True, False]),
    "half": np.arange(3, dtype="f2"),
    "complex": np.array([1 + 2j, complex("nan")]),
    "long double": np.arange(3, dtype="g"),
    "big-endian": np.arange(6, dtype=">i4").reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "fortran 3-d": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "not contiguous": np.arange(40).reshape(4, 10)[::2, ::3],
    "reversed": np.arange(5)[::-1],
    "broadcast": np.broadcast_to(np.float32(1), (3, 2)),
    "times": np.array(["2026-01-01", "NaT"], "M8[ns]"),
    "days": np.array(["2026-01-01", "NaT"], "M8[D]"),
    "spans": np.array([1, "NaT"], "m8[s]"),
    "text": np.array(["a", "ß🎉", ""]),
    "big-endian text": np.array(["a", "ß"], ">U3"),
    "bytes": np.array([b"a", b"bc"]),
    "no bytes": np.zeros(3, "S0"),
    "void": np.array([b"ab", b"cd"], "V2"),
    "structured": np.array([(1, 2.5, "x")], [("n", "i4"), ("x", ">f8"), ("s", "U2")]),
    "nested": np.zeros(2, [("a", [("b", "i2"), ("c", "f4", (2, 2))])]),
    "aligned": np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    "names of fields": np.zeros(1, [("größe", "i4"), ("名前 $.", "f4")]),
}


def assert_same(got: np.ndarray[Any, Any], put: np.ndarray[Any, Any]) -> None:
    assert type(got) is np.ndarray
    assert got.dtype == put.dtype
    assert got.dtype.byteorder == put.dtype.byteorder
    assert got.shape == put.shape
    assert got.tobytes() == put.tobytes()
    assert got.flags.writeable
    assert got.flags.c_contiguous or put.flags.f_contiguous


@pytest.mark.parametrize("name", ODD)
def test_every_dtype_and_layout(omega: Omega, name: str) -> None:
    array = ODD[name]
    assert omega.datasets.put(array, name).kind == "numpy.array"
    assert_same(omega.datasets.get(name), array)
    # What is kept is a file that numpy reads.
    loaded = np.load(io.BytesIO(omega.datasets.read_bytes(name)), allow_pickle=False)
    assert loaded.dtype == array.dtype
    assert loaded.tobytes() == array.tobytes()
    lazy = omega.datasets.getl(name)
    assert isinstance(lazy, da.Array)
    assert (lazy.shape, lazy.dtype) == (array.shape, array.dtype)
    np.testing.assert_array_equal(lazy.compute(), array)


@pytest.fixture
def large(omega: Omega) -> np.ndarray[Any, Any]:
    """An array of several pieces, with blocks that begin within pieces."""
    array = np.random.default_rng(1).normal(size=(60_000, 77))
    omega.datasets.put(array, "large")
    return array


bounds = st.one_of(st.none(), st.integers(-70_000, 70_000))
steps = st.one_of(st.none(), st.integers(-9_000, -1), st.integers(1, 9_000))


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(start=bounds, stop=bounds, step=steps)
def test_rows_are_those_of_the_slice(
    omega: Omega, large: Any, start: int | None, stop: int | None, step: int | None
) -> None:
    rows = slice(start, stop, step)
    np.testing.assert_array_equal(omega.datasets.get("large", rows=rows), large[rows])


ends = [None, 0, -1, -9]


@pytest.mark.parametrize("order", ["C", "F"])
def test_slices_of_no_rows_and_of_all(omega: Omega, order: str) -> None:
    array = np.arange(6).reshape(3, 2).copy(order=order)  # type: ignore[call-overload]
    data = omega.datasets
    data.put(array, "x")
    for start, stop, step in itertools.product(ends, ends, [None, 2, -1, -2]):
        rows = slice(start, stop, step)
        np.testing.assert_array_equal(data.get("x", rows=rows), array[rows])
        np.testing.assert_array_equal(data.getl("x", rows=rows).compute(), array[rows])
        np.testing.assert_array_equal(
            np.concatenate([*data.iterchunks("x", rows=rows)]), array[rows]
        )
    data.put(np.array(3), "x")
    for read in (data.get, data.getl, data.iterchunks):
        with pytest.raises(InvalidOptionError, match="a single value"):
            read("x", rows=slice(1))


def test_a_lazy_array_reads_what_is_computed(omega: Omega, large: Any) -> None:
    lazy = omega.datasets.getl("large")
    assert lazy.npartitions > 1
    np.testing.assert_array_equal(lazy[100:200, 3:5].compute(), large[100:200, 3:5])
    np.testing.assert_array_equal(lazy[[5, 40_000]].compute(), large[[5, 40_000]])
    np.testing.assert_allclose(lazy.mean(axis=0).compute(), large.mean(axis=0))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(lazy))[-1].compute(), large[-1])
    blocks = list(omega.datasets.iterchunks("large", rows=slice(10, None)))
    assert len(blocks) > 1
    np.testing.assert_array_equal(np.concatenate(blocks), large[10:])


def test_few_rows_take_few_pieces(omega: Omega, large: Any, monkeypatch: Any) -> None:
    blobs, fetched = omega.storage.blobs, []
    fetch = blobs._fetch
    monkeypatch.setattr(blobs, "_fetch", lambda some: (fetched.extend(some), fetch(some))[1])
    np.testing.assert_array_equal(omega.datasets.get("large", rows=slice(7, 9)), large[7:9])
    assert len(fetched) == 1
    assert omega.datasets.get("large", rows=slice(5, 5)).shape == (0, 77)
    assert len(fetched) == 1


def test_rows_of_columns_that_lie_apart(omega: Omega) -> None:
    array = np.asfortranarray(np.arange(60.0).reshape(12, 5))
    omega.datasets.put(array, "f")
    assert omega.datasets.get("f").flags.f_contiguous
    np.testing.assert_array_equal(omega.datasets.get("f", rows=slice(3, 9, 2)), array[3:9:2])
    np.testing.assert_array_equal(omega.datasets.getl("f")[2:4].compute(), array[2:4])


def test_a_memory_map_is_an_array(omega: Omega, tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "x", dtype="i4", mode="w+", shape=(5, 2))
    mapped[:] = 7
    assert omega.datasets.put(mapped, "x").kind == "numpy.array"
    assert_same(omega.datasets.get("x"), np.asarray(mapped))


@pytest.mark.parametrize(
    "array",
    [
        np.array([dt.date(2026, 1, 1), None], dtype=object),
        np.array([(1, None)], [("n", "i4"), ("o", "O")]),
        np.array(["a"], dtype=np.dtypes.StringDType()),
    ],
)
def test_objects_are_refused(omega: Omega, array: Any) -> None:
    with pytest.raises(UnsupportedObjectError, match=r"tolist\(\)"):
        omega.datasets.put(array, "x")
    with pytest.raises(UnsupportedObjectError):
        omega.datasets.put(np.ma.array([1, 2], mask=[True, False]), "x")
    assert omega.datasets.list() == []


def test_options_that_make_no_sense(omega: Omega) -> None:
    omega.datasets.put(np.arange(3), "x")
    omega.datasets.put(np.array(1), "value")
    for refused in (
        lambda: omega.datasets.get("x", rows=3),
        lambda: omega.datasets.get("x", columns=["a"]),
        lambda: omega.datasets.getl("x", columns=["a"]),
        lambda: omega.datasets.getl("x", n__ge=3),
        lambda: omega.datasets.get("value", rows=slice(1)),
    ):
        with pytest.raises(InvalidOptionError):
            refused()
    with pytest.raises(UnsupportedObjectError, match=r"with append=True cannot keep .*ndarray"):
        omega.datasets.put(np.arange(3), "x", append=True)


def test_arrays_within_values_stay_there(omega: Omega) -> None:
    value = {"weights": [np.arange(3), np.float32(2)]}
    assert omega.datasets.put(value, "x").kind == "python.value"
    got = omega.datasets.get("x")
    np.testing.assert_array_equal(got["weights"][0], np.arange(3))
    # An array that was put as a value, when there was no better kind, can still be had.
    omega.datasets.put(np.arange(3), "old", kind="python.value")
    np.testing.assert_array_equal(omega.datasets.get("old"), np.arange(3))
