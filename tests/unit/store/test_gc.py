"""What the collector takes, and what it leaves."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from omegaml_lab.core.errors import IntegrityError, InvalidRetentionError, ObjectNotFoundError
from omegaml_lab.core.names import Name
from omegaml_lab.storage.holds import LIFETIME
from omegaml_lab.storage.times import now

if TYPE_CHECKING:
    from omegaml_lab.core.gc import Collected
    from omegaml_lab.omega import Omega

ZERO = timedelta(0)
LARGE = 3_000_000  # two pieces


def gc(omega: Omega, *, trash: timedelta | None = None, dry_run: bool = False) -> Collected:
    return omega.gc(grace=ZERO, trash=trash, dry_run=dry_run)


def counts(omega: Omega) -> dict[str, int]:
    connection = omega.storage._connection
    return {
        name: connection.collection(name).count_documents({})
        for name in ("objects", "revisions", "pieces", "chunks", "holds")
    }


def frame(n: int) -> pd.DataFrame:
    return pd.DataFrame({"n": np.full(1000, n), "m": np.arange(1000)})


def test_nothing_that_is_referred_to_is_taken(omega: Omega) -> None:
    data = omega.datasets
    for n in range(3):
        data.put(os.urandom(LARGE), "file", kind="file")
        data.put(frame(n), "frame", chunk_rows=300)
    data.put(frame(3), "frame", append=True)
    data.put(os.urandom(LARGE), "dropped", kind="file")
    data.drop("dropped")
    before = counts(omega)
    done = gc(omega)
    assert (done.dropped, done.revisions, done.pieces, done.chunks, done.bytes) == (0, 0, 0, 0, 0)
    assert counts(omega) == before
    assert len(data.get("frame")) == 2000
    assert len(data.restore("dropped").name) == 7


def test_what_is_replaced_for_good_is_taken(omega: Omega) -> None:
    data = omega.datasets
    shared = os.urandom(2 * 1024 * 1024)
    data.put(shared + b"a" * 100_000, "file", kind="file")
    data.put(shared + b"b" * 100_000, "file", kind="file", keep=False)
    data.put(frame(1), "frame")
    data.put(frame(2), "frame", keep=False)
    told = gc(omega, dry_run=True)
    assert counts(omega)["pieces"] == 3
    done = gc(omega)
    assert (done.pieces, done.chunks) == (told.pieces, told.chunks) == (1, 1)
    assert done.bytes == told.bytes > 100_000
    assert counts(omega)["pieces"] == 2  # what both had in common stays
    assert data.read_bytes("file").startswith(shared)
    assert (data.get("frame")["n"] == 2).all()
    assert gc(omega).bytes == 0


def test_the_grace_period(omega: Omega) -> None:
    omega.datasets.put(os.urandom(LARGE), "file", kind="file")
    omega.datasets.put(b"", "file", kind="file", keep=False)
    assert omega.gc().pieces == 0  # within a day
    assert gc(omega).pieces == 2


def test_the_rule_of_a_store(omega: Omega, config: Any) -> None:
    import dataclasses

    from omegaml_lab.omega import Omega as Opened

    data = omega.datasets
    for n in range(8):
        data.put(os.urandom(LARGE), "x", kind="file")
        data.put(n, "own", attributes={"retention": "last 2"})
        data.put(n, "wrong", attributes={"retention": "lats 2"})
    data.tag("x", "prod", 2)
    data.annotate("x", {"checkpoints": [4]})
    with Opened(config=dataclasses.replace(config, retention_datasets="last 3")) as strict:
        told = gc(strict, dry_run=True)
        assert [m.revision for m in data.history("x")] == list(range(8, 0, -1))
        done = gc(strict)
    assert (done.revisions, done.pieces) == (told.revisions, told.pieces) == (3 + 6, 3 * 2)
    assert done.bytes == told.bytes == 3 * LARGE
    assert [m.revision for m in data.history("x")] == [8, 7, 6, 4, 2]
    assert [m.revision for m in data.history("own")] == [8, 7]
    assert len(data.history("wrong")) == 8
    (problem,) = done.problems
    assert "default/datasets wrong: 'lats 2' is no rule" in problem
    with pytest.raises(ObjectNotFoundError):
        data.get("x@3")
    assert len(data.get("x@prod")) == LARGE
    with pytest.raises(ObjectNotFoundError):
        data.tag("x", "gone", 3)
    with pytest.raises(ObjectNotFoundError):
        data.restore("x@3")


def test_what_was_run_stays(omega: Omega) -> None:
    for n in range(4):
        omega.jobs.put(str(n), "job", attributes={"retention": "last 1"})
    omega.runtime.runs.records.create("job.ipynb", 2, parameters={})
    omega.jobs.rename("job", "renamed")
    head = omega.jobs._heads.find(["renamed.ipynb"])["renamed.ipynb"]
    read = {"object": head.id, "revision": 1}
    omega.storage._connection.collection("reads").insert_one(read)  # what lineage notes
    gc(omega)
    assert [m.revision for m in omega.jobs.history("renamed")] == [4, 2, 1]


def test_what_a_model_was_trained_on_stays(omega: Omega) -> None:
    from sklearn.linear_model import LinearRegression

    for n in range(4):
        omega.datasets.put(frame(n), "x", attributes={"retention": "last 1"})
    for n in (1, 2):
        omega.models.put(LinearRegression(), "model", trained_on=f"x@{n}")
    gc(omega)
    assert [m.revision for m in omega.datasets.history("x")] == [4, 2, 1]


def test_the_trash_is_emptied(omega: Omega) -> None:
    data = omega.datasets
    for n in range(2):
        data.put(os.urandom(LARGE), "f/x", kind="file")
        data.put(frame(n), "f/frame")
    data.put(os.urandom(LARGE), "stays", kind="file")
    data.drop("f", recursive=True)
    assert gc(omega, trash=timedelta(days=1)).dropped == 0
    told = gc(omega, trash=ZERO, dry_run=True)
    done = gc(omega, trash=ZERO)
    assert (done.dropped, done.pieces, done.chunks) == (told.dropped, told.pieces, told.chunks)
    assert (done.dropped, done.pieces, done.chunks, done.bytes) == (3, 4, 2, told.bytes)
    assert data.trash(search="f").total == 0
    left = counts(omega)
    assert (left["objects"], left["revisions"], left["pieces"]) == (1, 0, 2)


def test_a_purge_that_was_cut_off_goes_on(omega: Omega) -> None:
    for _ in range(2):
        omega.datasets.put(os.urandom(LARGE), "x", kind="file")
    omega.datasets.drop("x")
    objects = omega.storage._connection.collection("objects")
    objects.update_one({}, {"$set": {"store": "purged"}, "$unset": {"dropped": ""}})
    assert gc(omega, dry_run=True).pieces == 4
    done = gc(omega)
    assert (done.dropped, done.pieces) == (1, 4)
    assert counts(omega)["objects"] == counts(omega)["revisions"] == 0


def test_what_is_dropped_for_good_is_taken_with_all_states(omega: Omega) -> None:
    for _ in range(3):
        omega.datasets.put(os.urandom(LARGE), "f/x", kind="file")
    omega.datasets.drop("f", recursive=True, keep=False)
    assert gc(omega).pieces == 6
    assert counts(omega)["revisions"] == 0


def test_a_writer_at_work_is_left_alone(omega: Omega) -> None:
    storage = omega.storage
    with storage.holds.holding():
        blob = storage.blobs.write(os.urandom(LARGE))
        assert gc(omega).pieces == 0
        assert len(storage.blobs.read(blob)) == LARGE
    assert gc(omega).pieces == 2


def test_an_old_piece_that_is_relied_on_again_stays(omega: Omega) -> None:
    storage, data = omega.storage, os.urandom(LARGE)
    blob = storage.blobs.write(data)
    with storage.holds.holding():
        assert storage.blobs.write(data) == blob
        assert gc(omega).pieces == 0
    assert gc(omega).pieces == 2


def test_a_writer_that_died_counts_for_a_day(omega: Omega) -> None:
    storage = omega.storage
    holds = storage._connection.collection("holds")
    with storage.holds.holding(now=True) as hold:
        storage.blobs.write(os.urandom(LARGE))
        holds.update_one({"_id": hold.id}, {"$set": {"beat": now() - LIFETIME / 2}})
        assert gc(omega).pieces == 0
        holds.update_one({"_id": hold.id}, {"$set": {"beat": now() - LIFETIME * 2}})
        assert gc(omega).pieces == 2
        # It was not dead after all: what it has written is gone, and it may not say otherwise.
        hold.kept = -1e9
        with pytest.raises(IntegrityError, match="without a sign of life"):
            storage.blobs.write(os.urandom(LARGE))
    assert counts(omega)["holds"] == 0


def test_small_puts_announce_nothing(omega: Omega) -> None:
    storage = omega.storage
    with storage.holds.holding() as hold:
        storage.blobs.write(b"small")
        assert hold.kept is None
        storage.blobs.write(os.urandom(LARGE))
        assert hold.kept is not None
        assert counts(omega)["holds"] == 1


def test_odd_names_and_other_buckets(omega: Omega, mongo_url: str, config: Any) -> None:
    from omegaml_lab.omega import Omega as Opened

    with Opened(config=config, bucket="an öther.$bucket") as other:
        for _ in range(3):
            name = Name("ä $x.y@3/%")
            other.datasets.put(os.urandom(LARGE), name, kind="file",
                               attributes={"retention": "last 1"})  # fmt: skip
        assert gc(omega).revisions == 2
        assert [m.revision for m in other.datasets.history(name)] == [3]
        assert len(other.datasets.get(name)) == LARGE


def test_progress_is_told(omega: Omega) -> None:
    told: list[str] = []
    omega.datasets.put(os.urandom(LARGE), "x", kind="file")
    omega.datasets.put(1, "x", keep=False)
    omega.gc(grace=ZERO, progress=lambda what, done: told.append(f"{what} {done}"))
    assert told == ["trash 0", "revisions 0", "pieces 2"]


@pytest.mark.parametrize("given", [5, "30d", timedelta(hours=-1), None])
def test_what_is_no_length_of_time_is_refused(omega: Omega, given: Any) -> None:
    omega.datasets.put(1, "x")
    for option in ("grace", "trash"):
        if given is None:  # as configured
            omega.gc(**{option: given})
            continue
        with pytest.raises(InvalidRetentionError, match=r"length of time: say how long ago"):
            omega.gc(**{option: given})
    assert omega.datasets.get("x") == 1
