"""Notebooks as jobs: how they are made ready to run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from papermill.exceptions import PapermillException
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from omegaml_lab.core.cells import tags_of
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
        If it is not clear which kernel it needs, or parameters cannot be written in its language.
    """
    _check_kernel(name, notebook["metadata"].get("kernelspec"))
    notebook = with_kernel(notebook)
    # What an earlier run injected, and what cells showed then, is not part of the job.
    notebook.cells = [cell for cell in notebook.cells if INJECTED not in tags_of(cell)]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    try:
        prepared = load_notebook_node(notebook)
        if parameters:
            prepared = parameterize_notebook(prepared, dict(parameters))
    except (PapermillException, NotImplementedError) as error:
        raise InvalidNotebookError(name, f"its parameters cannot be set: {error}") from error
    return prepared


def _check_kernel(job: str, spec: Any) -> None:
    kernel = spec.get("name") if isinstance(spec, dict) else spec
    if not (kernel is None or (isinstance(spec, dict) and isinstance(kernel, str))):
        shown = json.dumps(spec)[:100]
        reason = f"its metadata do not tell which kernel it needs: kernelspec is {shown}"
        raise InvalidNotebookError(job, reason)
