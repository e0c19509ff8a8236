"""Notebooks as jobs: how they are made ready to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from papermill.exceptions import PapermillException
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from omegaml_lab.core.errors import InvalidNotebookError
from omegaml_lab.core.parameters import INJECTED
from omegaml_lab.runtime.jobs.parameters import with_kernel

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["prepare"]


def prepare(name: str, notebook: Any, parameters: Mapping[str, Any]) -> Any:
    """Return a copy of `notebook` as papermill runs it: without outputs, parameters set.

    Raises
    ------
    InvalidNotebookError
        If parameters cannot be written in its language.
    """
    notebook = with_kernel(notebook)
    try:
        prepared = load_notebook_node(notebook)
        # What an earlier run injected, and what cells showed then, is not part of the job.
        prepared.cells = [c for c in prepared.cells if INJECTED not in c.metadata.tags]
        for cell in prepared.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        if parameters:
            prepared = parameterize_notebook(prepared, dict(parameters))
    except (PapermillException, NotImplementedError) as error:
        raise InvalidNotebookError(name, f"its parameters cannot be set: {error}") from error
    return prepared
