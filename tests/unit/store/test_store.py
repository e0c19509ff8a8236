from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pandas as pd
import pymongo
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omegaml_lab.core.errors import (
    ConflictError,
    InvalidAttributeError,
    InvalidListingError,
    InvalidNameError,
    NotAFileError,
    ObjectExistsError,
    ObjectNotFoundError,
    StorageUnavailableError,
    UnknownKindError,
    UnsupportedObjectError,
)
from omegaml_lab.core.metadata import FOLDER
from omegaml_lab.core.names import MAX_LENGTH, Name
from omegaml_lab.omega import Omega

if TYPE_CHECKING:
    from omegaml_lab.store.store import OmegaStore

ODD = [
    "a b", "ünï côde", "日本語", "🎉", "$where", "$", "a.b.c", ".hidden", "100%", "a+b",
    "(x)[y]{z}",
    "a*b?", "^a|b$", "back\\slash", "a'b\"c", "a#b", "a&b=c", "~", "-", "...", "CON", "a\u2028b",
]  # fmt: skip
PARTS = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1, max_size=12
).filter(lambda part: part not in {".", ".."})


@pytest.fixture
def data(omega: Omega) -> OmegaStore:
    return omega.datasets


@pytest.mark.parametrize("odd", ODD)
def test_odd_names_are_names(data: OmegaStore, odd: str) -> None:
    data.put(1, Name(f"{odd}/{odd}"))
    data.put(2, Name("other"))
    assert data.get(Name(f"{odd}/{odd}")) == 1
    assert data.list(odd) == [f"{odd}/{odd}"]
    assert [m.name for m in data.entries(odd).items] == [f"{odd}/{odd}"]
    assert f"{odd}/{odd}" in data.list(search=odd[:2])
    assert data.list(odd, search=odd) == [f"{odd}/{odd}"]
    data.rename(Name(odd), Name(f"new {odd}"))
    assert data.list() == sorted([f"new {odd}/{odd}", "other"])
    assert data.drop(Name(f"new {odd}"), recursive=True)
    assert data.list() == ["other"]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=st.lists(PARTS, min_size=1, max_size=3), new=PARTS)
def test_any_legal_name_works(data: OmegaStore, parts: list[str], new: str) -> None:
    name = Name("/".join(["top", *parts]))
    data.put(parts, name)
    assert data.get(name) == parts
    assert data.list("top") == [name.path]
    moved = data.rename(Name("top"), Name(f"moved/{new}"))
    assert moved.name == f"moved/{new}"
    assert data.list() == ["/".join(["moved", new, *parts])]
    assert data.drop("moved", recursive=True)


@pytest.mark.parametrize("name", ["", "a\x00b", "a//b", "../a", "a/./b", "x" * 600, "a\tb"])
def test_bad_names_are_refused(data: OmegaStore, name: str) -> None:
    for act in (lambda: data.put(1, name), lambda: data.get(name), lambda: data.make_folder(name)):
        with pytest.raises(InvalidNameError):
            act()
    assert data.list() == []


def test_folders_come_and_go(data: OmegaStore) -> None:
    data.put(1, "a/b/c")
    assert [m.name for m in data.entries().items] == ["a"]
    assert data.metadata("a/b").kind == FOLDER
    data.drop("a/b/c")
    assert data.exists("a/b")  # a folder stays until it is dropped
    assert data.make_folder("a/b", exist_ok=True).name == "a/b"
    with pytest.raises(ObjectExistsError):
        data.make_folder("a")
    assert data.make_folder("x/y/z").is_folder
    assert data.exists("x/y")
    assert data.drop("a/b")
    data.put(1, "a/d")
    with pytest.raises(ObjectExistsError):
        data.drop("a")
    assert data.drop("a", recursive=True)
    assert not data.exists("a/d")
    assert data.list() == []


def test_a_name_is_an_object_or_a_folder(data: OmegaStore) -> None:
    data.put(1, "a/b")
    data.put(1, "x")
    for act in (
        lambda: data.put(2, "a"),
        lambda: data.make_folder("x", exist_ok=True),
        lambda: data.rename("x", "a"),
    ):
        with pytest.raises(ObjectExistsError):
            act()
    for act in (
        lambda: data.put(2, "x/y"),
        lambda: data.make_folder("x/y"),
        lambda: data.rename("a", "x/a"),
    ):
        with pytest.raises(InvalidNameError, match="not a folder"):
            act()
    for act in (data.get, data.read_bytes, data.open):
        with pytest.raises(NotAFileError):
            act("a")


def test_alike_prefixes_are_apart(data: OmegaStore) -> None:
    for name in ("a/x", "a b/x", "ab/x", "a-/x", "a0/x"):
        data.put(name, name)
    assert data.list("a") == ["a/x"]
    data.rename("a", "c")
    assert data.list() == sorted(["c/x", "a b/x", "ab/x", "a-/x", "a0/x"])
    data.drop("c", recursive=True)
    assert len(data.list()) == 4


