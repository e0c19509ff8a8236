"""SQL tables and queries, of a real database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from omegaml_lab.backends.sql_table import variable
from omegaml_lab.core.errors import (
    InvalidOptionError,
    InvalidSourceError,
    SourceUnavailableError,
    UnknownColumnError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega

ODD = 'my "odd" table; drop table x'


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame({"n": np.arange(70_000), "odd %(x)s :y": ["a", "b"] * 35_000})


@pytest.fixture
def engine(tmp_path: Path, rows: pd.DataFrame) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'a b.db'}")
    rows.to_sql(ODD, engine, index=False)
    return engine


def test_a_table_in_whole_and_in_parts(
    omega: Omega, engine: sa.Engine, rows: pd.DataFrame
) -> None:
    assert omega.datasets.put(engine, "t", table=ODD).kind == "sql.table"
    pd.testing.assert_frame_equal(omega.datasets.get("t"), rows)
    pd.testing.assert_frame_equal(omega.datasets.get("t", columns=["n"]), rows[["n"]])
    chunks = list(omega.datasets.iterchunks("t"))
    assert len(chunks) == 2
    pd.testing.assert_frame_equal(pd.concat(chunks), rows)
    omega.datasets.put(omega.datasets.iterchunks("t"), "copy", kind="pandas.chunks")
    pd.testing.assert_frame_equal(omega.datasets.get("copy"), rows)
    with engine.begin() as connection:
        connection.execute(sa.text(f"delete from {_quoted(ODD)}"))
        assert omega.datasets.put(connection, "c", table=ODD).kind == "sql.table"
    assert list(omega.datasets.get("t").columns) == list(rows.columns)
    assert [len(chunk) for chunk in omega.datasets.iterchunks("t")] == [0]


def test_parameters_are_bound(omega: Omega, engine: sa.Engine) -> None:
    url = engine.url.render_as_string()
    query = f"select n, 'x' as w from {_quoted(ODD)} where n >= :low and 'a' = :word"
    omega.datasets.put(url, "q", query=query)
    got = omega.datasets.get("q", params={"low": 69_998, "word": "a"})
    assert got["n"].tolist() == [69_998, 69_999]
    assert omega.datasets.get("q", params={"low": 0, "word": "a' or '1'='1"}).empty
    some = omega.datasets.get("q", params={"low": 69_998, "word": "a"}, columns=["w"])
    assert some.to_dict("list") == {"w": ["x", "x"]}
    with pytest.raises(SourceUnavailableError, match="params=") as caught:
        omega.datasets.get("q", params={"word": "geheim"})
    assert "geheim" not in str(caught.value)


def test_a_whole_database(omega: Omega, engine: sa.Engine) -> None:
    omega.datasets.put(engine, "db")
    assert omega.datasets.get("db")["table"].tolist() == [ODD]
    assert len(omega.datasets.get("db", table=ODD)) == 70_000
    assert omega.datasets.get("db", query="select 1 as one")["one"].tolist() == [1]
    for refused in (
        lambda: list(omega.datasets.iterchunks("db")),
        lambda: omega.datasets.get("db", table=ODD, query="select 1"),
        lambda: omega.datasets.getl("db"),
        lambda: omega.datasets.get("db", n__ge=1),
    ):
        with pytest.raises(InvalidOptionError):
            refused()


def test_a_password_is_never_kept(omega: Omega, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://ana:geheim@db.example-1.com:5432/sales"
    for number, given in enumerate((url, sa.make_url(url))):
        put = omega.datasets.put(given, f"t{number}", table="orders")
        assert put.kind == "sql.table"
        assert put.attributes["url"] == "postgresql://ana@db.example-1.com:5432/sales"
    heads = omega.storage._connection.collection("objects").find()
    assert "geheim" not in str(list(heads))
    with pytest.raises(InvalidSourceError) as caught:
        omega.datasets.put("postgresql://ana@h/sales?password=geheim", "x", table="orders")
    assert "geheim" not in str(caught.value)
    # Each host has a variable of its own, so that no other host can be sent its password.
    hosts = ["a.b", "a-b", "a--b", "a.b.c", "A.B.c", "::1"]
    assert len({variable(host) for host in hosts}) == len(hosts) - 1
    assert variable("db.example-1.com") == "OMEGA_SQL_PASSWORD_DB_EXAMPLE__1_COM"


@pytest.mark.parametrize(
    ("obj", "options"),
    [
        ("sqlite://", {"table": "x"}),
        ("sqlite:///:memory:", {"table": "x"}),
        ("sqlite:///x.db", {"table": "x", "query": "select 1"}),
        ("postgresql://a b!/x", {"table": "x"}),
        (3, {"table": "x"}),
    ],
)
def test_what_others_could_not_follow(omega: Omega, obj: Any, options: Any) -> None:
    with pytest.raises(InvalidSourceError):
        omega.datasets.put(obj, "x", kind="sql.table", **options)
    assert omega.datasets.list() == []


def test_what_is_not_there(omega: Omega, engine: sa.Engine, tmp_path: Path) -> None:
    omega.datasets.put(engine, "x", table=ODD[:-2])
    told = r"no table .* Did you mean .*\? It has: .*put it again with table="
    with pytest.raises(SourceUnavailableError, match=told):
        omega.datasets.get("x")
    with pytest.raises(SourceUnavailableError, match=told):
        list(omega.datasets.iterchunks("x"))
    omega.datasets.put(engine, "x", query="select * from absent")
    with pytest.raises(SourceUnavailableError, match="no such table: absent"):
        omega.datasets.get("x")
    omega.datasets.put(f"sqlite:///{tmp_path}/no/such.db", "x", table="none")
    with pytest.raises(SourceUnavailableError, match="unable to open"):
        omega.datasets.get("x")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def test_columns_are_those_of_the_table(omega: Omega, engine: sa.Engine) -> None:
    omega.datasets.put(engine, "t", table=ODD)
    for unknown in ("Nope", "no such", "nope"):  # SQLite takes the first two for texts
        with pytest.raises(SourceUnavailableError, match="no such column"):
            omega.datasets.get("t", columns=[unknown])
    assert list(omega.datasets.get("t[n]")) == ["n"]
    assert list(omega.datasets.get("t[^n]")) == ["odd %(x)s :y"]
    assert next(list(frame) for frame in omega.datasets.iterchunks("t[^n]")) == ["odd %(x)s :y"]
    with pytest.raises(UnknownColumnError, match="nope"):
        omega.datasets.get("t[^nope]")
    omega.datasets.put(engine, "q", query=f"select * from {_quoted(ODD)} where n < :high")
    assert omega.datasets.get("q[n]", params={"high": 3}).to_dict("list") == {"n": [0, 1, 2]}
    for wrong in ({"columns": [1]}, {"columns": 1}, {"params": [5]}):
        with pytest.raises(InvalidOptionError, match="takes"):
            omega.datasets.get("q", **wrong)
