"""Notebooks are made ready as papermill does it."""

from __future__ import annotations

import nbformat
import pytest

from omegaml_lab.core.errors import InvalidNotebookError
from omegaml_lab.runtime.jobs.notebooks import prepare


def notebook(*sources: str) -> nbformat.NotebookNode:
    built = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    built.cells[0].metadata.tags = ["parameters"]
    return built


def test_parameters_follow_the_tagged_cell_and_replace_an_earlier_injection() -> None:
    original = notebook("a = 1", "a")
    once = prepare("n", original, {"a": 2})
    assert [c.source for c in once.cells] == ["a = 1", "# Parameters\na = 2\n", "a"]
    again = prepare("n", once, {})
    assert [c.source for c in again.cells] == ["a = 1", "a"]
    assert len(original.cells) == 2  # what was given is left alone


def test_a_kernel_is_assumed_where_none_is_named() -> None:
    assert prepare("n", notebook("1"), {}).metadata.kernelspec.name == "python3"


def test_a_language_without_parameters_is_said_so() -> None:
    other = notebook("a <- 1")
    other.metadata.kernelspec = {"name": "k", "language": "brainfuck", "display_name": "k"}
    with pytest.raises(InvalidNotebookError, match="parameters cannot be set"):
        prepare("n", other, {"a": 1})


def test_what_cells_showed_before_is_no_part_of_a_job() -> None:
    shown = notebook("1")
    shown.cells[0].outputs = [{"output_type": "of a later version of the format"}]
    shown.cells[0].execution_count = 7
    cell = prepare("n", shown, {}).cells[0]
    assert (cell.outputs, cell.execution_count) == ([], None)