def test_a_folder_moves_with_all_below(data: OmegaStore) -> None:
    data.put(1, "a/b/c")
    data.put(2, "a/d")
    data.put(3, "a/d")
    assert data.rename("a", "new/place").name == "new/place"
    assert data.list() == ["new/place/b/c", "new/place/d"]
    assert [m.name for m in data.entries("new/place").items] == ["new/place/b", "new/place/d"]
    assert data.get("new/place/d@1") == 2
    assert not data.exists("a")
    for target in ("new/place/b", "new/place/b/x"):
        with pytest.raises((InvalidNameError, ObjectExistsError)):
            data.rename("new/place", target)
    with pytest.raises(ObjectNotFoundError):
        data.rename("a", "b")
    assert data.rename("new", "new").name == "new"
    with pytest.raises(InvalidNameError, match="longer"):
        data.rename("new", f"{'/'.join(['x' * 500] * 8)}/".ljust(MAX_LENGTH - 4, "x"))
    assert data.list() == ["new/place/b/c", "new/place/d"]


def test_only_one_rename_wins(data: OmegaStore) -> None:
    for n in range(6):
        data.put(n, f"source{n}/x")
    start = threading.Barrier(6)

    def move(n: int) -> bool:
        start.wait()
        try:
            data.rename(f"source{n}", "target")
        except ObjectExistsError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(move, range(6)))
    assert sum(won) == 1
    assert data.get("target/x") == won.index(True)
    assert len(data.list()) == 6


def test_a_put_into_a_folder_that_is_dropped_is_found(data: OmegaStore) -> None:
    """Whatever the order in which they happen, no object is in a folder that is not there."""
    for turn in range(15):
        data.put(0, "a/b/first")
        with ThreadPoolExecutor(2) as pool:
            put = pool.submit(data.put, turn, "a/b/x")
            drop = pool.submit(data.drop, "a", recursive=True, missing_ok=True)
            put.result()
            drop.result()
        if data.exists("a/b/x"):
            assert data.exists("a/b")
            assert data.exists("a")
        data.drop("a", recursive=True, missing_ok=True)
        assert data.list() == []


def test_expectations(data: OmegaStore) -> None:
    with pytest.raises(ConflictError) as caught:
        data.put(1, "a", expect=3)
    assert (caught.value.expected, caught.value.actual) == (3, 0)
    data.put(1, "a", expect=0)
    start = threading.Barrier(6)

    def put(n: int) -> int | None:
        start.wait()
        try:
            return data.put(n, "a", expect=1).revision
        except ConflictError:
            return None

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(put, range(6)))
    assert [w for w in won if w] == [2]
    assert data.get("a") == won.index(2)


def test_a_put_that_must_not_replace_lets_one_through(data: OmegaStore) -> None:
    start = threading.Barrier(6)

    def put(n: int) -> bool:
        start.wait()
        try:
            data.put(n, "a/b", replace=False)
        except ObjectExistsError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(put, range(6)))
    assert sum(won) == 1
    assert data.get("a/b") == won.index(True)


def test_attributes_stay_with_their_revision(data: OmegaStore) -> None:
    data.put(1, "a", attributes={"$x.y": [1], "note": "one"})
    assert data.put(2, "a").attributes["note"] == "one"
    assert data.annotate("a", {"note": "two", "$x.y": None}).attributes["note"] == "two"
    assert data.metadata("a").revision == 2
    assert "$x.y" not in data.metadata("a").attributes
    assert "note" not in data.put(3, "a", attributes={}).attributes
    assert [m.attributes.get("note") for m in data.history("a")] == [None, "two", "one"]
    with pytest.raises(InvalidAttributeError):
        data.put(4, "a", attributes={"x": object()})
    with pytest.raises(ObjectNotFoundError):
        data.annotate("b", {})
    assert data.get("a") == 3


def test_concurrent_annotations_and_puts_all_stay(data: OmegaStore) -> None:
    data.put(0, "a")

    def act(n: int) -> None:
        if n % 2:
            data.put(n, "a")
        else:
            data.annotate("a", {f"n{n}": n})

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(act, range(24)))
    attributes = data.metadata("a").attributes
    assert {key for key in attributes if key.startswith("n")} == {f"n{n}" for n in range(0, 24, 2)}
    assert [m.revision for m in data.history("a")] == list(range(13, 0, -1))


