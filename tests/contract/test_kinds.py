"""Every kind passes the suite that third-party kinds must pass."""

from __future__ import annotations

import datetime as dt
import inspect
from decimal import Decimal
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import omegaml_lab.hub
import omegaml_lab.testing
from omegaml_lab.store.registry import Registry
from omegaml_lab.testing.backends import BackendContract
from tests.unit.code import examples


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


class TestSklearn(BackendContract):
    kind = "sklearn.skops"
    store = "models"
    reproducible = False  # skops writes the time and the addresses of objects

    def examples(self) -> list[Any]:
        rng = np.random.default_rng(1)
        x, y = rng.normal(size=(50, 3)), rng.normal(size=50)
        forest = RandomForestClassifier(n_estimators=5, random_state=1).fit(x, y > 0)
        return [
            LinearRegression().fit(x, y),
            make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y > 0),
            forest,
        ]

    def assert_equal(self, got: Any, put: Any) -> None:
        assert type(got) is type(put)
        assert str(got.get_params()) == str(put.get_params())
        x = np.random.default_rng(2).normal(size=(20, 3))
        np.testing.assert_array_equal(got.predict(x), put.predict(x))


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
    suites = [x for x in globals().values() if isinstance(x, type) and hasattr(x, "examples")]
    tested = {suite.kind for suite in suites if suite is not BackendContract}
    assert tested == set(Registry.discover().kinds())
