"""Puts over what was seen a moment ago, whatever others do meanwhile."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pymongo import monitoring

from omegaml_lab.core.errors import ConflictError
from omegaml_lab.core.names import Name
from omegaml_lab.omega import Omega
from tests.unit.listening import Finds

if TYPE_CHECKING:
    from omegaml_lab.store.seen import Seen


def looked(omega: Omega) -> Seen:
    seen = omega.jobs.look(Name("a.txt"))
    assert seen is not None
    return seen


def test_a_put_over_what_was_seen_does_not_look_again(omega: Omega, mongo_url: str) -> None:
    omega.jobs.put(b"1", "a.txt")
    monitoring.register(finds := Finds())
    try:
        with Omega(mongo_url) as other:
            other.jobs.exists("a.txt")
            finds.count = 0
            assert other.jobs.put(b"2", "a.txt", expect=looked(other)).revision == 2
            assert other.jobs.put(b"3", "a.txt", expect=looked(other).firmly()).revision == 3
            assert finds.count == 2
    finally:
        monitoring._LISTENERS.command_listeners.remove(finds)
    assert [omega.jobs.get(f"a.txt@{n}") for n in (1, 2, 3)] == [b"1", b"2", b"3"]


def test_somebody_who_was_faster_is_not_lost(omega: Omega) -> None:
    omega.jobs.put(b"1", "a.txt")
    seen = looked(omega)
    omega.jobs.put(b"theirs", "a.txt")
    with pytest.raises(ConflictError):
        omega.jobs.put(b"ours", "a.txt", expect=seen.firmly())
    assert omega.jobs.put(b"ours", "a.txt", expect=seen).revision == 3
    assert [omega.jobs.get(f"a.txt@{n}") for n in (1, 2, 3)] == [b"1", b"theirs", b"ours"]


def test_another_object_with_the_same_revision_is_not_what_was_seen(omega: Omega) -> None:
    omega.jobs.put(b"ours", "a.txt")
    seen = looked(omega)
    omega.jobs.rename("a.txt", "old.txt")
    omega.jobs.put(b"theirs", "a.txt")
    with pytest.raises(ConflictError, match="another object"):
        omega.jobs.put(b"edited", "a.txt", expect=seen.firmly())
    assert omega.jobs.get("a.txt") == b"theirs"
    assert omega.jobs.put(b"edited", "a.txt", expect=seen).revision == 2


def test_another_object_that_comes_while_it_is_put_is_not_what_was_expected(omega: Omega) -> None:
    omega.jobs.put(b"ours", "a.txt")

    class Slow(io.BytesIO):
        """Read while somebody else takes the place."""

        def read(self, size: int | None = -1) -> bytes:
            if omega.jobs.exists("a.txt") and not omega.jobs.exists("old.txt"):
                omega.jobs.rename("a.txt", "old.txt")
                omega.jobs.put(b"theirs", "a.txt")
            return super().read(size)

    with pytest.raises(ConflictError):
        omega.jobs.put(Slow(b"edited"), "a.txt", kind="file", expect=1)
    assert omega.jobs.get("a.txt") == b"theirs"


def test_what_was_dropped_since_is_made_anew(omega: Omega) -> None:
    omega.jobs.put(b"1", "f/a.txt")
    seen = omega.jobs.look("f/a.txt")
    omega.jobs.drop("f", recursive=True)
    assert omega.jobs.put(b"2", "f/a.txt", expect=seen).revision == 1
    assert omega.jobs.list() == ["f/a.txt"]
    assert omega.jobs.metadata("f").is_folder


def test_an_old_look_is_none(omega: Omega) -> None:
    omega.jobs.put(b"1", "a.txt")
    seen = looked(omega)
    omega.jobs.put(b"2", "a.txt", keep=False)  # which nobody is to see again
    old = replace(seen, at=seen.at - 10)
    omega.jobs.put(b"3", "a.txt", expect=old)
    assert [meta.revision for meta in omega.jobs.history("a.txt")] == [3, 2]
