"""Notebooks as jobs: how they are made ready to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat
from papermill.exceptions import PapermillException
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from omegaml_lab.core.errors import InvalidNotebookError
from omegaml_lab.runtime.parameters import with_kernel

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["prepare"]

_INJECTED = "injected-parameters"


def prepare(name: str, notebook: Any, parameters: Mapping[str, Any]) -> Any:
    """Return a copy of `notebook` as papermill runs it: without outputs, parameters set.

    Raises
    ------
    InvalidNotebookError
        If it is not a valid notebook, or parameters cannot be written in its language.
    """
    notebook = with_kernel(notebook)
    try:
        prepared = load_notebook_node(notebook)
        nbformat.validate(prepared)
        # What an earlier run injected is not part of the job.
        prepared.cells = [c for c in prepared.cells if _INJECTED not in c.metadata.tags]
        if parameters:
            prepared = parameterize_notebook(prepared, dict(parameters))
    except nbformat.ValidationError as error:
        raise InvalidNotebookError(name, str(error).partition("\n")[0]) from error
    except (PapermillException, NotImplementedError) as error:
        raise InvalidNotebookError(name, f"its parameters cannot be set: {error}") from error
    return prepared
