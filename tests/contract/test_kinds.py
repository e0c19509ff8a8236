"""Every kind passes the suite that third-party kinds must pass."""

from __future__ import annotations

import datetime as dt
import inspect
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import geopandas as gpd
import geopandas.testing
import nbformat
import numpy as np
import pandas as pd
import polars as pl
import polars.testing
import pyarrow as pa
import pytest
import shapely
import sqlalchemy
from pymongo import MongoClient

import omegaml_lab.hub
import omegaml_lab.testing
from omegaml_lab.store.registry import Registry
from omegaml_lab.testing.backends import BackendContract
from tests.contract import test_model_kinds
from tests.unit.code import examples

if TYPE_CHECKING:
    from collections.abc import Iterator


class TestFile(BackendContract):
    kind = "file"
    store = "jobs"
    suffix = ".csv"

    def examples(self) -> list[Any]:
        large = np.random.default_rng(1).bytes(9_000_000)
        # Over 64 KiB it leaves the head, over 2 MiB it is in pieces.
        return [b"a,b\n1,2\n", b"", "text, not bytes\n", b"x" * 70_000, large]


class TestNotebook(BackendContract):
    kind = "notebook"
    store = "jobs"
    suffix = ".ipynb"

    def examples(self) -> list[Any]:
        cell = nbformat.v4.new_code_cell("1 + 1", id="one", execution_count=1)
        cell.outputs = [nbformat.v4.new_output("stream", text="x" * 100_000)]
        text = nbformat.v4.new_markdown_cell("# Ünïcode 🎉", id="two")
        return [
            nbformat.v4.new_notebook(),
            nbformat.v4.new_notebook(cells=[text]),
            nbformat.v4.new_notebook(cells=[cell, text], metadata={"a": {"b": [1, None]}}),
        ]


class TestPythonValue(BackendContract):
    kind = "python.value"

    def examples(self) -> list[Any]:
        moment = dt.datetime(2026, 3, 1, 12, 30, tzinfo=dt.UTC)
        return [
            {"a": [1, 2.5, None, True], "b": (1, (2, 3)), None: {1, 2}, (1, 2): b"x"},
            [moment, moment.date(), moment.timetz(), dt.timedelta(days=-1)],
            {"big": 2**100, "money": Decimal("1.10"), "z": 1 + 2j, "inf": float("inf")},
            ["x" * 300_000, {"nested": [{}] * 1000}],
            None,
            "",
            frozenset({"a"}),
        ]


class TestFrame(BackendContract):
    kind = "pandas.chunks"

    def examples(self) -> list[Any]:
        rng = np.random.default_rng(1)
        rows = 70_000  # two chunks
        many = pd.DataFrame(
            {
                "n": np.arange(rows),
                "x": rng.normal(size=rows),
                "when": pd.date_range("2026", periods=rows, freq="s", tz="Europe/Berlin"),
                "word": rng.choice(["a", "b", "ß"], rows),
                "kind": pd.Categorical(rng.choice(["x", "y"], rows)),
            }
        )
        odd = pd.DataFrame(
            {1: [1, 2], "1": ["x", None], ("a", 1): pd.array([1, None], dtype="Int64")},
            index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["k", None]),
        )
        return [many, odd, many.tail(66_000), pd.DataFrame(), many.head(0)]

    def assert_equal(self, got: Any, put: Any) -> None:
        pd.testing.assert_frame_equal(got, put, check_exact=True, check_freq=True)


class TestSeries(TestFrame):
    def examples(self) -> list[Any]:
        days = pd.date_range("2026-01-01", periods=3, freq="D", name="day")
        return [
            pd.Series([1.5, None, 3.0], index=days, name=("a", 1)),
            pd.Series(["x", "y"], index=["p", "q"]),
            pd.Series([], dtype="Int8", name="nothing"),
        ]

    def assert_equal(self, got: Any, put: Any) -> None:
        pd.testing.assert_series_equal(got, put, check_exact=True, check_freq=True)


class TestArray(BackendContract):
    kind = "numpy.array"

    def examples(self) -> list[Any]:
        large = np.random.default_rng(1).normal(size=(150_000, 3))
        return [
            np.arange(6, dtype=">i2").reshape(2, 3),
            large,
            np.array(1.5),
            np.array(["2026-01-01", "NaT"], "M8[D]"),
        ]

    def assert_equal(self, got: Any, put: Any) -> None:
        assert type(got) is type(put)
        assert got.dtype == put.dtype
        np.testing.assert_array_equal(got, put)


class TestArrow(BackendContract):
    kind = "arrow.table"

    def examples(self) -> list[Any]:
        many = pa.table({"n": np.arange(70_000), "w": ["a", "b"] * 35_000})
        odd = pa.table(
            {"l": [[1, None], None], "s": [{"x": "ß"}, None], "d": pa.array(["a", "a"])},
            metadata={"unit": "m"},
        )
        return [odd, many, many.slice(5), pa.table({}), pa.record_batch({"n": [1, 2]})]

    def assert_equal(self, got: Any, put: Any) -> None:
        assert type(got) is type(put)
        assert got.equals(put, check_metadata=True)


class TestPolars(BackendContract):
    kind = "polars.frame"

    def examples(self) -> list[Any]:
        odd = pl.DataFrame(
            {
                "kind": pl.Series(["a", None], dtype=pl.Enum(["b", "a"])),
                "when": pl.Series([dt.datetime(2026, 1, 1, tzinfo=dt.UTC), None]),
                "list": [[1], None],
            }
        )
        many = pl.DataFrame({"n": np.arange(70_000), "w": ["a", "b"] * 35_000})
        return [odd, many, many.head(0), pl.DataFrame()]

    def assert_equal(self, got: Any, put: Any) -> None:
        polars.testing.assert_frame_equal(got, put)


