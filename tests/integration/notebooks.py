"""Notebooks for tests."""

from __future__ import annotations

from typing import Any

import nbformat


def notebook(*cells: str, parameters: str | None = None, kernel: str = "python3") -> Any:
    """A notebook of code cells, the first of them tagged `parameters` when there is one."""
    built = nbformat.v4.new_notebook()
    built.metadata.kernelspec = {
        "name": kernel, "display_name": kernel, "language": "python",
    }  # fmt: skip
    if parameters is not None:
        cell = nbformat.v4.new_code_cell(parameters)
        cell.metadata.tags = ["parameters"]
        built.cells.append(cell)
    built.cells += [nbformat.v4.new_code_cell(source) for source in cells]
    return built


def markdown(text: str) -> Any:
    return nbformat.v4.new_markdown_cell(text)


def printed(node: Any) -> str:
    """All that a notebook wrote to its streams."""
    outputs = [o for cell in node.cells for o in cell.get("outputs", [])]
    return "".join(o.text for o in outputs if o.output_type == "stream")


WAIT = "import pathlib, time\nwhile not pathlib.Path(flag).exists(): time.sleep(0.02)"
"""A cell that goes on once a file is there whose path is the parameter `flag`."""
