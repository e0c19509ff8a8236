"""Revisions, tags, restoring and the trash."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from omegaml_lab.core.errors import (
    InvalidNameError,
    InvalidOptionError,
    NotInTrashError,
    ObjectExistsError,
    ObjectNotFoundError,
)
from omegaml_lab.core.names import MAX_LENGTH, Name

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega
    from omegaml_lab.store.datasets import DatasetStore

ODD = ["a b", "100%", "a+b", "(x)[y]{z}", "$gt.$x", "mail@home", "日本 🎉"]


@pytest.fixture
def data(omega: Omega) -> DatasetStore:
    return omega.datasets


def test_a_tag_stays_on_its_revision(data: DatasetStore) -> None:
    for n in (1, 2, 3):
        data.put(n, "x")
    assert data.tag("x", "prod").revision == 3
    assert data.tag("x@1", "first").tags == ("first",)
    assert data.tag("x", "second.try", 2).revision == 2
    data.put(4, "x", keep=False)  # what is tagged is kept all the same
    assert [data.get(f"x@{tag}") for tag in ("first", "second.try", "prod")] == [1, 2, 3]
    assert data.metadata("x@prod").revision == 3
    assert data.tag("x", "prod").revision == 4  # it moves
    data.rename("x", "deep/y")
    assert data.get("deep/y@prod") == 4
    assert [m.tags for m in data.history("deep/y")] == [
        ("prod",),
        (),
        ("second.try",),
        ("first",),
    ]
    assert data.entries("deep").items[0].tags == ("prod",)
    data.untag("deep/y", "prod")
    with pytest.raises(ObjectNotFoundError, match=r"deep/y@prod.*"):
        data.get("deep/y@prod")
    with pytest.raises(ObjectNotFoundError, match="Did you mean 'deep/y@first'"):
        data.get("deep/y@firts")
    with pytest.raises(ObjectNotFoundError, match="Did you mean 'deep/y@first'"):
        data.untag("deep/y", "fist")


def test_a_lazy_frame_is_that_of_its_tag(data: DatasetStore) -> None:
    data.put(pd.DataFrame({"n": [1]}), "frame")
    data.tag("frame", "prod")
    data.put(pd.DataFrame({"n": [2]}), "frame", append=True)
    assert len(data.getl("frame@prod")) == 1
    assert len(data.getl("frame")) == 2


@pytest.mark.parametrize("tag", ["", "3", "3x", "a b", "a/b", "a@b", "$x", "-", "ü", "x" * 101])
def test_what_cannot_be_a_tag(data: DatasetStore, tag: str) -> None:
    data.put(1, "x")
    with pytest.raises(InvalidNameError, match=r"tag begins|at most 100"):
        data.tag("x", tag)
    assert data.metadata("x").tags == ()


def test_tags_of_what_is_not_there(data: DatasetStore) -> None:
    data.put(1, "folder/x")
    with pytest.raises(ObjectNotFoundError):
        data.tag("folder/x@2", "prod")
    with pytest.raises(ObjectNotFoundError, match="x@7"):
        data.tag("folder/x", "prod", 7)
    with pytest.raises(ObjectNotFoundError):
        data.tag("other", "prod")
    with pytest.raises(InvalidOptionError, match="no revisions"):
        data.tag("folder", "prod")
    with pytest.raises(InvalidNameError, match="once"):
        data.tag("folder/x@1", "prod", 1)
    with pytest.raises(InvalidNameError, match="newest"):
        data.annotate("folder/x@1", {"a": 1})


def test_tags_that_are_set_at_once_all_land(data: DatasetStore) -> None:
    data.put(0, "x")

    def work(n: int) -> None:
        data.tag("x", f"t{n}")
        data.put(n, "x")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(12)))
    tagged = [tag for m in data.history("x") for tag in m.tags]
    assert sorted(tagged) == sorted(f"t{n}" for n in range(12))


def test_an_earlier_revision_becomes_the_newest(data: DatasetStore) -> None:
    large = b"x" * 3_000_000
    data.put(large, "x", kind="file", attributes={"note": "one", "checkpoints": [9]})
    data.put(b"two", "x", attributes={"note": "two", "retention": "last 5", "checkpoints": [1]})
    restored = data.restore("x@1")
    assert (restored.revision, restored.kind, restored.attributes["note"]) == (3, "file", "one")
    # What is said about the revisions themselves is not set back.
    assert restored.attributes["retention"] == "last 5"
    assert restored.attributes["checkpoints"] == [1]
    assert data.get("x") == large
    assert [m.size for m in data.history("x")] == [3_000_000, 5, 3_000_000]
    data.tag("x@2", "good")
    assert data.restore("x@good").revision == 4
    with pytest.raises(ObjectNotFoundError):
        data.restore("x@9")
    with pytest.raises(InvalidNameError):
        data.restore("x@1", new="y")


def test_differences(data: DatasetStore) -> None:
    data.put([1], "x", attributes={"a": 1, "b": 2, "same": 0})
    data.put([1, 2], "x", attributes={"b": 3, "c": 4, "same": 0})
    found = data.compare("x@1", "x@2")
    assert (found.added, found.removed, found.changed) == (
        {"c": 4},
        {"a": 1},
        {"b": (2, 3), "length": (1, 2)},
    )
    assert set(found.fields) == {"size", "hash"}
    assert data.compare("x@1").after.revision == 2
    assert not data.compare("x")
    assert found.to_dict()["changed"] == {"b": [2, 3], "length": [1, 2]}


@pytest.mark.parametrize("odd", ODD)
def test_what_was_dropped_comes_back(data: DatasetStore, odd: str) -> None:
    for n in (1, 2):
        data.put(n, Name(odd))
    data.tag(Name(odd), "prod", 1)
    was = data.history(Name(odd))
    data.drop(Name(odd))
    assert not data.exists(Name(odd))
    assert data.list() == []
    assert [(d.name, d.revision, d.dropped_by) for d in data.trash().items] == [(odd, 2, "tester")]
    assert data.trash(search=odd[1:].upper()).total == 1
    assert data.trash(search=odd + "?").total == 0
    assert data.restore(Name(odd)) == was[0]
    assert data.history(Name(odd)) == was
    assert data.get(Name(odd, tag="prod")) == 1
    assert data.trash().total == 0


def test_a_name_that_is_taken_again(data: DatasetStore) -> None:
    data.put("old", "a/x")
    data.drop("a", recursive=True)
    data.put("new", "a/x")
    data.drop("a/x")
    assert [d.name for d in data.trash().items] == ["a/x", "a"]
    data.put("newest", "a/x")
    with pytest.raises(ObjectExistsError, match="new="):
        data.restore("a/x")
    assert data.restore("a/x", new="deep/er/b").name == "deep/er/b"
    assert data.get("deep/er/b") == "new"
    assert data.exists("deep/er")
    with pytest.raises(ObjectExistsError):
        data.restore("a")
    data.restore("a", new="z")
    assert data.get("z/x") == "old"
    with pytest.raises(NotInTrashError, match="restore\\('a/x@2'\\)"):
        data.restore("a/x")
    with pytest.raises(NotInTrashError):
        data.dropped("no such id")


def test_a_folder_comes_back_whole(data: DatasetStore) -> None:
    for name in ("f/a", "f/g/b", "f/g/c", "fa"):
        data.put(name.encode() * 100, name, kind="file")
    data.make_folder("f/empty")
    data.put(1, "f/gone")
    data.drop("f/gone")
    data.drop("f", recursive=True)
    trash = data.trash(sort="name", descending=False).items
    assert [(d.name, d.kind, d.size) for d in trash] == [
        ("f", "folder", 1300),
        ("f/gone", "python.value", 1),
    ]
    assert [d.name for d in data.trash(search="/g/").items] == ["f/g/b", "f/g/c"]
    data.put(1, "f/new")
    data.drop("f", recursive=True)
    assert data.restore(trash[0]).is_folder
    assert data.list() == ["f/a", "f/g/b", "f/g/c", "fa"]
    assert [m.name for m in data.entries("f").items] == ["f/empty", "f/g", "f/a"]
    with pytest.raises(NotInTrashError):
        data.restore(trash[0], new="again")
    # One thing alone comes back in a folder of its own.
    data.drop("f", recursive=True)
    assert data.restore("f/g/b").name == "f/g/b"
    assert data.list() == ["f/g/b", "fa"]
    data.drop("f", recursive=True)
    folder = next(d for d in data.trash().items if d.name == "f")
    deep = "/".join(["x" * 500] * 8)
    long = f"{deep}/".ljust(MAX_LENGTH - 2, "x")  # short enough, but not with what is below it
    with pytest.raises(InvalidNameError, match="longer"):
        data.restore(folder, new=long)
    assert [m.name for m in data.entries().items] == ["fa"]  # and no folders for it
    assert data.restore(folder, new=deep.replace("x", "y")).is_folder


def test_pages_of_the_trash(data: DatasetStore) -> None:
    for n in range(5):
        data.put(b"x" * (10 - n), f"x{n}", kind="file")
        data.drop(f"x{n}")
    page = data.trash(offset=1, limit=2)
    assert ([d.name for d in page.items], page.total) == (["x3", "x2"], 5)
    assert [d.name for d in data.trash(sort="size", descending=False, limit=1).items] == ["x4"]
    assert data.trash(limit=0).total == 5
    assert data.trash(search="\x00").items == []
    assert data.drop("x0", missing_ok=True) is False


def test_what_is_dropped_for_good(data: DatasetStore) -> None:
    data.put(1, "f/x")
    assert data.drop("f", recursive=True, keep=False)
    assert data.trash(search="x").total == 0
    assert data.list() == []
    with pytest.raises(NotInTrashError):
        data.restore("f")


def test_two_who_restore_one_thing(data: DatasetStore) -> None:
    for _ in range(5):
        data.put(1, "x")
        data.drop("x")

        def restore(new: str) -> bool:
            try:
                return data.restore("x", new=new).name == new
            except NotInTrashError:
                return False

        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(restore, ["one", "two"]))
        assert sorted(done) == [False, True]
        assert len(data.list()) == 1
        data.drop(data.list()[0], keep=False)


def test_notebooks_by_their_short_names(omega: Omega) -> None:
    omega.jobs.put("1", "deep/job")
    omega.jobs.tag("deep/job", "prod")
    omega.jobs.put("2", "deep/job")
    assert omega.jobs.get("deep/job@prod")["cells"][0]["source"] == "1"
    assert omega.jobs.get("deep/job.ipynb@prod")["cells"][0]["source"] == "1"
    omega.jobs.drop("deep/job")
    assert omega.jobs.restore("deep/job", new="other").name == "other.ipynb"
    assert omega.jobs.restore("other@1").revision == 3
