"""What we write of arrays is what skops writes, byte for byte."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import FunctionTransformer

from omegaml_lab.backends.skops_states import state_of
from omegaml_lab.store.zipped import ZipWriter

ARRAYS = {
    "plain": np.arange(6.0).reshape(2, 3),
    "by columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "with gaps": np.arange(20).reshape(4, 5)[::2, 1:3],
    "backwards": np.arange(5)[::-1],
    "no dimension": np.array(3.5),
    "empty": np.zeros((0, 4), "float32"),
    "no width": np.array(["", ""]),
    "records": np.array([(1, 2.5)], dtype=[("a", "<i4"), ("b", ">f8")]),
    "records named in Greek": np.array([(1,)], dtype=[("λ", "<i4")]),
    "many fields": np.zeros(1, dtype=[(f"field{i:05}", "i1") for i in range(4000)]),
    "big-endian": np.arange(4, dtype=">i2"),
    "dates": np.array(["2026-11-27", "NaT"], "datetime64[ns]"),
    "text": np.array(["é", "xyz"]),
    "bytes": np.array([b"\x00a", b"b"]),
    "booleans": np.array([True, False]),
    "objects": np.array(["a", 1, None], dtype=object),
    "read-only": np.frombuffer(b"abcdefgh", "u1"),
}


def written(obj: Any) -> list[bytes]:
    """Return the arrays of the archive that we write."""
    out = io.BytesIO()
    with ZipWriter(lambda part: out.write(part) and None) as archive:
        state_of(obj, archive)
    return arrays(out.getvalue())


def arrays(data: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return sorted(archive.read(name) for name in archive.namelist() if name.endswith(".npy"))


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_are_written_as_skops_writes_them(name: str) -> None:
    estimator = FunctionTransformer(kw_args={"given": ARRAYS[name], "again": ARRAYS[name]})
    assert written(estimator) == arrays(skops.io.dumps(estimator))


def test_skops_writes_what_it_wrote_for_others() -> None:
    model = RandomForestClassifier(n_estimators=2).fit([[1.0], [2.0]], [0, 1])
    before = arrays(skops.io.dumps(model))
    assert written(model) == before
    data = skops.io.dumps(model)
    assert arrays(data) == before
    again = skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))
    assert again.predict([[1.0]]) == model.predict([[1.0]])
