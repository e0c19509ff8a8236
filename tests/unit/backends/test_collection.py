"""Collections that others fill, as datasets."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from bson import DatetimeMS, Decimal128, ObjectId
from pymongo import MongoClient

from omegaml_lab.core.errors import (
    InvalidOptionError,
    InvalidSourceError,
    ServiceError,
    UnknownColumnError,
)
from omegaml_lab.storage.collections import RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def orders(omega: Omega) -> Iterator[Any]:
    with MongoClient(omega.url, tz_aware=True) as client:
        collection = client.get_default_database()["my orders (ß)"]
        collection.insert_many(
            {
                "_id": ObjectId(),
                "n": n,
                "big": 2**53 + n,
                "money": Decimal128("1.10"),
                "when": NOW,
                "tags": ["a", {"x": n}],
                "mixed": n if n % 2 else "x",
                **({"late": n} if n > 5 else {}),
            }
            for n in range(10)
        )
        yield collection


def test_documents_come_as_rows_and_lose_nothing(omega: Omega, orders: Any) -> None:
    put = omega.datasets.put(orders, "o", query={"n": {"$gte": 2}})
    assert put.kind == "mongo.collection"
    got = omega.datasets.get("o")
    assert got["n"].tolist() == list(range(2, 10))
    assert got["big"].tolist() == [2**53 + n for n in range(2, 10)]
    assert got["money"].tolist() == [Decimal("1.10")] * 8
    assert got["when"].tolist() == [pd.Timestamp(NOW)] * 8
    assert got["tags"][0] == ["a", {"x": 2}]
    assert got["mixed"].tolist() == ["x", 3, "x", 5, "x", 7, "x", 9]
    assert got["late"].dtype == "Int64"
    assert got["late"].isna().tolist() == [True] * 4 + [False] * 4
    assert got["_id"].map(type).eq(str).all()
    pd.testing.assert_frame_equal(pd.concat(omega.datasets.iterchunks("o")), got)
    omega.datasets.put(omega.datasets.iterchunks("o"), "copy", kind="pandas.chunks")
    pd.testing.assert_frame_equal(omega.datasets.get("copy"), got)
    # It is a view: what is filled in later is there.
    orders.insert_one({"n": 99})
    assert omega.datasets.get("o", query={"n": 99})["n"].tolist() == [99]


def test_large_numbers_beside_floats_are_not_rounded(omega: Omega, orders: Any) -> None:
    orders.delete_many({})
    orders.insert_many([{"n": 2**53 + 1, "m": 1}, {"n": 0.5, "m": 0.5}, {"n": None}])
    omega.datasets.put(orders, "o")
    got = omega.datasets.get("o", columns=["n", "m"])
    assert got["n"].tolist() == [2**53 + 1, 0.5, None]
    assert got["m"].dtype == "float64"


def test_queries_columns_and_limits(omega: Omega, orders: Any) -> None:
    omega.datasets.put(orders.name, "o", kind="mongo.collection", query={"when": NOW})
    got = omega.datasets.get("o", query={"mixed": "x"}, columns=["n", "mixed"], limit=2)
    assert got.to_dict("list") == {"n": [0, 2], "mixed": ["x", "x"]}
    assert omega.datasets.get("o", query={"n": -1}).empty
    with pytest.raises(UnknownColumnError):
        omega.datasets.get("o", columns=["nope"])
    with pytest.raises(ServiceError, match="nope"):
        omega.datasets.get("o", query={"$nope": 1})
    assert list(omega.datasets.get("o", columns="n")) == ["n"]
    for options in ({"limit": -1}, {"columns": 1}, {"n__ge": 1}):
        with pytest.raises(InvalidOptionError):
            omega.datasets.get("o", **options)


@pytest.mark.parametrize("query", [{"$where": "1"}, {"$or": [{"$expr": {"$function": {}}}]}])
def test_queries_run_no_code(omega: Omega, orders: Any, query: dict[str, Any]) -> None:
    omega.datasets.put(orders, "o")
    with pytest.raises(InvalidSourceError, match="runs code"):
        omega.datasets.put(orders, "o", query=query)
    with pytest.raises(InvalidSourceError, match="runs code"):
        omega.datasets.get("o", query=query)


@pytest.mark.parametrize(
    ("name", "database"),
    [
        *((name, None) for name in sorted(RESERVED)),
        ("system.users", "admin"),
        ("startup_log", "local"),
        ("system.profile", None),
        ("none", None),
        ("$x", None),
        ("", None),
    ],
)
def test_the_inside_is_nobodys_data(omega: Omega, name: str, database: str | None) -> None:
    omega.datasets.put(1, "there")
    with pytest.raises(InvalidSourceError):
        omega.datasets.put(name, "x", kind="mongo.collection", database=database)
    assert omega.datasets.list() == ["there"]


def test_all_of_a_repository_is_reserved(omega: Omega) -> None:
    omega.datasets.put(pd.DataFrame({"n": [1]}), "x")
    omega.datasets.put(b"x" * 100_000, "y")
    omega.datasets.put(2, "x")
    omega.datasets.drop("x")
    assert set(omega.storage._connection.database.list_collection_names()) <= RESERVED


def test_columns_within_documents_and_in_names(omega: Omega, orders: Any) -> None:
    orders.delete_many({})
    orders.insert_many({"n": n, "a": {"b": n, "c": "x"}, "d.e": 2 * n} for n in range(3))
    data = omega.datasets
    data.put(orders, "o")
    within = {"a": [{"b": n} for n in range(3)], "n": [0, 1, 2]}
    assert data.get("o", columns=["a.b", "n"]).to_dict("list") == within
    (frame,) = data.iterchunks("o", columns=["a.b", "n"])
    assert frame.to_dict("list") == within
    assert data.get("o")["d.e"].tolist() == [0, 2, 4]  # a name may hold a dot
    assert data.get("o[n]").to_dict("list") == {"n": [0, 1, 2]}
    for rest in (data.get("o[^n,_id]"), *data.iterchunks("o[^n,_id]")):
        assert list(rest) == ["a", "d.e"]
    with pytest.raises(UnknownColumnError, match="nope"):
        data.get("o[^nope]")
    for wrong in ({"limit": "3"}, {"limit": -1}, {"columns": [1]}):
        with pytest.raises(InvalidOptionError):
            data.get("o", **wrong)


def test_dates_that_python_does_not_have_come_as_text(omega: Omega, orders: Any) -> None:
    end = DatetimeMS(253402300800000)  # often put for what never ends
    orders.insert_many([{"n": 20, "when": end}, {"n": 21, "when": DatetimeMS(-(10**14))}])
    omega.datasets.put(orders, "orders")
    frame = omega.datasets.get("orders", query={"n": {"$gte": 9}}).set_index("n")
    assert frame.when[9] == NOW
    assert frame.when[20] == "10000-01-01T00:00:00.000Z"
    assert str(frame.when[21]).startswith("-")
    assert sum(len(part) for part in omega.datasets.iterchunks("orders")) == 12
