"""What a process remembers of its own puts never decides: what is there does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import ConflictError, ObjectExistsError, ObjectNotFoundError
from omegaml_lab.omega import Omega

if TYPE_CHECKING:
    from collections.abc import Iterator

A, B = {"v": "a"}, {"v": "b"}


@pytest.fixture
def other(omega: Omega, mongo_url: str) -> Iterator[Omega]:
    """The same repository, as another process sees it."""
    with Omega(mongo_url, bucket=omega.bucket) as other:
        yield other


def test_others_puts_are_followed(omega: Omega, other: Omega) -> None:
    omega.datasets.put(A, "x", attributes={"by": "me"})
    other.datasets.put(B, "x", attributes={"by": "other"})
    meta = omega.datasets.put(A, "x")
    assert (meta.revision, meta.attributes["by"]) == (3, "other")
    assert [omega.datasets.get(f"x@{n}") for n in (1, 2, 3)] == [A, B, A]
    assert [m.attributes["by"] for m in omega.datasets.history("x")] == ["other", "other", "me"]


def test_expectations_are_held_against_what_is_there(omega: Omega, other: Omega) -> None:
    omega.datasets.put(A, "x")
    other.datasets.put(B, "x")
    with pytest.raises(ConflictError):
        omega.datasets.put(A, "x", expect=1)
    omega.datasets.put(A, "x", expect=2)
    other.datasets.drop("x")
    omega.datasets.put(A, "x", replace=False)
    with pytest.raises(ObjectExistsError):
        omega.datasets.put(A, "x", replace=False)


def test_what_went_away_begins_anew(omega: Omega, other: Omega) -> None:
    omega.datasets.put(A, "f/x")
    other.datasets.drop("f", recursive=True)
    with pytest.raises(ObjectNotFoundError):
        omega.datasets.put(B, "f/x", folders=False)
    assert omega.datasets.put(B, "f/x").revision == 1

    other.datasets.rename("f/x", "g/x")
    assert omega.datasets.put(A, "f/x").revision == 1
    assert omega.datasets.get("g/x") == B


def test_what_others_say_of_it_stays(omega: Omega, other: Omega) -> None:
    omega.datasets.put(A, "x")
    other.datasets.tag("x", "first")
    other.datasets.annotate("x", {"note": "kept"})
    meta = omega.datasets.put(B, "x", keep=False)
    assert meta.attributes["note"] == "kept"
    assert omega.datasets.get("x@first") == A


def test_nobody_changes_what_is_remembered(omega: Omega) -> None:
    attributes = {"list": [1]}
    meta = omega.datasets.put(A, "x", attributes=attributes)
    attributes["list"].append(2)
    meta.attributes["list"].append(3)
    omega.datasets.put(B, "x", attributes={"list": []})
    assert omega.datasets.history("x")[1].attributes["list"] == [1]


def test_many_names_by_many_threads(omega: Omega) -> None:
    def put(number: int) -> int:
        return omega.datasets.put({"v": number}, f"many/{number % 150}").revision

    with ThreadPoolExecutor(8) as pool:
        revisions = sorted(pool.map(put, range(450)))
    assert revisions == sorted([1, 2, 3] * 150)
