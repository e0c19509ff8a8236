"""Bad input: each a clear error of the tree, in Python and on the command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from omegaml_lab.cli import main
from omegaml_lab.core.errors import (
    InvalidAttributeError,
    InvalidFilterError,
    InvalidFrameError,
    InvalidNameError,
    InvalidParameterError,
    UnknownColumnError,
    UnsupportedObjectError,
)
from omegaml_lab.core.names import Name

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.omega import Omega

BAD_NAMES = ["a\x00b", "a/../b", "../a", "/a", "a//b", "", "a/", ".", "a\nb", "x" * 600, "\ud800"]
ODD_NAMES = ["a$b", "$a", "a.b", "a.$b/{c}[0]", " ", "%00", "a\u202eb"]
BIG = "x" * 17_000_000
PARAMETRISED = {
    "cells": [
        {
            "cell_type": "code",
            "metadata": {"tags": ["parameters"]},
            "source": "a = 'x'",
            "outputs": [],
            "execution_count": None,
        }
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@pytest.fixture
def omega_with_a_frame(omega: Omega) -> Omega:
    times = pd.to_datetime(["2024-01-01", "2024-01-02"])
    omega.datasets.put(pd.DataFrame({"n": [1, 2], "t": times, "s": ["a", "b"]}), "f")
    return omega


def test_filters_and_columns(omega_with_a_frame: Omega) -> None:
    data = omega_with_a_frame.datasets
    for get in (data.get, data.getl, lambda *a, **k: next(data.iterchunks(*a, **k))):
        with pytest.raises(UnknownColumnError, match="It has: 'n', 't', 's'"):
            get("f", columns=["m"])
        with pytest.raises(UnknownColumnError):
            get("f", m=1)
        with pytest.raises(InvalidFilterError, match="no operator 'foo'"):
            get("f", n__foo=1)
        for wrong in ({"n": "text"}, {"n": {"$gt": 0}}, {"n__gt": b"x"}, {"s__gt": 3}, {"t": 3}):
            with pytest.raises(InvalidFilterError):
                get("f", **wrong)


def test_what_is_too_large(omega_with_a_frame: Omega) -> None:
    om = omega_with_a_frame
    with pytest.raises(InvalidAttributeError, match="1 MiB"):
        om.datasets.put(1, "a", attributes={"k": BIG})
    with pytest.raises(InvalidAttributeError, match="1 MiB"):
        om.datasets.annotate("f", {"k": BIG})
    om.jobs.put(PARAMETRISED, "job")
    with pytest.raises(InvalidParameterError, match="17,000,002 characters"):
        om.runtime.job("job").run({"a": BIG})
    with pytest.raises(InvalidNameError):
        om.datasets.tag("f", "t" * 600_000)
    om.datasets.put({"k": BIG}, "big")  # payloads have no such limit
    om.jobs.put("#" + BIG, "big")
    assert om.datasets.get("big")["k"] == BIG
    assert om.datasets.list() == ["big", "f"]


_COPY = 15


def calls(om: Omega, name: Any) -> list[Callable[[], Any]]:
    """Return every call that takes a name."""
    data = om.datasets
    return [
        lambda: data.put(1, name),
        lambda: data.get(name),
        lambda: data.getl(name),
        lambda: data.metadata(name),
        lambda: data.exists(name),
        lambda: data.history(name),
        lambda: data.lineage(name),
        lambda: data.read_bytes(name),
        lambda: data.open(name),
        lambda: data.annotate(name, {}),
        lambda: data.drop(name),
        lambda: data.restore(name),
        lambda: data.tag(name, "t"),
        lambda: data.make_folder(name),
        lambda: data.rename("f", name),
        lambda: data.copy("f", name),
        lambda: data.copy(name, "g"),
        lambda: data.move(name, "g"),
        lambda: data.promote(name, bucket="b"),
        lambda: om.runtime.job(name),
        lambda: om.models.put(b"", name, kind="file"),
        lambda: om.scripts.put("", name, kind="file"),
        lambda: om.jobs.put("", name),
        lambda: Name(name),
    ]


def test_names_that_are_none(omega_with_a_frame: Omega) -> None:
    om = omega_with_a_frame
    for name in (*BAD_NAMES, None, 3, {"$gt": ""}, b"a"):
        for number, call in enumerate(calls(om, name)):
            if name is None and number == _COPY:  # a name that is not given is the same one
                continue
            with pytest.raises(InvalidNameError):
                call()
    assert om.datasets.list() == ["f"]
    assert om.models.list() == om.jobs.list() == om.scripts.list() == []


def test_odd_names_are_data(omega_with_a_frame: Omega) -> None:
    om = omega_with_a_frame
    for name in ODD_NAMES:
        for store in (om.datasets, om.models, om.scripts):
            store.put(b"x", name, kind="file", attributes={"$set": 1, "a.b": 2})
            assert store.get(name) == b"x"
            assert store.copy(name, name + " copy").attributes["a.b"] == 2
            assert store.list(search=name) == [name, name + " copy"]
            store.drop(name + " copy")


def test_buckets_that_are_none(omega_with_a_frame: Omega) -> None:
    for bucket in ("", "..", "a/b", "a\x00b"):
        with pytest.raises(InvalidNameError):
            omega_with_a_frame.datasets.copy("f", bucket=bucket)
        with pytest.raises(InvalidNameError):
            omega_with_a_frame.datasets.move("f", bucket=bucket)


def test_the_command_line_says_so_in_a_line(
    omega_with_a_frame: Omega,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for variable in [v for v in os.environ if v.startswith("OMEGA_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("OMEGA_MONGO_URL", omega_with_a_frame.url)
    for name in ("a\x00b", "a/../b", "/a", "a\nb"):
        for command in (
            ("datasets", "show", name),
            ("datasets", "copy", "f", name),
            ("datasets", "copy", name, "g"),
            ("models", "lineage", name),
            ("jobs", "history", name),
            ("scripts", "drop", name),
            ("--bucket", name, "datasets", "list"),
        ):
            assert main(command) == 1
            error = capfd.readouterr().err
            assert error.startswith("Error: ")
            assert "is not a valid name" in error or "bucket" in error
            assert error.count("\n") == 1


def test_wrong_options_of_a_put_are_told_as_such(omega: Omega) -> None:
    frame, wrong = pd.DataFrame({"n": [1]}), cast("Any", "x")
    with pytest.raises(InvalidAttributeError, match="a dict of names and values, not 'x'"):
        omega.datasets.put(frame, "q", attributes=wrong)
    with pytest.raises(InvalidAttributeError, match="a dict of names and numbers, not 'x'"):
        omega.models.put(LinearRegression(), "q", metrics=wrong)
    for rows in ("x", 0, 2.5):
        with pytest.raises(InvalidFrameError, match=f"a number of rows, not {rows!r}"):
            omega.datasets.put(frame, "q", chunk_rows=rows)
    assert not omega.datasets.exists("q")


def test_what_another_store_keeps_is_said_so(omega: Omega) -> None:
    with pytest.raises(UnsupportedObjectError, match=r"Keep it by `om\.models\.put`"):
        omega.datasets.put(LinearRegression(), "q")
    with pytest.raises(UnsupportedObjectError, match=r"Keep it by `om\.datasets\.put`"):
        omega.models.put(pd.DataFrame({"n": [1]}), "q")
    with pytest.raises(UnsupportedObjectError, match=r"make an instance, LinearRegression\("):
        omega.models.put(LinearRegression, "q")
