from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import ObjectNotFoundError
from omegaml_lab.core.names import Name

if TYPE_CHECKING:
    from omegaml_lab.omega import Jobs, Omega


@pytest.fixture
def jobs(omega: Omega) -> Jobs:
    return omega.jobs


def test_the_suffix_may_be_left_out(jobs: Jobs) -> None:
    assert jobs.put("1 + 1", "reports/flights").name == "reports/flights.ipynb"
    assert jobs.put("2 + 2", "reports/flights.ipynb").revision == 2
    for name in ("reports/flights", "reports/flights.ipynb"):
        assert jobs.get(name)["cells"][0]["source"] == "2 + 2"
        assert jobs.get(f"{name}@1")["cells"][0]["source"] == "1 + 1"
        assert jobs.metadata(name).revision == 2
        assert jobs.exists(name)
        assert jobs.resolve(name) == Name("reports/flights.ipynb")
        assert len(jobs.history(name)) == 2
    assert jobs.resolve("reports/flights@1") == Name("reports/flights.ipynb", revision=1)
    assert jobs.rename("reports/flights", "reports/planes").name == "reports/planes.ipynb"
    assert jobs.annotate("reports/planes", {"x": 1}).name == "reports/planes.ipynb"
    assert jobs.drop("reports/planes")
    assert jobs.list() == []


def test_a_name_object_is_literal(jobs: Jobs) -> None:
    jobs.put("1 + 1", "a")
    assert not jobs.exists(Name("a"))
    assert jobs.exists(Name("a.ipynb"))
    assert jobs.find(Name("a")) is None
    assert jobs.find(Name("a.ipynb")) == jobs.find("a") == jobs.metadata("a")
    with pytest.raises(ObjectNotFoundError):
        jobs.get(Name("a"))
    assert jobs.put("1", Name("b"), kind="notebook").name == "b"
    assert jobs.rename(Name("a.ipynb"), Name("c.bak")).name == "c.bak"
    jobs.put(b"x", Name("d@2"))
    assert jobs.get(Name("d@2")) == b"x"
    assert jobs.list() == ["b", "c.bak", "d@2"]


def test_the_exact_name_comes_first(jobs: Jobs) -> None:
    jobs.put("1 + 1", "a")
    jobs.put(b"bytes", "a", kind="file")
    assert jobs.get("a") == b"bytes"
    assert jobs.get("a.ipynb")["cells"][0]["source"] == "1 + 1"


def test_a_notebook_comes_before_a_folder_of_its_name(jobs: Jobs) -> None:
    jobs.put("1 + 1", "results/flights")
    jobs.put("2", "results/flights/today")
    assert jobs.resolve("results/flights") == Name("results/flights.ipynb")
    assert jobs.get("results/flights")["cells"]
    assert jobs.metadata(Name("results/flights")).is_folder
    assert jobs.resolve("results") == Name("results")
    assert jobs.resolve("nothing/here@3") == Name("nothing/here", revision=3)


def test_files_beside_notebooks(jobs: Jobs) -> None:
    assert jobs.put("# Read me", "reports/readme.md").kind == "file"
    assert jobs.put(b"\x89PNG", "reports/a.png").attributes["mimetype"] == "image/png"
    empty = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    assert jobs.put(empty, "x").name == "x.ipynb"
    assert jobs.put(b"not a notebook", "broken.ipynb", kind="file").kind == "file"
    assert jobs.get("reports/readme.md") == "# Read me"
    assert jobs.read_bytes("reports/readme.md") == b"# Read me"
    assert not jobs.exists("reports/readme")


def test_a_name_that_ends_in_the_suffix_is_taken_as_typed(jobs: Jobs) -> None:
    jobs.put("1", "mail@example.ipynb")
    jobs.put("2", "mail@example.ipynb")
    assert jobs.list() == ["mail@example.ipynb"]
    assert jobs.resolve("mail@example.ipynb") == Name("mail@example.ipynb")
    assert jobs.get("mail@example.ipynb@1")["cells"][0]["source"] == "1"
    assert jobs.rename("mail@example.ipynb", "b@c.ipynb").name == "b@c.ipynb"
    assert jobs.drop("b@c.ipynb")
