"""Sources that cannot be read, and text that is no source: what is said of them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from omegaml_lab.core.errors import (
    InvalidOptionError,
    InvalidSourceError,
    SourceUnavailableError,
)

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


@pytest.mark.parametrize(
    "text",
    [
        "data.csv", "no/such/file.csv", "/tmp/x.parquet", "~/my data.xlsx", r"C:\data\x.csv",
        "../model.pkl", "x.csv.gz", "htp://example.org/x", "foo://x", "mongodb://host/db",
    ],
)  # fmt: skip
def test_text_that_names_something_is_not_kept_instead(omega: Omega, text: str) -> None:
    with pytest.raises(InvalidSourceError, match=r"kind='python\.value' keeps the text"):
        omega.datasets.put(text, "x")
    assert omega.datasets.list() == []
    assert omega.datasets.put(text, "x", kind="python.value").kind == "python.value"
    assert omega.datasets.get("x") == text


@pytest.mark.parametrize(
    "text",
    [
        "", "and/or", "/api/users", "see report.csv", "one.csv\ntwo.csv", "3.14", "v1.2", "a.b.c",
        "see http://example.org/x", "http: //x", "x" * 2000 + ".csv",
    ],
)  # fmt: skip
def test_other_text_is_a_value(omega: Omega, text: str) -> None:
    assert omega.datasets.put(text, "x").kind == "python.value"
    assert omega.datasets.get("x") == text
    omega.datasets.put(["data.csv", {"path": "foo://x"}], "y")
    assert omega.datasets.get("y") == ["data.csv", {"path": "foo://x"}]


def test_what_is_meant_is_named(omega: Omega, tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("n\n1\n")
    path = str(tmp_path / "prices.csv")
    with pytest.raises(InvalidSourceError, match=r"Path\(.* keeps the file.* read_csv\("):
        omega.datasets.put(path, "x")
    with pytest.raises(InvalidSourceError, match=r"\(did you mean 'http'\?\)"):
        omega.datasets.put("htp://example.org/x", "x")
    assert omega.datasets.put(Path(path), "x").kind == "file"


def test_why_a_source_cannot_be_read(omega: Omega, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    (tmp_path / "prices.csv").write_text("n\n1\n")
    for read in (omega.datasets.read_csv, omega.datasets.read_parquet):
        for source, told in {
            f"http://127.0.0.1:{port}/x.csv": rf"127\.0\.0\.1:{port} does not answer",
            "http://no-such-host.invalid/x.csv": r"no host is called no-such-host\.invalid",
            "www.example.org/x.csv": "begins with https://",
            str(tmp_path / "price.csv"): r"no such file in .* \(did you mean 'prices\.csv'\?\)",
            str(tmp_path / "none" / "x.csv"): "no folder .*none",
            str(tmp_path): "directory",
        }.items():
            with pytest.raises(SourceUnavailableError, match=told):
                read(source, "x")
        for wrong in (None, 3, pd.DataFrame({"n": [1]})):
            with pytest.raises(InvalidSourceError, match=f"A {type(wrong).__name__} cannot"):
                read(wrong, "x")
        with pytest.raises(InvalidSourceError, match=r"'htp' .* \(did you mean 'http'\?\)"):
            read("htp://example.org/x.csv", "x")
    assert omega.datasets.list() == []


def test_what_is_in_it_cannot_be_read(omega: Omega, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    data = omega.datasets
    path.write_bytes("name\nüben\n".encode("latin-1"))
    with pytest.raises(InvalidSourceError, match=r"no text in utf-8.*encoding='latin-1'"):
        data.read_csv(path, "x")
    data.read_csv(path, "x", encoding="latin-1")
    assert data.get("x")["name"].tolist() == ["üben"]
    with pytest.raises(InvalidSourceError, match=r"no text in utf-8 .*: write it as that"):
        data.read_json(path, "y")
    path.write_text("name\n")
    for read, what in ((data.read_json, "JSON lines"), (data.read_parquet, "Parquet")):
        with pytest.raises(InvalidSourceError, match=f"cannot be read as {what}"):
            read(path, "y")
    path.write_text("")
    with pytest.raises(InvalidSourceError, match="No columns to parse"):
        data.read_csv(path, "y")
    data.read_json(path, "y")
    pd.testing.assert_frame_equal(data.get("y"), pd.read_json(path, lines=True))
    path.write_text("a\n1\n")
    with pytest.raises(InvalidSourceError, match=r"not found: \['b'\]"):
        data.read_csv(path, "x", usecols=["b"])


def test_how_else_it_can_be_read(omega: Omega, tmp_path: Path) -> None:
    path, data = tmp_path / "x", omega.datasets
    text = b"n,word\n" + b"1,abc\n" * 1000
    for packed, option in (
        (gzip.compress(text), {"compression": "gzip"}),
        (bz2.compress(text), {"compression": "bz2"}),
        (lzma.compress(text), {"compression": "xz"}),
        (text.decode().encode("utf-16"), {"encoding": "utf-16"}),
    ):
        path.write_bytes(packed)
        ((name, value),) = option.items()
        with pytest.raises(
            InvalidSourceError, match=f"no text in utf-8.*say its {name}='{value}'"
        ):
            data.read_csv(path, "x")
        data.read_csv(path, "x", **option)
        assert data.get("x").shape == (1000, 2)
    path.write_text("n\nü\n")
    with pytest.raises(InvalidSourceError, match=r"no text in ascii.*say another encoding="):
        data.read_csv(path, "x", encoding="ascii")
    cut = gzip.compress(np.random.default_rng(1).bytes(9999).hex().encode())
    for damaged in (cut[:5000], cut[:-8] + bytes(8), cut[:50] + bytes(99)):
        path.with_suffix(".gz").write_bytes(damaged)
        with pytest.raises(InvalidSourceError, match="packed, and cut short or damaged"):
            data.read_csv(path.with_suffix(".gz"), "x")
    with pytest.raises(InvalidSourceError, match="unknown encoding: nope"):
        data.read_csv(path, "x", encoding="nope")
    with pytest.raises(
        InvalidSourceError, match="no compression 'zipp' here; there are bz2, gzip"
    ):
        data.read_csv(path, "x", compression="zipp")
    assert data.metadata("x").revision == 4


def test_what_the_code_that_makes_frames_raises_is_told(omega: Omega) -> None:
    frames = (frame[["n"]] for frame in [pd.DataFrame({"n": [1]}), pd.DataFrame({"m": [1]})])
    with pytest.raises(KeyError, match="'n'"):
        omega.datasets.put(frames, "x", kind="pandas.chunks")


def test_options_of_readers(omega: Omega, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a;b\n1;2\n")
    options: dict[str, tuple[Any, str]] = {
        "delimeter": (";", r"no such option \(did you mean 'delimiter'\?\)"),
        "chunksize": (3, "say chunk_rows="),
        "append": (True, "append=True"),
    }
    for option, (value, told) in options.items():
        with pytest.raises(InvalidOptionError, match=told):
            omega.datasets.read_csv(path, "x", **{option: value})
    for rows in (0, "x", 2.5):
        with pytest.raises(InvalidSourceError, match="a number of rows"):
            omega.datasets.read_csv(path, "x", chunk_rows=rows)  # type: ignore[arg-type]
    omega.datasets.read_csv(path, "x", delimiter=";")
    assert omega.datasets.get("x").columns.tolist() == ["a", "b"]
