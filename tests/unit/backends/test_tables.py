"""Arrow tables and polars frames: types, parts, and rows that are added."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from polars.testing import assert_frame_equal

from omegaml_lab.core.errors import (
    InvalidFilterError,
    InvalidFrameError,
    SchemaMismatchError,
    UnknownColumnError,
)

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega

DAY = dt.date(2026, 1, 1)
ARROW: dict[str, pa.Array] = {
    "ints": pa.array([1, None, 3], pa.int8()),
    "text": pa.array(["a", None, "ß"]),
    "view": pa.array(["a", None, "ß"], pa.string_view()),
    "bytes": pa.array([b"a", None, b""], pa.binary_view()),
    "fixed": pa.array([b"ab", None, b"cd"], pa.binary(2)),
    "day": pa.array([DAY, None, DAY]),
    "day64": pa.array([DAY, None, DAY], pa.date64()),
    "time": pa.array([dt.time(1, 2), None, None]),
    "when": pa.array([1, None, 2], pa.timestamp("ns", "Europe/Berlin")),
    "span": pa.array([1, None, 2], pa.duration("ms")),
    "money": pa.array([Decimal("1.10"), None, Decimal(2)], pa.decimal256(50, 2)),
    "list": pa.array([[1, 2], None, []]),
    "pair": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int32(), 2)),
    "struct": pa.array([{"x": 1}, None, {"x": None}]),
    "map": pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int32())),
    "dictionary": pa.array(["a", "b", "a"]).dictionary_encode(),
    "nothing": pa.nulls(3),
    "half": pa.array([1.0, None, 2.0], pa.float16()),
    "uuid": pa.ExtensionArray.from_storage(
        pa.uuid(), pa.array([b"a" * 16, None, b"b" * 16], pa.binary(16))
    ),
}
FIELD = pa.field("ints", pa.int8(), nullable=False, metadata={"unit": "m"})


@pytest.mark.parametrize("chunk_rows", [2, 100])
def test_columns_of_runs(omega: Omega, chunk_rows: int) -> None:
    plain = pa.array([1, 1, 1, 2, 2, None, None, 5])
    table = pa.table({"runs": pc.run_end_encode(plain, pa.int16()), "n": range(8)})
    data = omega.datasets
    data.put(table, "t", chunk_rows=chunk_rows)
    assert data.get("t").schema.equals(table.schema)
    assert data.get("t").to_pylist() == table.to_pylist()
    for where, rows in (
        ({"runs": 2}, [3, 4]),
        ({"runs__in": [1, 5]}, [0, 1, 2, 7]),
        ({"runs__gt": 1}, [3, 4, 7]),
        ({"runs__isnull": True}, [5, 6]),
        ({"n__ge": 6}, [6, 7]),
    ):
        got = data.get("t", **where)
        assert got["n"].to_pylist() == rows
        assert got.schema.equals(table.schema)
        assert data.getl("t", **where).compute()["n"].tolist() == rows
    data.put(table, "t", append=True)
    assert data.get("t", columns=["runs"]).num_rows == 16


def test_unsigned_numbers_of_any_size_are_found(omega: Omega) -> None:
    numbers = [0, 1, 2**63, 2**64 - 1, None]
    omega.datasets.put(pa.table({"u": pa.array(numbers, pa.uint64())}), "t", chunk_rows=2)
    for wanted in ([2**64 - 1, 1], [2**63], [-1, 2**70], []):
        rows = [n for n in numbers if n in wanted]
        assert omega.datasets.get("t", u__in=wanted)["u"].to_pylist() == rows
        others = [n for n in numbers if n not in wanted]
        assert omega.datasets.get("t", u=2**64 - 1)["u"].to_pylist() == [2**64 - 1]
        assert omega.datasets.get("t", u__ge=2**63)["u"].to_pylist() == numbers[2:4]
        assert omega.datasets.get("t", u__between=(1, 2**63))["u"].to_pylist() == numbers[1:3]
        assert omega.datasets.get("t", u__gt=-1)["u"].to_pylist() == numbers[:4]
        assert omega.datasets.get("t", u__not_in=wanted)["u"].to_pylist() == others


def test_every_type_of_arrow(omega: Omega) -> None:
    table = pa.table(ARROW, metadata={"source": "ß"})
    omega.datasets.put(table, "t", chunk_rows=2)
    got = omega.datasets.get("t")
    assert got.schema.equals(table.schema, check_metadata=True)
    assert got.equals(table)
    assert pa.concat_tables(omega.datasets.iterchunks("t")).equals(table)
    assert len(omega.datasets.getl("t").compute()) == 3
    omega.datasets.put(table, "t", append=True)
    assert omega.datasets.get("t").equals(pa.concat_tables([table, table]))
    assert omega.datasets.metadata("t").attributes["rows"] == 6


def test_parts_of_a_table(omega: Omega) -> None:
    schema = pa.schema([FIELD, pa.field("$ .x", pa.string())], metadata={"a": "b"})
    table = pa.table([pa.array([1, 2, 3], pa.int8()), pa.array(["a", "b", "c"])], schema=schema)
    omega.datasets.put(table, "t")
    got = omega.datasets.get("t", columns=["$ .x", "ints"], ints__ge=2)
    assert got.schema.equals(
        pa.schema([schema.field(1), FIELD], metadata={"a": "b"}), check_metadata=True
    )
    assert got.to_pydict() == {"$ .x": ["b", "c"], "ints": [2, 3]}
    assert omega.datasets.get("t", ints__ge=9).equals(table.slice(3))
    with pytest.raises(UnknownColumnError):
        omega.datasets.get("t", columns=["x"])
    with pytest.raises(InvalidFilterError):
        omega.datasets.get("t", ints__nope=1)


def test_tables_that_do_not_fit(omega: Omega) -> None:
    omega.datasets.put(pa.table({"n": [1]}), "t")
    for other in (pa.table({"n": ["x"]}), pa.table({"m": [1]}), pa.table({"n": [1], "m": [1]})):
        with pytest.raises(SchemaMismatchError):
            omega.datasets.put(other, "t", append=True)
    with pytest.raises(InvalidFrameError, match="more than one column"):
        omega.datasets.put(pa.table([[1], [2]], names=["n", "n"]), "u")
    assert omega.datasets.get("t").equals(pa.table({"n": [1]}))
    # A batch that is added to makes a table of what is there.
    omega.datasets.put(pa.record_batch({"n": [1]}), "b")
    omega.datasets.put(pa.record_batch({"n": [2]}), "b", append=True)
    assert omega.datasets.get("b").equals(pa.table({"n": [1, 2]}))


def test_every_type_of_polars(omega: Omega) -> None:
    frame = pl.DataFrame(
        {
            "u": pl.Series([1, None], dtype=pl.UInt64),
            "x": pl.Series([1.5, float("nan")], dtype=pl.Float32),
            "text": ["a", None],
            "day": [DAY, None],
            "time": [dt.time(1), None],
            "when": pl.Series([dt.datetime(2026, 1, 1, tzinfo=dt.UTC), None]),
            "span": [dt.timedelta(1), None],
            "money": [Decimal("1.1"), None],
            "category": pl.Series(["a", None], dtype=pl.Categorical),
            "enum": pl.Series(["a", None], dtype=pl.Enum(["b", "a"])),
            "list": pl.Series([["a", "b"], None], dtype=pl.List(pl.Categorical)),
            "array": pl.Series([[1, 2], None], dtype=pl.Array(pl.Int8, 2)),
            "struct": pl.Series([{"e": "a"}, None], dtype=pl.Struct({"e": pl.Enum(["b", "a"])})),
            "nothing": [None, None],
        }
    )
    omega.datasets.put(frame, "p")
    got = omega.datasets.get("p")
    assert got.schema == frame.schema
    assert_frame_equal(got, frame)
    assert_frame_equal(omega.datasets.get("p", columns=["enum"], u__ge=1), frame[:1, ["enum"]])
    omega.datasets.put(frame, "p", append=True)
    assert_frame_equal(omega.datasets.get("p"), pl.concat([frame, frame]))
    omega.datasets.put(frame.lazy().filter(pl.col("u") == 1).select("u"), "lazy")
    assert_frame_equal(omega.datasets.get("lazy"), frame[:1, ["u"]])


@pytest.mark.parametrize(
    "series", [pl.Series([object()], dtype=pl.Object), pl.Series([1], dtype=pl.Int128)]
)
def test_what_polars_alone_knows_is_refused(omega: Omega, series: Any) -> None:
    with pytest.raises(InvalidFrameError):
        omega.datasets.put(pl.DataFrame({"o": series}), "p")
    assert omega.datasets.list() == []
