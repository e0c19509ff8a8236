"""Files elsewhere: kept by reference, or read into frames, from a real server and from disk."""

from __future__ import annotations

import functools
import http.server
import threading
from typing import TYPE_CHECKING, Any

import fsspec
import numpy as np
import pandas as pd
import pytest

from omegaml_lab.core.errors import (
    InvalidFrameError,
    InvalidSourceError,
    MissingDependencyError,
    NotAFileError,
    SourceChangedError,
    SourceUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.omega import Omega

ROWS = 3000


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files, without ranges, as simple servers do."""

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The URL under which `tmp_path` is served."""
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    """A table in files of several formats; some of its columns change their type midway."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "n": np.arange(ROWS),
            "word": rng.choice(["a", "b ß", ""], ROWS),
            "late": np.r_[np.arange(ROWS - 1.0), np.nan],
            "sparse": [None] * (ROWS - 1) + ["x"],
            "never": [np.nan] * ROWS,
        }
    )
    frame.to_csv(tmp_path / "a b.csv", index=False)
    frame.to_csv(tmp_path / "a.csv.gz", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    return frame


def test_csv_comes_in_chunks_as_pandas_reads_it_whole(
    omega: Omega, web: str, tmp_path: Path, table: pd.DataFrame
) -> None:
    whole = pd.read_csv(tmp_path / "a b.csv", low_memory=False)
    path = tmp_path / "a b.csv"
    with path.open("rb") as opened:
        for source in (f"{web}/a%20b.csv", f"{web}/a.csv.gz", path, f"file://{path}", opened):
            put = omega.datasets.read_csv(source, "t", chunk_rows=700)
            assert put.attributes["rows"] == ROWS
            pd.testing.assert_frame_equal(omega.datasets.get("t"), whole, check_exact=True)
    assert omega.datasets.metadata("t").revision == 5
    omega.datasets.read_csv(path, "i", chunk_rows=700, index_col="n", usecols=["n", "word"])
    indexed = pd.read_csv(path, index_col="n", usecols=["n", "word"])
    pd.testing.assert_frame_equal(omega.datasets.get("i"), indexed)
    pd.testing.assert_frame_equal(omega.datasets.getl("i").compute(), indexed)


def test_parquet_and_json_come_in_chunks(
    omega: Omega, web: str, tmp_path: Path, table: pd.DataFrame
) -> None:
    for source in (f"{web}/a.parquet", tmp_path / "a.parquet"):
        omega.datasets.read_parquet(source, "p", chunk_rows=700)
        pd.testing.assert_frame_equal(omega.datasets.get("p"), table)
    omega.datasets.read_parquet(tmp_path / "a.parquet", "p", columns=["word"])
    pd.testing.assert_frame_equal(omega.datasets.get("p"), table[["word"]])
    table[["word"]].set_axis(table["n"] * 2).to_parquet(tmp_path / "i.parquet")
    omega.datasets.read_parquet(tmp_path / "i.parquet", "p", chunk_rows=700)
    pd.testing.assert_frame_equal(
        omega.datasets.get("p"), table[["word"]].set_axis(table["n"] * 2)
    )
    omega.datasets.read_json(f"{web}/a.jsonl", "j", chunk_rows=700)
    read = pd.read_json(tmp_path / "a.jsonl", lines=True)
    pd.testing.assert_frame_equal(omega.datasets.get("j"), read, check_dtype=False)


def test_readers_of_pandas_and_other_streams_are_frames(omega: Omega, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("n\n1\n2\n3\n")
    with pd.read_csv(tmp_path / "x.csv", chunksize=2) as reader:
        assert omega.datasets.put(reader, "x").kind == "pandas.chunks"
    expected = pd.DataFrame({"n": [1, 2, 3]})
    pd.testing.assert_frame_equal(omega.datasets.get("x"), expected)
    omega.datasets.put(omega.datasets.iterchunks("x"), "copy", kind="pandas.chunks")
    pd.testing.assert_frame_equal(omega.datasets.get("copy"), expected)
    (tmp_path / "empty.csv").write_text("a,b\n")
    omega.datasets.read_csv(tmp_path / "empty.csv", "e")
    pd.testing.assert_frame_equal(omega.datasets.get("e"), pd.read_csv(tmp_path / "empty.csv"))


def test_columns_that_have_no_common_type_are_refused(omega: Omega, tmp_path: Path) -> None:
    omega.datasets.put(1, "zip")
    (tmp_path / "x.csv").write_text("zip\n" + "7\n" * 10 + "x\n")
    with pytest.raises(InvalidFrameError, match=r"'zip' is int64 .* str from row 10 on.*dtype="):
        omega.datasets.read_csv(tmp_path / "x.csv", "zip", chunk_rows=5)
    assert omega.datasets.get("zip") == 1
    omega.datasets.read_csv(tmp_path / "x.csv", "zip", chunk_rows=5, dtype={"zip": "str"})
    assert omega.datasets.get("zip")["zip"].tolist() == ["7"] * 10 + ["x"]
    for stream in (
        iter([]),
        iter([1]),
        iter([pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})]),
    ):
        with pytest.raises(InvalidFrameError):
            omega.datasets.put(stream, "zip", kind="pandas.chunks")


def test_sources_that_cannot_be_read(omega: Omega, web: str, tmp_path: Path) -> None:
    for source, error in {
        f"{web}/none.csv?token=geheim": SourceUnavailableError,
        str(tmp_path / "none.csv"): SourceUnavailableError,
        "http://127.0.0.1:1/x.csv?token=geheim": SourceUnavailableError,
        "nope://x.csv": InvalidSourceError,
        "gdrive://x.csv": MissingDependencyError,
    }.items():
        with pytest.raises(error) as caught:
            omega.datasets.read_csv(source, "x")
        assert "geheim" not in str(caught.value)
    assert omega.datasets.list() == []


def test_a_reference_stays_where_it_is(omega: Omega, web: str, tmp_path: Path) -> None:
    for base in (web, tmp_path.as_uri()):
        path = tmp_path / "a b.txt"
        path.write_bytes(b"one\ntwo\n" * 100_000)
        url = f"{base}/a%20b.txt"
        if base != web:  # fsspec takes paths on disk as they are
            path = path.rename(tmp_path / "a%20b.txt")
        put = omega.datasets.put(url, "ref")
        assert put.kind == "file.reference"
        assert put.size < 1000
        assert put.attributes["url"] == url
        assert put.attributes["source"]["size"] == 800_000
        assert omega.datasets.get("ref") == path.read_bytes()
        with omega.datasets.get("ref", stream=True) as file:
            assert file.readline() == b"one\n"
            file.seek(-4, 2)
            assert file.read() == b"two\n"
        for refused in (omega.datasets.open, omega.datasets.read_bytes):
            with pytest.raises(NotAFileError):
                refused("ref")
        path.write_bytes(b"changed")
        with pytest.raises(SourceChangedError, match="800000 and is 7"):
            omega.datasets.get("ref")
        assert omega.datasets.get("ref", check=False) == b"changed"
        path.unlink()
        with pytest.raises(SourceUnavailableError):
            omega.datasets.get("ref")


def test_only_a_url_alone_is_a_reference(omega: Omega) -> None:
    fsspec.filesystem("memory").pipe("memory://kinds/x", b"here")
    assert omega.datasets.put("memory://kinds/x", "x").kind == "file.reference"
    assert omega.datasets.get("x") == b"here"
    for text in ("see memory://kinds/x", "memory://kinds/x\n", "hello:/x"):
        assert omega.datasets.put(text, "x").kind == "python.value"
        assert omega.datasets.get("x") == text
    omega.datasets.put("memory://kinds/x", "x", kind="python.value")
    assert omega.datasets.get("x") == "memory://kinds/x"
    for nothing in ("text", b"memory://kinds/x", 3):
        with pytest.raises(InvalidSourceError):
            omega.datasets.put(nothing, "x", kind="file.reference")
    with pytest.raises(SourceUnavailableError):
        omega.datasets.put("memory://kinds/none", "x")


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("https://ana:geheim@127.0.0.1:1/x", {}),
        ("s3://b/x?X-Amz-Signature=geheim", {}),
        ("memory://kinds/x", {"key": "geheim"}),
        ("memory://kinds/x", {"client_kwargs": {"aws_secret_access_key": "geheim"}}),
        ("memory://kinds/x", {"odd": object()}),
    ],
)
def test_secrets_are_not_kept(omega: Omega, url: str, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidSourceError) as caught:
        omega.datasets.put(url, "x", storage_options=options)
    assert "geheim" not in str(caught.value)
    assert omega.datasets.list() == []


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_truth_may_miss_in_some_chunks(omega: Omega, tmp_path: Path, rows: int) -> None:
    for number, truth in enumerate(
        ([True, False, None, True], [None, None, True, False], [None, True, None, None])
    ):
        file = tmp_path / f"{number}.parquet"
        frame = pd.DataFrame({"n": range(4), "b": pd.Series(truth, dtype=object)})
        frame.to_parquet(file, row_group_size=2)
        frame.to_csv(tmp_path / "b.csv", index=False)
        omega.datasets.read_parquet(file, "x", chunk_rows=rows)
        pd.testing.assert_frame_equal(omega.datasets.get("x"), pd.read_parquet(file))
        omega.datasets.read_csv(tmp_path / "b.csv", "x", chunk_rows=rows)
        pd.testing.assert_frame_equal(omega.datasets.get("x"), pd.read_csv(tmp_path / "b.csv"))


@pytest.mark.parametrize("index", [pd.RangeIndex(5, 15), pd.RangeIndex(0, 30, 3, name="n")])
def test_parquet_keeps_where_its_index_starts(
    omega: Omega, tmp_path: Path, index: pd.RangeIndex
) -> None:
    frame = pd.DataFrame({"v": range(10)}, index=index)
    frame.to_parquet(tmp_path / "x.parquet")
    for rows in (3, 100):
        omega.datasets.read_parquet(tmp_path / "x.parquet", "x", chunk_rows=rows)
        pd.testing.assert_frame_equal(omega.datasets.get("x"), frame)


def test_streams_lose_no_digits_and_need_no_order(omega: Omega) -> None:
    def put(*values: Any, dtypes: tuple[str, str]) -> pd.DataFrame:
        first, second = (pd.DataFrame({"a": [v], "b": "x"}) for v in values)
        frames = (first.astype({"a": dtypes[0]}), second[["b", "a"]].astype({"a": dtypes[1]}))
        omega.datasets.put(iter(frames), "x", kind="pandas.chunks")
        got: pd.DataFrame = omega.datasets.get("x")
        return got

    assert put(1, 2, dtypes=("int32", "uint8"))["a"].tolist() == [1, 2]
    with pytest.raises(InvalidFrameError, match="int64 at first and uint64"):
        put(1, 2**63 + 5, dtypes=("int64", "uint64"))
    with pytest.raises(InvalidFrameError, match="object"):
        put(*(True, [1]), dtypes=("bool", "object"))
