"""A name can say which columns of a dataset are meant, wherever data is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from omegaml_lab.core.errors import (
    InvalidNameError,
    InvalidOptionError,
    ObjectNotFoundError,
    UnknownColumnError,
)
from omegaml_lab.core.names import Columns, Name
from tests.unit.frames.twins import flights

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega
    from omegaml_lab.store.datasets import DatasetStore


@pytest.fixture
def data(omega: Omega) -> DatasetStore:
    omega.datasets.put(flights(), "flights", chunk_rows=50)
    return omega.datasets


def test_columns_in_a_name(data: DatasetStore) -> None:
    frame = flights()
    data.put(frame[:10], "flights")
    assert data.get("flights[delay, month]@1").equals(frame[["delay", "month"]])
    assert data.get("flights[^delay]@1").equals(frame[["month", "carrier"]])
    assert data.get("flights[month]", month__gt=0).equals(frame[:10][["month"]])
    lazy = data.getl("flights[carrier,delay]@1", month=3)
    assert list(lazy.columns) == ["carrier", "delay"]
    assert len(lazy) == 10
    assert [list(chunk) for chunk in data.iterchunks("flights[^month,carrier]")] == [["delay"]]
    means = data.query("flights[delay]@1", by="month", aggregate="max")
    assert means.equals(frame.groupby("month")[["delay"]].max())
    assert data.metadata("flights[delay]@1").revision == 1
    chosen = Name("flights", columns=Columns(("delay",)))
    assert data.get(chosen).equals(frame[:10][["delay"]])


def test_a_literal_name_comes_first(data: DatasetStore) -> None:
    data.put("literal", "flights[delay]")
    assert data.get("flights[delay]") == "literal"
    assert data.get("flights[delay]@1") == "literal"
    assert data.get("flights[ delay ]").shape == (120, 1)
    for name in ("a[1]", "b [old]/c", 'x["q"]', "a[1].csv"):
        data.put(flights(), name)
        assert data.get(name).shape == (120, 3)
        assert data.get(f"{name}[delay]").shape == (120, 1)
        assert data.get(Name(name)).shape == (120, 3)
        assert data.metadata(f"{name}[delay]@1").name == name
    assert data.drop("flights[delay]")
    with pytest.raises(ObjectNotFoundError):  # a part of an object is none to be dropped
        data.drop("flights[delay]")
    assert data.exists("flights")


def test_labels_that_are_not_plain(data: DatasetStore) -> None:
    frame = pd.DataFrame([[1, 2, 3, 4, 5]], columns=["a,b", 7, "7", 'q"]', ("x", 1)])
    data.put(frame, "odd")
    assert list(data.get('odd["a,b","q""]"]').columns) == ["a,b", 'q"]']
    assert list(data.get("odd[7]").columns) == ["7"]
    assert list(data.get("""odd["('x', 1)"]""").columns) == [("x", 1)]
    long = pd.DataFrame([range(300)], columns=[f"a rather long label {n}" for n in range(300)])
    data.put(long, "long")
    assert data.get(f"long[{','.join(long.columns[:200])}]").shape == (1, 200)
    long.columns = [f"{n}\n//" for n in range(300)]
    data.put(long, "long")
    assert data.get("long[7\n//]").shape == (1, 1)


def test_what_is_not_there(data: DatasetStore) -> None:
    with pytest.raises(UnknownColumnError, match="Did you mean 'delay'"):
        data.get("flights[dely]")
    with pytest.raises(UnknownColumnError):
        data.get("flights[^dely]")
    with pytest.raises(ObjectNotFoundError, match="Did you mean 'flights'"):
        data.get("flihgts[delay]")
    for wrong in ("flights[]", "flights[^]", "flights[delay", "flights[delay,]@1"):
        with pytest.raises(ObjectNotFoundError, match=r"'flights' is there.*\[one,other\]"):
            data.get(wrong)
    with pytest.raises(InvalidOptionError, match="columns="):
        data.get("flights[delay]", columns=["month"])
    with pytest.raises(InvalidNameError):
        data.get("/flights[delay]")
    data.put({"a": 1}, "value")
    with pytest.raises(InvalidOptionError, match="options"):
        data.get("value[a]")