def test_listings(data: OmegaStore) -> None:
    for n in range(7):
        data.put("x" * n * 10, f"folder/n{n}")
    data.put(b"1", "folder/Sub/deep", kind="file")
    page = data.entries("folder", offset=1, limit=3)
    assert page.total == 8
    assert [m.name for m in page.items] == ["folder/n0", "folder/n1", "folder/n2"]
    assert data.entries("folder", limit=0).total == 8
    for read in (data.entries, data.trash):
        with pytest.raises(InvalidListingError, match=r"sorted by .*mean 'name'"):
            read(sort="nme")
        for part in ({"offset": -1}, {"limit": -1}, {"limit": "5"}, {"offset": None}):
            with pytest.raises(InvalidListingError, match="from 0 on"):
                read(**part)
    assert data.entries("folder", offset=100).items == []
    assert data.entries("folder", offset=100).total == 8
    by_size = data.entries("folder", sort="size", descending=True)
    assert [m.name for m in by_size.items[:3]] == ["folder/Sub", "folder/n6", "folder/n5"]
    recent = data.entries("folder", sort="modified", descending=True, limit=2)
    assert [m.name for m in recent.items] == ["folder/Sub", "folder/n6"]
    assert data.entries("folder", sort="kind", recursive=True).items[1].kind == "file"
    assert data.entries("folder", recursive=True, search="DEEP").total == 1
    assert data.entries("folder", search="deep").total == 0
    assert data.entries("folder", search="folder").total == 0
    assert data.list(search="N3") == ["folder/n3"]
    assert data.list("folder", recursive=False, search="n") == [f"folder/n{n}" for n in range(7)]
    assert data.list("/folder/") == data.list("folder")
    assert data.list("nowhere") == []
    assert data.entries("nowhere").total == 0


def test_kinds_are_chosen_and_can_be_said(data: OmegaStore, omega: Omega) -> None:
    assert data.put("text", "a").kind == "python.value"
    assert data.put("text", "a", kind="file").kind == "file"
    assert data.get("a@1") == data.get("a") == "text"
    with pytest.raises(UnknownKindError, match=r"python\.value"):
        data.put(1, "a", kind="python.values")
    with pytest.raises(UnsupportedObjectError, match="object"):
        data.put(object(), "a")
    with pytest.raises(UnsupportedObjectError):
        omega.models.put({1: 2}, "a")
    data.put(pd.DataFrame({"a": [1]}), "frame")
    with pytest.raises(NotAFileError):
        data.read_bytes("frame")


def test_a_kind_that_nobody_knows_any_more(data: OmegaStore, mongo_url: str) -> None:
    data.put(1, "a")
    with pymongo.MongoClient(mongo_url) as client:
        heads = client.get_default_database()["objects"]
        heads.update_one({"name": "a"}, {"$set": {"kind": "of.another.package"}})
    with pytest.raises(UnknownKindError, match=r"of\.another\.package"):
        data.get("a")
    assert data.metadata("a").kind == "of.another.package"
    assert data.drop("a")


def test_revisions_are_read_not_written(data: OmegaStore) -> None:
    data.put(1, "a")
    for act in (
        lambda: data.put(2, "a@1"),
        lambda: data.drop("a@1"),
        lambda: data.rename("a", "b@2"),
        lambda: data.make_folder("f@prod"),
    ):
        with pytest.raises(InvalidNameError):
            act()
    for missing in ("a@2", "a@prod", "b", "b@1"):
        with pytest.raises(ObjectNotFoundError):
            data.get(missing)
        assert not data.exists(missing)
    assert data.exists("a@1")
    assert [m.revision for m in data.history("a@1")] == [1]


def test_a_suggestion(data: OmegaStore) -> None:
    data.put(1, "folder/flights")
    with pytest.raises(ObjectNotFoundError, match="Did you mean 'folder/flights'"):
        data.get("folder/fligths")


def test_a_server_that_is_gone() -> None:
    with Omega("mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=50") as omega:
        for act in (
            lambda: omega.datasets.put(1, "a"),
            lambda: omega.datasets.get("a"),
            omega.datasets.list,
            lambda: omega.jobs.drop("a"),
        ):
            with pytest.raises(StorageUnavailableError, match="omega status"):
                act()


def test_stores_by_name(omega: Omega) -> None:
    assert omega.store("jobs") is omega.jobs
    with pytest.raises(LookupError, match="datasets"):
        omega.store("storage")


@pytest.mark.parametrize("search", ["\x00", "a\x00", "\ud800"])
def test_nothing_has_what_no_name_may_have(data: OmegaStore, search: str) -> None:
    data.put(1, "folder/a")
    assert data.list(search=search) == data.list("folder", search=search) == []
    assert data.entries("folder", search=search).total == 0
    assert data.entries(recursive=True, search=search).items == []


@pytest.mark.parametrize("bucket", ["", "a/b", "a\x00"])
def test_a_bucket_that_could_be_mistaken_is_refused(omega: Omega, bucket: str) -> None:
    with pytest.raises(InvalidNameError):
        Omega(omega.url, bucket=bucket, config=omega.config)
