"""What the collector or another writer does in the middle of a write, at the worst moment."""

from __future__ import annotations

import contextlib
import pickle
import threading
import time
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from omegaml_lab.core.errors import ConflictError, IntegrityError, ObjectNotFoundError
from omegaml_lab.frames import partitions
from omegaml_lab.omega import Omega
from omegaml_lab.storage import histories, segments
from omegaml_lab.storage.heads import Heads
from omegaml_lab.storage.holds import LIFETIME
from omegaml_lab.storage.revisions import archive
from omegaml_lab.storage.storage import Storage
from omegaml_lab.storage.times import now
from omegaml_lab.storage.trees import Trees
from omegaml_lab.store.copying import Copying
from omegaml_lab.testing.fixtures import database_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.core.archives import TransferProgress

ZERO = timedelta(0)


@pytest.fixture
def other(mongo_server_url: str, omega: Omega) -> Iterator[Omega]:
    """Another repository."""
    url = database_url(mongo_server_url, f"omega_test_{uuid.uuid4().hex[:12]}")
    with Omega(url, config=omega.config) as other:
        yield other
        other.storage.erase()


@pytest.fixture
def rival(omega: Omega) -> Iterator[Omega]:
    """Somebody else at work in the same repository: with holds and a connection of its own."""
    with Omega(config=omega.config) as rival:
        yield rival


def frame(rows: int = 400) -> pd.DataFrame:
    return pd.DataFrame({"n": np.arange(rows)})


def collection(omega: Omega, name: str) -> Any:
    return omega.storage._connection.collection(name)


