from __future__ import annotations

import datetime as dt
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import (
    ConfigError,
    DuplicateRecordError,
    ServiceError,
    StorageUnavailableError,
    UnsupportedObjectError,
)
from omegaml_lab.storage.indexes import Index
from omegaml_lab.storage.storage import Storage
from tests.integration.processes import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.storage.records import Records


@pytest.fixture
def storage(mongo_url: str) -> Iterator[Storage]:
    storage = Storage.open(mongo_url)
    yield storage
    storage.close()


@pytest.fixture
def runs(storage: Storage) -> Records:
    return storage.records("runs")


def test_a_record_comes_back(runs: Records) -> None:
    now = dt.datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=dt.UTC)
    record = {"id": "a", "when": now, "values": {"$gt": 1, "b.c": [None, "x"]}}
    runs.insert(record)
    found = runs.find("a")
    assert found == record
    assert found["when"].tzinfo is dt.UTC
    assert runs.find("b") is None


def test_an_id_is_there_once(runs: Records) -> None:
    runs.insert({"id": "a", "n": 1})
    with pytest.raises(DuplicateRecordError):
        runs.insert({"id": "a", "n": 2})
    assert runs.find("a") == {"id": "a", "n": 1}


def test_what_is_sent_is_there_a_moment_later(runs: Records) -> None:
    runs.send({"id": "sent", "n": 1})
    until(lambda: runs.find("sent") == {"id": "sent", "n": 1})
    runs.send({"id": "sent", "n": 2})  # nobody hears that there is one
    runs.insert({"id": "after"})
    assert runs.find("sent") == {"id": "sent", "n": 1}


def test_nothing_is_sent_to_a_server_that_is_not_there() -> None:
    storage = Storage.open("mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=50")
    with pytest.raises(StorageUnavailableError):
        storage.records("runs").send({"id": "a"})


def test_an_operator_is_no_id(runs: Records) -> None:
    runs.insert({"id": "a"})
    assert runs.find({"$ne": None}) is None
    assert not runs.delete({"$ne": None})
    assert runs.update({"$ne": None}, set={"n": 1}) is None


def test_queries(runs: Records) -> None:
    for n in range(5):
        runs.insert({"id": str(n), "n": n, "even": n % 2 == 0})
    runs.index(Index.on("even", "-n"))
    found = runs.query({"even": True}, sort=[("n", -1)])
    assert [record["n"] for record in found] == [4, 2, 0]
    assert [r["id"] for r in runs.query(sort=[("id", 1)], skip=1, limit=2)] == ["1", "2"]
    assert runs.query(limit=0) == []
    assert runs.query({"id": {"$in": ["1", "3"]}}, sort=[("id", 1)])[1]["n"] == 3
    assert runs.count() == 5
    assert runs.count({"n": {"$gt": 2}}) == 2


def test_an_update_holds_only_while_its_condition_does(runs: Records) -> None:
    runs.insert({"id": "a", "status": "queued", "attempt": 1, "worker": "w"})
    new = runs.update(
        "a",
        where={"status": "queued"},
        set={"status": "running", "progress.done": 1},
        unset=["worker"],
        inc={"attempt": 1},
    )
    assert new == {"id": "a", "status": "running", "attempt": 2, "progress": {"done": 1}}
    assert runs.update("a", where={"status": "queued"}, set={"status": "lost"}) is None
    assert runs.find("a") == new
    assert runs.update("b", set={"n": 1}) is None
    assert runs.update("a", where={"attempt": 2}) == new


def test_one_of_many_wins(runs: Records) -> None:
    runs.insert({"id": "a", "status": "queued"})
    start = threading.Barrier(8)

    def claim(worker: int) -> bool:
        start.wait()
        change = {"status": "running", "worker": worker}
        return runs.update("a", where={"status": "queued"}, set=change) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, range(8))) == 1