class TestGeo(BackendContract):
    kind = "geopandas.chunks"

    def examples(self) -> list[Any]:
        points = gpd.points_from_xy([1.5, 2, -3e8], [0, -0.5, 1e-9], z=[1, 2, 3])
        odd = gpd.GeoDataFrame(
            {
                "n": pd.array([1, None, 3], dtype="Int64"),
                "word": ["a", None, "ß"],
                "shape": points,
            },
            geometry="shape",
            crs="EPSG:4326",
            index=pd.Index(["x", "y", "z"], name="place"),
        )
        square = shapely.box(0, 0, 1, 1)
        odd["other"] = gpd.GeoSeries([square, None, shapely.Polygon()], odd.index, crs=3857)
        many = gpd.GeoDataFrame(geometry=gpd.points_from_xy(range(70_000), range(70_000)))
        return [odd, many, many.head(0), odd.other, odd.set_geometry("other")]

    def assert_equal(self, got: Any, put: Any) -> None:
        assert type(got) is type(put)
        if isinstance(put, gpd.GeoSeries):
            geopandas.testing.assert_geoseries_equal(got, put)
        else:
            geopandas.testing.assert_geodataframe_equal(got, put, check_like=False)
            assert got.active_geometry_name == put.active_geometry_name


class TestReference(BackendContract):
    kind = "file.reference"

    def examples(self) -> list[Any]:
        files = fsspec.filesystem("memory")
        urls = ["memory://contract/a b.txt", "memory://contract/ß%20@1.csv"]
        urls = [url.replace(" ", "+") for url in urls]
        for url in urls:
            if not files.exists(url):
                files.pipe(url, url.encode())
        return urls

    def assert_equal(self, got: Any, put: Any) -> None:
        assert got in {put, put.encode()}


class TestSql(BackendContract):
    kind = "sql.table"

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        self.path = tmp_path

    def examples(self) -> list[Any]:
        engines = [sqlalchemy.create_engine(f"sqlite:///{self.path / n}") for n in ("a b", "ß")]
        for number, engine in enumerate(engines):
            rows = pd.DataFrame({"n": [1, 2]})
            rows.to_sql(f"table {number}", engine, if_exists="replace", index=False)
            engine.dispose()
        return engines

    def assert_equal(self, got: Any, put: Any) -> None:
        listed = [x if isinstance(x, pd.DataFrame) else self.listed(x) for x in (got, put)]
        pd.testing.assert_frame_equal(*listed)

    def listed(self, engine: Any) -> pd.DataFrame:
        return pd.DataFrame({"table": sqlalchemy.inspect(engine).get_table_names()})


class TestCollection(BackendContract):
    kind = "mongo.collection"

    @pytest.fixture(autouse=True)
    def orders(self, mongo_url: str) -> Iterator[None]:
        with MongoClient(mongo_url) as client:
            self.database = client.get_default_database()
            for number in range(2):
                collection = self.database[f"orders {number}"]
                collection.insert_many([{"_id": n, "x": n * number} for n in range(5)])
            yield

    def examples(self) -> list[Any]:
        return [self.database[f"orders {number}"] for number in range(2)]

    def assert_equal(self, got: Any, put: Any) -> None:
        frames = [x if isinstance(x, pd.DataFrame) else pd.DataFrame(x.find()) for x in (got, put)]
        pd.testing.assert_frame_equal(*frames)


def suites(of: type[BackendContract]) -> set[type[BackendContract]]:
    return {of}.union(*(suites(suite) for suite in of.__subclasses__()))


class TestFunction(BackendContract):
    kind = "python.function"
    store = "scripts"

    def examples(self) -> list[Any]:
        return [examples.plain, examples.nested, examples.slow]

    def assert_equal(self, got: Any, put: Any) -> None:
        if got is put:
            return
        assert got.source == inspect.getsource(put)
        assert inspect.signature(got.load()) == inspect.signature(put)


class TestModule(BackendContract):
    kind = "python.module"
    store = "scripts"

    def examples(self) -> list[Any]:
        return [examples, Path(__file__)]

    def assert_equal(self, got: Any, put: Any) -> None:
        if got is put or got == put:
            return
        path = Path(str(getattr(put, "__file__", put)))
        assert got.source == path.read_text("utf-8")


class TestPackage(BackendContract):
    kind = "python.package"
    store = "scripts"

    def examples(self) -> list[Any]:
        return [omegaml_lab.testing, omegaml_lab.hub]

    def assert_equal(self, got: Any, put: Any) -> None:
        if got is put:
            return
        folder = Path(put.__path__[0])
        wanted = {f"{folder.name}/{path.name}": path.read_bytes() for path in folder.glob("*.py")}
        assert got.files == wanted


class TestVirtual(BackendContract):
    kind = "virtual"

    def examples(self) -> list[Any]:
        return [examples.today, examples.with_requirements]

    def assert_equal(self, got: Any, put: Any) -> None:
        assert got == (put if got is put else put())


def test_no_kind_is_left_out() -> None:
    assert test_model_kinds
    tested = {suite.kind for suite in suites(BackendContract) if hasattr(suite, "kind")}
    assert tested >= set(Registry.discover().kinds())