def test_partitions_of_other_processes_are_held(
    omega: Omega, rival: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    dd = pytest.importorskip("dask.dataframe")
    import dask

    def as_in_a_worker(storage: Storage) -> Storage:
        return pickle.loads(pickle.dumps(storage))  # type: ignore[no-any-return]

    joined = partitions.joined

    def gap(*args: Any) -> Any:
        assert collection(rival, "chunks").count_documents({}) == 2
        assert rival.gc(grace=ZERO).chunks == 0
        return joined(*args)

    monkeypatch.setattr(Storage, "quiet", as_in_a_worker)
    monkeypatch.setattr(partitions, "joined", gap)
    with dask.config.set(scheduler="synchronous"):
        omega.datasets.put(dd.from_pandas(frame(), npartitions=2), "x")
    assert len(omega.datasets.get("x")) == 400


def test_signs_of_life_while_others_write(omega: Omega, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omegaml_lab.storage.holds._SIGN_OF_LIFE", 0.01)
    holds = omega.storage.holds
    with holds.holding() as hold, holds.kept_alive():
        first = collection(omega, "holds").find_one({"_id": hold.id})["beat"]
        for _ in range(200):
            time.sleep(0.01)
            if collection(omega, "holds").find_one({"_id": hold.id})["beat"] > first:
                return
    pytest.fail("there was no sign of life")


def test_a_writer_that_slept_a_day_finds_out(
    omega: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a machine is suspended the monotonic clock stands still."""
    holds = omega.storage.holds
    with holds.holding(now=True) as hold:
        collection(omega, "holds").delete_one({"_id": hold.id})  # as a collector did meanwhile
        later, still = time.time() + 2 * LIFETIME.total_seconds(), time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: still)
        monkeypatch.setattr(time, "clock_gettime", lambda _clock: later)
        monkeypatch.setattr(time, "time", lambda: later)
        try:
            with pytest.raises(IntegrityError, match="without a sign of life"):
                holds.keep(hold)
        finally:
            monkeypatch.undo()


def test_chunks_that_go_before_they_are_touched_are_added_anew(
    omega: Omega, other: Omega, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    omega.datasets.put(frame(), "x", chunk_rows=100)
    archive = tmp_path / "x.zip"
    omega.export(archive)
    other.import_(archive)
    other.datasets.drop("x", keep=False)  # what an earlier import wrote is garbage, and there
    is_duplicate, taken = segments.is_duplicate, []

    def collected(error: Any) -> bool:
        if not taken:
            old = {"t": {"$lt": now()}}
            taken.append(collection(other, "chunks").delete_many(old).deleted_count)
        return is_duplicate(error)

    monkeypatch.setattr(segments, "is_duplicate", collected)
    other.import_(archive)
    assert taken == [4]
    assert len(other.datasets.get("x")) == 400


def test_what_came_with_one_object_stays_for_the_next(
    omega: Omega, other: Omega, tmp_path: Path
) -> None:
    data = omega.datasets
    data.put(frame(), "a")
    data.put(frame(5), "a")
    data.copy("a@1", "b")  # of the same segment
    archive = tmp_path / "x.zip"
    omega.export(archive)
    other.datasets.put(1, "a")
    taken: list[int] = []

    def between(state: TransferProgress) -> None:
        if state.name.endswith("/b") and not taken:
            taken.append(other.gc(grace=ZERO).chunks)

    other.import_(archive, on_conflict="replace", progress=between)
    assert taken == [0]
    assert len(other.datasets.get("b")) == 400


def test_a_copied_folder_stays_whole_while_it_is_copied(
    omega: Omega, other: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    omega.datasets.put(frame(), "f/a")
    omega.datasets.copy("f/a", "f/b")
    copy_one, taken = Copying._copy, []

    def copied(self: Copying, head: Any, path: str, *, replace: bool) -> Any:
        done = copy_one(self, head, path, replace=replace)
        if path == "f/a":
            other.datasets.drop("f/a", keep=False)
            taken.append(other.gc(grace=ZERO).chunks)
        return done

    monkeypatch.setattr(Copying, "_copy", copied)
    omega.datasets.copy("f", to=other.datasets)
    assert taken == [0]
    assert len(other.datasets.get("f/b")) == 400


def test_what_is_present_but_damaged_is_mended(omega: Omega, other: Omega, tmp_path: Path) -> None:
    omega.datasets.put(frame(), "x", chunk_rows=100)
    omega.datasets.put(b"x" * 3_000_000, "file", kind="file")
    archive = tmp_path / "x.zip"
    omega.export(archive)
    other.import_(archive)
    collection(other, "chunks").delete_one({})
    collection(other, "pieces").delete_one({})
    assert len(other.import_(archive).present) == 2
    assert len(other.datasets.get("x")) == 400
    assert len(other.datasets.get("file")) == 3_000_000


def test_what_is_put_anew_while_it_is_moved_stays(
    omega: Omega, other: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = omega.datasets
    data.put(1, "x")
    drop = Copying._drop

    def put_anew(self: Copying, moved: Any) -> None:
        data.drop("x", keep=False)
        data.put(2, "x")  # of the same name, and revision 1 as well
        drop(self, moved)

    monkeypatch.setattr(Copying, "_drop", put_anew)
    with pytest.raises(ConflictError):
        data.move("x", to=other.datasets)
    assert (data.get("x"), other.datasets.get("x")) == (2, 1)


def test_two_exports_to_one_file(omega: Omega, other: Omega, tmp_path: Path) -> None:
    for name in ("a", "b"):
        omega.datasets.put(name, name)
    archive = tmp_path / "x.zip"
    inner: list[str] = []

    def begin_another(state: TransferProgress) -> None:
        if not inner:
            inner.append("datasets/b")
            omega.export(archive, "datasets/b", replace=True)

    omega.export(archive, "datasets/a", replace=True, progress=begin_another)
    assert inner
    assert other.import_(archive).taken == ("datasets/a",)
    assert list(tmp_path.iterdir()) == [archive]


def grow_old(omega: Omega) -> None:
    old = {"$set": {"t": now() - timedelta(days=9)}}
    for name in ("chunks", "pieces"):
        collection(omega, name).update_many({}, old)


def test_who_reads_has_the_grace_period(omega: Omega) -> None:
    data = omega.datasets
    for name in ("replaced", "dropped", "f/dropped", "trashed"):
        data.put(frame(300), name)
        data.put(frame(), name)
    data.put(b"x" * 3_000_000, "file", kind="file")
    readers = [
        data.getl(name)
        for name in ("replaced", "dropped", "dropped@1", "f/dropped", "f/dropped@1", "trashed")
    ]
    file = data.open("file")
    data.put(1, "replaced", keep=False)
    data.put(1, "file", keep=False)
    archive(
        data.head_of("dropped"), omega.storage._connection.collection("revisions")
    )  # as a put does that then loses its race
    data.drop("dropped", keep=False)
    data.drop("f", recursive=True, keep=False)
    data.drop("trashed")
    grow_old(omega)
    told, done = omega.gc(trash=ZERO, dry_run=True), omega.gc(trash=ZERO)
    assert (told.dropped, told.pieces, told.chunks) == (1, 0, 0)
    assert (done.dropped, done.pieces, done.chunks) == (1, 0, 0)
    assert data.trash().total == 0
    assert [len(reader.compute()) for reader in readers] == [400, 400, 300, 400, 300, 400]
    assert len(file.read()) == 3_000_000
    assert [m.revision for m in data.history("replaced")] == [3, 1]
    told, done = omega.gc(grace=ZERO, dry_run=True), omega.gc(grace=ZERO)
    assert (told.pieces, told.chunks) == (done.pieces, done.chunks)
    assert (collection(omega, "chunks").count_documents({}), done.pieces) == (1, 2)


@pytest.mark.parametrize("slipped", ["f/new", "f/a"])
def test_a_put_below_a_folder_that_goes_stays(
    omega: Omega, rival: Omega, slipped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    omega.datasets.put(1, "f/a")
    omega.datasets.put(1, "f/b")
    archive = Trees._archive

    def gap(self: Trees, ids: Any) -> None:
        archive(self, ids)
        rival.datasets.put("acknowledged", slipped)

    monkeypatch.setattr(Trees, "_archive", gap)
    assert omega.datasets.drop("f", recursive=True, keep=False)
    assert omega.datasets.list() == [slipped]
    assert omega.datasets.exists("f")
    assert omega.datasets.get(slipped) == "acknowledged"


def test_states_that_come_before_their_head_are_held(
    omega: Omega, other: Omega, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        omega.datasets.put(n, "x")
    archive = tmp_path / "x.zip"
    omega.export(archive)

    def without_transactions(_connection: Any, act: Any) -> None:
        act(None)

    insert = collection(other, "objects").insert_one

    class Objects:
        def insert_one(self, document: Any, session: Any = None) -> None:
            assert other.gc(grace=ZERO).revisions == 0
            insert(document, session=session)

    monkeypatch.setattr(histories, "together", without_transactions)
    monkeypatch.setattr(histories.Histories, "_objects", Objects())
    other.import_(archive)
    assert [other.datasets.get(f"x@{n}") for n in (1, 2, 3)] == [0, 1, 2]


@pytest.mark.parametrize("moment", ["before", "within"])
def test_a_folder_that_is_renamed_during_a_save_comes_not_back(
    omega: Omega, rival: Omega, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    omega.jobs.put(b"1", "desk/a.txt", kind="file")
    replace, insert = Heads.replace, Heads.insert_inside
    renamed = []

    def rename() -> None:
        if not renamed:
            renamed.append(rival.jobs.rename("desk", "table"))

    def replaced(self: Heads, *args: Any, **options: Any) -> Any:
        if moment == "before":
            rename()
        return replace(self, *args, **options)

    def inserted(self: Heads, *args: Any) -> Any:
        rename()
        return insert(self, *args)

    monkeypatch.setattr(Heads, "replace", replaced)
    monkeypatch.setattr(Heads, "insert_inside", inserted)
    name = "desk/a.txt" if moment == "before" else "desk/b.txt"
    with pytest.raises(ObjectNotFoundError, match="'desk'"):
        omega.jobs.put(b"2", name, kind="file", folders=False)
    assert [meta.name for meta in omega.jobs.entries("", recursive=True).items] == [
        "table",
        "table/a.txt",
    ]


def test_what_is_saved_into_a_folder_while_that_moves_goes_along(
    omega: Omega, rival: Omega
) -> None:
    omega.jobs.make_folder("desk 0")
    saved, ended = [], threading.Event()

    def save() -> None:
        turn = 0
        while not ended.is_set():
            (folder,) = [meta.name for meta in omega.jobs.children()]
            with contextlib.suppress(ObjectNotFoundError):
                omega.jobs.put(b"x", f"{folder}/{turn}.txt", kind="file", folders=False)
                saved.append(f"{turn}.txt")
            turn += 1

    thread = threading.Thread(target=save)
    thread.start()
    for turn in range(60):
        rival.jobs.rename(f"desk {turn}", f"desk {turn + 1}")
    ended.set()
    thread.join()
    (folder,) = rival.jobs.children()
    kept = [meta.name for meta in rival.jobs.children(folder.name)]
    assert sorted(kept) == sorted(f"{folder.name}/{name}" for name in saved)
    assert saved