def test_who_takes_a_record_is_the_only_one_to_have_it(runs: Records) -> None:
    for number in range(40):
        runs.insert({"id": str(number), "queue": "a", "at": 40 - number})
    runs.insert({"id": "other", "queue": "b", "at": 0})

    def take(_: int) -> list[str]:
        taken = []
        while (record := runs.take({"queue": "a"}, sort=[("at", 1)])) is not None:
            taken.append(record["id"])
        return taken

    assert runs.take({"queue": "a"}, sort=[("at", 1)]) == {"id": "39", "queue": "a", "at": 1}
    with ThreadPoolExecutor(4) as pool:
        taken = [each for some in pool.map(take, range(4)) for each in some]
    assert sorted(taken, key=int) == [str(number) for number in range(39)]
    assert [record["id"] for record in runs.query()] == ["other"]


def test_update_many_upsert_and_delete(runs: Records) -> None:
    for n in range(3):
        assert runs.upsert(str(n), {"n": n}) == {"id": str(n), "n": n}
    assert runs.upsert("0", {"id": "0", "m": 1}) == {"id": "0", "n": 0, "m": 1}
    assert runs.upsert("9", {}) == {"id": "9"}
    assert runs.update_many({"n": {"$lt": 2}}, set={"old": True}) == 2
    assert runs.count({"old": True}) == 2
    assert runs.delete("0")
    assert not runs.delete("0")


def test_concurrent_upserts_add_one(runs: Records) -> None:
    start = threading.Barrier(8)

    def upsert(n: int) -> None:
        start.wait()
        runs.upsert("w", {f"n{n}": n})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(upsert, range(8)))
    assert runs.find("w") == {"id": "w", **{f"n{n}": n for n in range(8)}}


def test_changes_are_told_as_they_happen(runs: Records) -> None:
    stop = threading.Event()
    feed = runs.changes(stop, poll=0.2)
    assert next(feed) is None  # from here on nothing is missed
    runs.insert({"id": "a", "n": 1})
    runs.update("a", set={"n": 2})
    runs.delete("missing")
    runs.insert({"id": "b"})
    seen = []
    while len(seen) < 3:
        if (record := next(feed)) is not None:
            seen.append(record)
    assert [record["id"] for record in seen] == ["a", "a", "b"]
    assert seen[1] == {"id": "a", "n": 2}
    stop.set()
    assert list(feed) == []


def test_a_silent_feed_gives_signs_of_life(runs: Records) -> None:
    stop = threading.Event()
    feed = runs.changes(stop, poll=0.05)
    assert [next(feed), next(feed), next(feed)] == [None] * 3


def test_the_feed_tells_what_happens_to_objects(omega) -> None:
    stop = threading.Event()
    feed = omega.storage.objects.changes(stop, poll=0.2)
    assert next(feed) is None
    jobs = omega.jobs
    seen = []
    for act in (
        lambda: jobs.put("1", "a"),
        lambda: jobs.put("2", "a"),
        lambda: jobs.annotate("a", {"x": 1}),
        lambda: jobs.rename("a", "b"),
        lambda: jobs.drop("b"),
        lambda: jobs.restore("b", new="c"),
        lambda: jobs.restore("c@1"),
        lambda: jobs.tag("c@1", "prod"),
        lambda: (jobs.drop("c"), omega.gc(trash=dt.timedelta(0))),
        lambda: jobs.put("3", "d"),
    ):
        act()
        while (change := next(feed)) is None:
            pass
        seen.append((change.store, change.name, change.change, change.previous))
    assert seen == [
        ("jobs", "a.ipynb", "put", None),
        ("jobs", "a.ipynb", "put", None),
        ("jobs", "a.ipynb", "annotated", None),
        ("jobs", "b.ipynb", "renamed", "a.ipynb"),
        ("jobs", "b.ipynb", "dropped", None),
        ("jobs", "c.ipynb", "put", None),
        ("jobs", "c.ipynb", "put", None),
        ("jobs", "c.ipynb", "annotated", None),
        ("jobs", "c.ipynb", "dropped", None),  # and of its way out of the trash nothing
        ("jobs", "d.ipynb", "put", None),
    ]


