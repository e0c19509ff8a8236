"""Copies, promotes and moves: within a repository, and to another one."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from omegaml_lab.core.errors import (
    IntegrityError,
    InvalidNameError,
    ObjectExistsError,
    ObjectNotFoundError,
)
from omegaml_lab.core.names import Name
from omegaml_lab.omega import Omega
from omegaml_lab.storage.heads import Heads
from omegaml_lab.storage.storage import Storage
from omegaml_lab.testing.fixtures import database_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ODD = "a b/ü%+(1)[x]{$}.@3"


@pytest.fixture
def other(mongo_server_url: str, omega: Omega) -> Iterator[Omega]:
    """Another repository."""
    url = database_url(mongo_server_url, f"omega_test_{uuid.uuid4().hex[:12]}")
    with Omega(url, config=omega.config) as other:
        yield other
        other.storage.erase()


def frame(rows: int = 300) -> pd.DataFrame:
    return pd.DataFrame({"n": range(rows), "c": pd.Categorical(["x", "y", "z"] * (rows // 3))})


def stored(omega: Omega, collection: str) -> int:
    return omega.storage.records(collection).count()


def test_a_copy_shares_the_payload_and_tells_where_from(omega: Omega) -> None:
    data = omega.datasets
    data.put(frame(), "flights", chunk_rows=100, attributes={"source": "faa"})
    data.put(b"x" * 3_000_000, "file")
    before = stored(omega, "chunks"), stored(omega, "pieces")
    copy = data.copy("flights", "deep/er/flights")
    data.copy("file", "file 2")
    assert (stored(omega, "chunks"), stored(omega, "pieces")) == before
    assert_frame_equal(data.get("deep/er/flights"), frame())
    assert copy.revision == 1
    assert copy.attributes == data.metadata("flights").attributes
    assert copy.hash == data.metadata("flights").hash
    assert copy.origin is not None
    assert (copy.origin.name, copy.origin.revision, copy.origin.repository) == ("flights", 1, None)
    data.put(1, "flights")  # the two are independent from now on
    assert_frame_equal(data.get("deep/er/flights"), frame())


def test_a_copy_replaces_only_when_told_so(omega: Omega) -> None:
    data = omega.datasets
    data.put(1, "a")
    data.put(2, "b")
    with pytest.raises(ObjectExistsError, match="'b' already exists"):
        data.copy("a", "b")
    assert data.copy("a", "b", replace=True).revision == 2
    assert [data.get("b"), data.get("b@1")] == [1, 2]
    with pytest.raises(ObjectNotFoundError):
        data.copy("nothing", "c")


def test_an_older_revision_is_copied_to_another_bucket(omega: Omega) -> None:
    for n in (1, 2, 3):
        omega.datasets.put(n, Name(ODD))
    omega.datasets.copy(Name(ODD, revision=2), bucket="prod")
    with Omega(omega.url, bucket="prod", config=omega.config) as prod:
        assert prod.datasets.get(Name(ODD)) == 2
        assert prod.datasets.history(Name(ODD))[0].bucket == "prod"
    assert omega.datasets.get(Name(ODD)) == 3


def test_a_folder_is_copied_with_all_below(omega: Omega, other: Omega) -> None:
    data = omega.datasets
    data.put(1, "f/a")
    data.put(frame(), "f/g/b")
    data.make_folder("f/empty")
    data.put(4, "fa")
    data.copy("f", "copy/of f")
    assert data.list("copy") == ["copy/of f/a", "copy/of f/g/b"]
    assert data.metadata("copy/of f/empty").is_folder
    with pytest.raises(InvalidNameError, match="into itself"):
        data.copy("f", "f/g/f")
    data.put(5, "taken/g/b")
    with pytest.raises(ObjectExistsError, match="taken"):
        data.copy("f", "taken")
    assert data.list("taken") == ["taken/g/b"]  # nothing was copied
    data.copy("f", to=other.datasets)
    assert other.datasets.list() == ["f/a", "f/g/b"]
    assert_frame_equal(other.datasets.get("f/g/b"), frame())


def test_many_folders_are_copied_together(
    omega: Omega, other: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, deep = omega.datasets, "/".join("d" * 90)
    data.make_folder(f"f/{deep}")
    data.put(1, f"f/{deep}/x")
    asked, find = [], Heads.find

    def counted(self: Heads, names: Any, **how: Any) -> Any:
        asked.append(self)
        return find(self, names, **how)

    monkeypatch.setattr(Heads, "find", counted)
    data.copy("f", "g")
    assert len(asked) < 30  # for each of 90 folders two at least would be asked
    data.copy("f", to=other.datasets)
    assert data.get(f"g/{deep}/x") == other.datasets.get(f"f/{deep}/x") == 1
    there = data.entries("g", recursive=True).items
    assert [m.name[1:] for m in there] == [
        m.name[1:] for m in data.entries("f", recursive=True).items
    ]
    data.put(2, "h/d")
    with pytest.raises((ObjectExistsError, InvalidNameError)):
        data.copy("f", "h", replace=True)
    assert data.get("h/d") == 2


def test_a_promoted_revision_is_the_newest_in_the_other_bucket(omega: Omega) -> None:
    for n in (1, 2, 3):
        omega.models.put(b"%d" % n, "m", kind="file")
    assert omega.models.promote("m@2", bucket="prod").revision == 1
    again = omega.models.promote("m@2", bucket="prod")
    assert again.revision == 1  # it is there already
    assert omega.models.promote("m@3", bucket="prod").revision == 2
    with Omega(omega.url, bucket="prod", config=omega.config) as prod:
        assert prod.models.get("m") == b"3"
        origin = prod.models.metadata("m@1").origin
        assert origin is not None
        assert (origin.bucket, origin.name, origin.revision) == ("default", "m", 2)


def test_a_notebook_goes_to_another_bucket_under_its_name(omega: Omega) -> None:
    omega.jobs.put("print(1)", "report")
    assert omega.jobs.promote("report", bucket="prod").name == "report.ipynb"
    assert omega.jobs.in_bucket("prod").list() == ["report.ipynb"]
    assert omega.jobs.copy("report", "other").name == "other.ipynb"


def test_a_move_to_another_bucket_keeps_revisions_and_identity(omega: Omega) -> None:
    data = omega.datasets
    for n in (1, 2):
        data.put(n, "f/a")
    data.move("f", "moved/f", bucket="prod")
    prod = data.in_bucket("prod")
    assert data.list() == []
    assert [prod.get("moved/f/a@1"), prod.get("moved/f/a")] == [1, 2]
    assert {m.bucket for m in prod.history("moved/f/a")} == {"prod"}
    data.put(3, "f/a")
    with pytest.raises(ObjectExistsError):
        data.move("f/a", "moved/f/a", bucket="prod")
    assert data.move("f/a", "b").name == "b"  # within the bucket it is a rename


def test_a_move_to_another_repository_takes_all_revisions(omega: Omega, other: Omega) -> None:
    data = omega.datasets
    data.put(frame(), "f/a", chunk_rows=100)
    data.put(frame(30), "f/a", append=True)
    data.put(b"x" * 3_000_000, "f/b", attributes={"k": [1]})
    moved = data.move("f", to=other.datasets)
    assert moved.is_folder
    assert data.list() == []
    there = other.datasets
    assert_frame_equal(there.get("f/a@1"), frame())
    assert len(there.get("f/a")) == 330
    assert there.get("f/b") == b"x" * 3_000_000
    assert there.metadata("f/b").attributes["k"] == [1]
    origin = there.metadata("f/a").origin
    assert origin is not None
    assert origin.repository == omega.storage.address
    assert stored(other, "chunks") == 4  # the segment that both revisions have came once


def test_a_copy_of_what_is_damaged_is_refused_and_not_seen(omega: Omega, other: Omega) -> None:
    data = omega.datasets
    data.put(frame(), "flights", chunk_rows=100)
    Storage.open(omega.url).segments._collection.delete_one({"_id.n": 100})
    with pytest.raises(IntegrityError):
        data.copy("flights", "copy")
    with pytest.raises(IntegrityError):
        data.copy("flights", to=other.datasets)
    assert data.list() == ["flights"]
    assert other.datasets.list() == []


def test_a_copy_to_another_repository_is_repeated_cheaply(omega: Omega, other: Omega) -> None:
    omega.datasets.put(frame(), "flights", chunk_rows=100)
    for _ in range(2):
        omega.datasets.copy("flights", to=other.datasets, replace=True)
    assert stored(other, "chunks") == 3
    assert other.datasets.metadata("flights").revision == 2
    assert omega.datasets.promote("flights", to=other.datasets).revision == 2


def test_what_a_copy_refers_to_outlives_the_source(omega: Omega) -> None:
    data = omega.datasets
    data.put(frame(), "flights", chunk_rows=100)
    data.put(b"x" * 3_000_000, "file")
    data.copy("flights", "copy")
    data.copy("file", "copy of file", bucket="prod")
    for name in ("flights", "file"):
        data.drop(name, keep=False)
    omega.gc(grace=timedelta(0))
    assert_frame_equal(data.get("copy"), frame())
    assert data.in_bucket("prod").get("copy of file") == b"x" * 3_000_000
    data.drop("copy", keep=False)
    assert omega.gc(grace=timedelta(0)).chunks == 3


def test_copies_and_imports_are_safe_from_a_collector_at_work(
    omega: Omega, other: Omega, tmp_path: Path
) -> None:
    stop = threading.Event()

    def collect() -> None:
        with Omega(omega.url, config=omega.config) as here:
            while not stop.is_set():
                here.gc(grace=timedelta(0))

    other.datasets.put(frame(), "flights", chunk_rows=100)
    other.datasets.put(b"y" * 3_000_000, "file")
    other.export(tmp_path / "all.omega")
    collector = threading.Thread(target=collect)
    collector.start()
    data = omega.datasets
    try:
        for n in range(6):
            data.put(b"%d" % n * 3_000_000, "autosaved", keep=False)
            data.copy("autosaved", f"copy/{n}")
            data.copy(f"copy/{n}", f"copy of copy/{n}")
            data.drop(f"copy/{n}", keep=False)
            with Omega(omega.url, bucket=f"b{n}", config=omega.config) as bucket:
                bucket.import_(tmp_path / "all.omega")
            other.datasets.copy("flights", f"flights {n}", to=data)
    finally:
        stop.set()
        collector.join()
    for n in range(6):
        assert data.get(f"copy of copy/{n}") == b"%d" % n * 3_000_000
        assert_frame_equal(data.get(f"flights {n}"), frame())
        assert data.in_bucket(f"b{n}").get("file") == b"y" * 3_000_000
        assert_frame_equal(data.in_bucket(f"b{n}").get("flights"), frame())
