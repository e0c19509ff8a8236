"""What a file browser asks a store for: little, and in one round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from omegaml_lab.core.errors import InvalidNameError, NotAFileError, ObjectNotFoundError
from omegaml_lab.core.names import Name

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


def test_children_are_those_of_entries_in_their_order(omega: Omega) -> None:
    for name in ("b/[2] ü.ipynb", "b/a.txt", "b/z/deep.txt", "top.txt"):
        omega.jobs.put(b"x", Name(name), kind="file")
    for folder in ("", "b", "b/z", "nothing"):
        entries = omega.jobs.entries(folder).items
        children = omega.jobs.children(folder)
        seen = [(c.name, c.kind, c.created, c.modified, c.size, c.is_folder) for c in children]
        assert seen == [
            (e.name, e.kind, e.created, e.modified, e.size, e.is_folder) for e in entries
        ]


def test_what_is_found_is_read_with_it(omega: Omega) -> None:
    omega.jobs.put(b"one", Name("a/b@2.txt"), kind="file")
    metadata = omega.jobs.put(b"2" * 100_000, Name("a/b@2.txt"), kind="file")
    found = omega.jobs.read_found(Name("a/b@2.txt"))
    assert found is not None
    assert (found.metadata, found.data) == (metadata, b"2" * 100_000)
    first = omega.jobs.read_found(Name("a/b@2.txt", revision=1))
    assert first is not None
    assert first.data == b"one"
    folder = omega.jobs.read_found(Name("a"))
    assert folder is not None
    assert folder.metadata.is_folder
    assert omega.jobs.read_found(Name("nothing")) is None
    omega.datasets.put(pd.DataFrame({"x": [1]}), "frame")
    with pytest.raises(NotAFileError):
        omega.datasets.read_found("frame")


def test_a_put_makes_no_folder_when_it_must_not(omega: Omega) -> None:
    with pytest.raises(ObjectNotFoundError, match="'a/b'"):
        omega.jobs.put(b"x", Name("a/b/c.txt"), kind="file", folders=False)
    assert omega.jobs.children() == []
    omega.jobs.put(b"x", Name("a/b/c.txt"), kind="file")
    again = omega.jobs.put(b"y", Name("a/b/c.txt"), kind="file", folders=False)
    assert again.revision == 2
    assert omega.jobs.put(b"z", Name("top"), kind="file", folders=False).revision == 1
    with pytest.raises(InvalidNameError):
        omega.jobs.put(b"z", Name("top/below"), kind="file", folders=False)


def test_modules_are_found_and_listed(omega: Omega) -> None:
    for name in ("p/__init__.py", "p/m.py", "p.py", "only/data.csv", "a.b.py", "note.ipynb"):
        omega.jobs.put(b"1", Name(name), kind="file")
    assert omega.jobs.module_names("") == [("a.b", False), ("p", True)]
    assert omega.jobs.module_names("p") == [("m", False)]
    assert omega.jobs.module("", "p")[0].name == "p/__init__.py"  # type: ignore[index]
    assert omega.jobs.module("p", "m")[0].name == "p/m.py"  # type: ignore[index]
    assert omega.jobs.module("", "only")[1] is None  # type: ignore[index]
    assert omega.jobs.module("", "note") is None
    assert omega.jobs.module("", "nothing") is None