def test_a_server_that_is_not_there() -> None:
    storage = Storage.open("mongodb://user:geheim@127.0.0.1:1/x?serverSelectionTimeoutMS=50")
    with pytest.raises(StorageUnavailableError) as caught:
        storage.ping()
    assert "127.0.0.1:1/x" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_slow_reader_of_the_feed_hears_of_every_name(omega) -> None:
    feed = omega.storage.objects.changes(threading.Event(), poll=0.2)
    assert next(feed) is None
    omega.datasets.put(1, "folder/a")
    omega.datasets.rename("folder", "other")
    omega.datasets.drop("other", recursive=True)
    seen = []
    while len(seen) < 6:
        if (change := next(feed)) is not None:
            seen.append((change.name, change.change, change.previous))
    renamed = [("other", "renamed", "folder"), ("other/a", "renamed", "folder/a")]
    assert [told for told in seen if told[1] == "renamed"] == renamed  # the folder comes first
    assert seen[-2:] == [("other", "dropped", None), ("other/a", "dropped", None)]


def test_what_is_put_into_a_folder_is_no_news_of_the_folder(omega) -> None:
    omega.jobs.make_folder("folder")
    feed = omega.storage.objects.changes(threading.Event(), poll=0.2)
    assert next(feed) is None
    omega.jobs.put(b"x", "folder/a.txt", kind="file", folders=False)
    omega.jobs.put(b"x", "z.txt", kind="file", folders=False)
    told = []
    while "z.txt" not in told:
        if (change := next(feed)) is not None:
            told.append(change.name)
    assert told == ["folder/a.txt", "z.txt"]


@pytest.mark.parametrize("url", ["", "http://x", "mongodb://", "mongodb://u:geheim@/x?y"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Storage.open(url)
    assert "geheim" not in str(caught.value)


def test_a_wrong_password_is_no_secret_but_the_password_is(mongo_url: str) -> None:
    host = mongo_url.rpartition("@")[2].removeprefix("mongodb://")
    storage = Storage.open(f"mongodb://nobody:geheim@{host}")
    with pytest.raises(StorageUnavailableError) as caught:
        storage.ping()
    assert "geheim" not in str(caught.value)


def test_the_default_database(mongo_url: str) -> None:
    assert Storage.open("mongodb://localhost").address == "localhost:27017/omega"
    assert Storage.open("mongodb://u:p@h1,h2:3/d").address == "h1:27017,h2:3/d"


def test_a_forked_child_connects_anew(runs: Records) -> None:
    runs.insert({"id": "parent"})
    child = os.fork()
    if child == 0:
        try:
            runs.insert({"id": "child"})
            os._exit(0 if runs.count() == 2 else 2)
        finally:
            os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert runs.find("child") == {"id": "child"}


def test_it_can_be_used_after_it_was_closed(storage: Storage, runs: Records) -> None:
    runs.insert({"id": "a"})
    storage.close()
    assert runs.count() == 1


@pytest.mark.parametrize("value", [2**70, object(), "x" * 17_000_000])
def test_values_that_mongodb_cannot_keep(runs: Records, value: object) -> None:
    with pytest.raises(UnsupportedObjectError):
        runs.insert({"id": "a", "value": value})
    assert runs.upsert("a", {"n": 1}) == {"id": "a", "n": 1}
    with pytest.raises(UnsupportedObjectError):
        runs.update("a", set={"value": value})
    assert runs.find("a") == {"id": "a", "n": 1}


def test_a_query_that_is_none(runs: Records) -> None:
    with pytest.raises(ServiceError, match="nothing"):
        runs.query({"a": {"$nothing": 1}})
