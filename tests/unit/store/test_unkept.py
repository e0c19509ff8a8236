"""Objects that no kind keeps, or not the one that is said: what to put instead."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import enum
import json
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from sklearn.linear_model import LinearRegression

from omegaml_lab.core.errors import OmegaError, UnsupportedObjectError

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega

FRAME = pd.DataFrame({"n": [1, 2]})


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Point:
    x: int = 1


Pair = collections.namedtuple("Pair", "x y")
INSTEAD: dict[str, tuple[Any, Any]] = {
    r"list\(obj\)": (range(3), list),
    r"dict\(obj\)": (collections.defaultdict(int, a=1), dict),
    r"obj\.value": (Colour.RED, lambda obj: obj.value),
    r"dataclasses\.asdict\(obj\)": (Point(), dataclasses.asdict),
    r"obj\._asdict\(\)": (Pair(1, 2), lambda obj: obj._asdict()),
    r"vars\(obj\)": (types.SimpleNamespace(a=1), vars),
    r"obj\.to_frame\(\)": (pl.Series("a", [1, 2]), lambda obj: obj.to_frame()),
    r"pandas\.Series\(obj\)": (pd.Index([1, 2]), pd.Series),
    r"DataFrameGroupBy\. Put .*obj\.agg": (FRAME.groupby("n"), lambda obj: obj.agg("sum")),
    r"numpy\.asarray\(obj\)": (np.matrix([[1]]), np.asarray),
    r"obj\.filled\(\)": (np.ma.array([1, 2], mask=[0, 1]), lambda obj: obj.filled()),
    r"from_spmatrix\(obj\)": (
        scipy.sparse.eye(3).tocsr(),
        pd.DataFrame.sparse.from_spmatrix,
    ),
}


@pytest.mark.parametrize("told", INSTEAD)
def test_what_to_put_instead(omega: Omega, told: str) -> None:
    wrong, converted = INSTEAD[told]
    with pytest.raises(UnsupportedObjectError, match=told) as error:
        omega.datasets.put(wrong, "x")
    assert "om.jobs.put" not in str(error.value)
    omega.datasets.put(converted(wrong), "x")


def test_frames_within_values(omega: Omega) -> None:
    for wrong in ([FRAME], {"a": FRAME}):
        with pytest.raises(UnsupportedObjectError, match="each under a name of its own"):
            omega.datasets.put(wrong, "x")


def test_what_is_not_of_the_kind_that_is_said(omega: Omega, tmp_path: Path) -> None:
    objects = {
        "frame": FRAME, "array": np.arange(3), "dict": {"a": 1}, "text": "hello", "none": None,
        "model": LinearRegression(), "function": len, "module": json,
        "polars": pl.DataFrame({"a": [1]}), "arrow": pa.table({"a": [1]}),
    }  # fmt: skip
    for kind in omega.registry.kinds():
        for obj in objects.values():
            with contextlib.suppress(OmegaError):  # and no other
                omega.datasets.put(obj, "x", kind=kind)
                assert kind != "xgboost.ubj"  # nothing here is a model of it
    with pytest.raises(UnsupportedObjectError, match=r"numpy\.array cannot keep a pandas\.Data"):
        omega.datasets.put(FRAME, "x", kind="numpy.array")
    (tmp_path / "x.txt").write_text("x")
    with (tmp_path / "x.txt").open() as file, pytest.raises(UnsupportedObjectError, match="'rb'"):
        omega.datasets.put(file, "x")
