"""Notebooks with damaged metadata: run if that is harmless, else it is said what is wrong."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from omegaml_lab.backends.notebook import parse_notebook
from omegaml_lab.core.errors import InvalidNotebookError
from omegaml_lab.core.parameters import INJECTED
from omegaml_lab.core.resuming import code_of
from omegaml_lab.runtime.jobs.notebooks import prepare
from omegaml_lab.runtime.jobs.parameters import declared_parameters
from omegaml_lab.runtime.jobs.requirements import required_by

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACES: list[tuple[Any, ...]] = [
    *(("metadata", name) for name in ("kernelspec", "language_info", "papermill", "omega")),
    ("nbformat_minor",),
    *(("cells", 1, "metadata", name) for name in ("tags", "papermill", "execution")),
    *(("cells", 1, name) for name in ("id", "outputs", "execution_count")),
    ("cells", 2, "metadata", "tags"),
    ("cells", 2, "attachments"),
]
DAMAGE: list[Any] = [
    *(None, 5, "x", True, [], [None], {}),
    *({"name": 5}, {"name": None}, {"language": 5, "name": "python3"}),
]


def damaged() -> Iterator[tuple[tuple[Any, ...], Any, dict[str, Any]]]:
    cells = [nbformat.v4.new_code_cell(source) for source in ("a = 1", "print(a)")]
    cells[0].metadata.tags = ["parameters"]
    cells.append(nbformat.v4.new_markdown_cell("text"))
    whole = json.loads(nbformat.writes(nbformat.v4.new_notebook(cells=cells)))
    for place in PLACES:
        for value in DAMAGE:
            notebook = copy.deepcopy(whole)
            part = notebook
            for key in place[:-1]:
                part = part[key]
            part[place[-1]] = value
            yield place, value, notebook


def test_whatever_is_damaged_can_be_run_or_is_told() -> None:
    run = 0
    for place, value, notebook in damaged():
        told = f"{place} = {value!r}"
        reason = ""
        try:
            parsed = parse_notebook(notebook, "n")
            prepared = prepare("n", parsed, {"a": 2})
        except InvalidNotebookError as error:
            reason = str(error)
        if reason:
            assert str(place[-1]) in reason or "language" in reason, told
            continue
        run += 1
        assert [c.source for c in prepared.cells if c.cell_type == "code"] == [
            *("a = 1", "# Parameters\na = 2\n", "print(a)")
        ], told
        assert [p.name for p in declared_parameters(parsed)] == ["a"], told
        assert len(code_of(parsed["cells"], without=INJECTED)) == 2, told
        assert required_by(parsed) == (), told
    assert run > len(PLACES) * len(DAMAGE) * 3 / 4


@pytest.mark.parametrize("spec", [5, "python3", [None], {"name": 5}])
def test_a_kernel_that_is_none_is_not_guessed(spec: Any) -> None:
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = spec
    with pytest.raises(InvalidNotebookError, match="which kernel it needs: kernelspec is "):
        prepare("n", notebook, {})
