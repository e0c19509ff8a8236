"""What parameters a notebook declares."""

from __future__ import annotations

from typing import Any

import pytest

from omegaml_lab.core.parameters import Parameter
from omegaml_lab.runtime.jobs.parameters import declared_parameters


def notebook(
    source: str, language: str = "python", tags: tuple[str, ...] = ("parameters",)
) -> Any:
    cell = {
        "cell_type": "code",
        "metadata": {"tags": list(tags)},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    return {
        "cells": [cell],
        "metadata": {"kernelspec": {"name": language, "language": language}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def declared(source: str, **options: Any) -> list[tuple[str, str, Any, str]]:
    found = declared_parameters(notebook(source, **options))
    assert all(isinstance(parameter, Parameter) for parameter in found)
    return [(p.name, p.type, p.default, p.help) for p in found]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a = 1", ("a", "int", 1, "")),
        ("a = -1.5  # how much", ("a", "float", -1.5, "how much")),
        ("a: float = 1", ("a", "float", 1, "")),
        ("a: 'str' = None", ("a", "str", None, "")),
        ("a: list[int] = []", ("a", "list", [], "")),
        ("a: dict[str, int] = {}", ("a", "dict", {}, "")),
        ("a = True", ("a", "bool", True, "")),
        ("a = 'x = y # z'  # said", ("a", "str", "x = y # z", "said")),
        ("a = None", ("a", "any", None, "")),
        ("a = (1, 2)", ("a", "any", None, "")),
        ("a = compute(b=2)", ("a", "any", None, "")),
        ("a: str = os.environ['X']", ("a", "str", None, "")),
        ("a: int", ("a", "int", None, "")),
        ("a = {\n  'b': 1,\n}  # options", ("a", "dict", {"b": 1}, "options")),
    ],
)
def test_python_is_read_by_its_grammar(line: str, expected: tuple[Any, ...]) -> None:
    assert declared(line) == [expected]


def test_only_plain_assignments_count_in_their_order() -> None:
    source = "import os\nb = 2\na = 1\nprint(a)\nc, d = 1, 2\nif a:\n    e = 3\nf.g = 4"
    assert [name for name, *_ in declared(source)] == ["b", "a"]


@pytest.mark.parametrize("first", ["", "%matplotlib inline\n"])
def test_source_may_be_a_list_of_lines_as_in_files(first: str) -> None:
    read = notebook("")
    read["cells"][0]["source"] = [first, "a = 1\n", "b = 2"]
    assert [parameter.name for parameter in declared_parameters(read)] == ["a", "b"]


def test_a_notebook_without_the_tag_takes_none() -> None:
    assert declared("a = 1", tags=()) == []


def test_a_cell_that_is_no_python_is_read_line_by_line() -> None:
    assert [name for name, *_ in declared("%matplotlib inline\na = 1")] == ["a"]


def test_another_language_is_read_by_papermill() -> None:
    assert declared('a = "x"', language="no-such-language-papermill-knows") == []
