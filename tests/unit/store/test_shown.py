"""What notebooks show of stores and records, and how a store answers who tries it out."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from omegaml_lab.config import Config
from omegaml_lab.core.errors import InvalidOptionError
from omegaml_lab.core.runs import Run, Status
from omegaml_lab.omega import Omega

if TYPE_CHECKING:
    from pathlib import Path

FRAME = pd.DataFrame({"n": range(10), "s": list("abcdefghij")}, index=np.arange(10) * 0.5)


def html_of(obj: Any) -> str:
    return cast("str", obj._repr_html_())


def test_a_store_shows_what_is_in_it(omega: Omega) -> None:
    assert "empty" in html_of(omega.datasets)
    omega.datasets.put(FRAME, "<b>bold")
    omega.datasets.put(1, "folder/x")
    shown = html_of(omega.datasets)
    assert "&lt;b&gt;bold" in shown
    assert "<b>" not in shown
    assert "folder/" in shown
    assert "pandas.chunks" in shown
    for number in range(20):
        omega.datasets.put(1, f"value {number:02}")
    assert "… and 2 more" in html_of(omega.datasets)


def test_a_store_without_a_server_is_shown_plainly(tmp_path: Path) -> None:
    url = "mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=100"
    with Omega(config=Config.load(environ={}, home=tmp_path, mongo_url=url)) as omega:
        assert omega.datasets._repr_html_() is None


def test_metadata_and_runs_are_tables(omega: Omega) -> None:
    put = omega.datasets.put(FRAME, "f", attributes={"note": "<i>"})
    shown = html_of(put)
    for told in ("datasets f@1", "pandas.chunks", "&lt;i&gt;", "KiB", "rows"):
        assert told in shown
    assert "None" not in shown
    now = datetime.now(UTC)
    run = Run(id="r1", job="a.ipynb", revision=3, status=Status.QUEUED, queued_at=now)
    assert "a.ipynb@3" in html_of(run)


def test_a_store_is_looked_through_by_name(omega: Omega) -> None:
    omega.datasets.put(FRAME, "f")
    omega.datasets.put(1, "folder/x")
    assert "f" in omega.datasets
    assert "f@1" in omega.datasets
    assert "g" not in omega.datasets
    assert 3 not in omega.datasets
    assert list(omega.datasets) == ["f", "folder/x"]
    assert omega.datasets  # and an empty one is a store no less
    assert omega.models


def test_words_of_other_libraries(omega: Omega) -> None:
    for word, meant in {
        "load": "get", "save": "put", "delete": "drop", "ls": "list", "versions": "history",
        "itrchunks": "iterchunks", "read_excel": "pandas.read_excel",
    }.items():  # fmt: skip
        with pytest.raises(AttributeError, match=f"no {word!r}. Did you mean '.*{meant}"):
            getattr(omega.datasets, word)
    with pytest.raises(AttributeError, match="had by get"):
        omega.datasets.flights  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(omega.datasets, "_ipython_canary_method_should_not_exist_")
    assert copy.copy(omega.datasets).name == "datasets"
    with pytest.raises((TypeError, pickle.PicklingError)):
        pickle.dumps(omega.datasets)


def test_completion_offers_what_people_use(omega: Omega) -> None:
    for store in (omega.datasets, omega.models, omega.jobs, omega.scripts):
        offered = {name for name in dir(store) if not name.startswith("_")}
        assert {"get", "put", "list", "history", "restore"} <= offered
        assert not offered & {"adopt", "heads", "histories", "folders", "relying_on", "look"}
        assert all(hasattr(store, name) for name in offered)


@pytest.mark.parametrize("n", [0, 1, 5, 7, 10, 99])
def test_first_rows(omega: Omega, n: int) -> None:
    data = omega.datasets
    data.put(FRAME, "f", chunk_rows=3)
    pd.testing.assert_frame_equal(data.head("f", n), FRAME.head(n))
    chosen = FRAME[FRAME.n > 2][["s"]]
    pd.testing.assert_frame_equal(data.head("f", n, columns=["s"], n__gt=2), chosen.head(n))
    data.put(FRAME["n"], "series", chunk_rows=3)
    pd.testing.assert_series_equal(data.head("series", n), FRAME["n"].head(n))
    data.put(np.arange(12).reshape(6, 2), "array")
    np.testing.assert_array_equal(data.head("array", n), np.arange(12).reshape(6, 2)[:n])
    plain = FRAME.reset_index(drop=True)
    data.put(pl.from_pandas(plain), "polars", chunk_rows=3)
    assert data.head("polars", n).equals(pl.from_pandas(plain).head(n))
    data.put(pa.Table.from_pandas(plain), "arrow", chunk_rows=3)
    assert data.head("arrow", n).num_rows == min(n, 10)


def test_what_is_no_number_of_rows(omega: Omega) -> None:
    omega.datasets.put(FRAME, "f")
    assert len(omega.datasets.head("f")) == 5
    for wrong in (-1, "x", None, True, 2.5):
        with pytest.raises(InvalidOptionError, match="a number of rows"):
            omega.datasets.head("f", cast("Any", wrong))
