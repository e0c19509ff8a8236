"""What parameters a notebook declares, typed."""

from __future__ import annotations

import ast
import io
import json
import secrets
import tokenize
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.cells import tags_of
from omegaml_lab.core.parameters import TYPES, Parameter, declared, literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["declared_parameters", "language_of", "with_kernel"]

_TAG = "parameters"
_MINOR = 5  # of the format in which cells have ids


def declared_parameters(notebook: Mapping[str, Any]) -> list[Parameter]:
    """Return what the cell tagged ``parameters`` declares, in its order.

    Python is read by its grammar: the type is that of the annotation or of the default, the
    help is the comment behind it. Other languages are read by papermill's translators.
    """
    tagged = [c for c in notebook["cells"] if _TAG in tags_of(c)]
    if not tagged:
        return []
    # A file on the disk may hold the source as a list of lines.
    cells = [{**cell, "source": "".join(cell["source"])} for cell in tagged]
    notebook = {**notebook, "cells": cells}
    if language_of(notebook).lower() == "python":
        try:
            return list(_from_python(cells[0]["source"]))
        except (SyntaxError, tokenize.TokenError):
            pass  # a magic or a typing error: the run will tell; papermill reads line by line
    return list(_from_papermill(notebook))


def language_of(notebook: Mapping[str, Any]) -> str:
    """Return the language of a notebook's code; ``python`` when it does not say."""
    metadata = notebook["metadata"]
    for part, field in (("language_info", "name"), ("kernelspec", "language")):
        told = metadata.get(part)
        if isinstance(told, dict) and isinstance(name := told.get(field), str) and name:
            return name
    return "python"


def with_kernel(notebook: Mapping[str, Any]) -> Any:
    """Return a copy of `notebook` that says which kernel it needs, Python unless it knows.

    What is damaged in it and says nothing of what is to be run is not in the copy.
    """
    import nbformat

    copy = nbformat.from_dict(_tidied(json.loads(json.dumps(notebook))))
    spec = copy.metadata.setdefault("kernelspec", nbformat.NotebookNode())
    spec.setdefault("name", "python3")
    spec.setdefault("display_name", spec["name"])
    spec.setdefault("language", language_of(notebook))
    # JupyterLab would add it to a result that is opened while it grows, and call it changed.
    copy.metadata.setdefault("language_info", nbformat.NotebookNode(name=language_of(notebook)))
    return copy


def _tidied(notebook: dict[str, Any]) -> dict[str, Any]:
    metadata = notebook["metadata"]
    _keep(metadata, dict, "kernelspec", "language_info", "papermill")
    _keep(metadata.get("kernelspec", {}), str, "name", "display_name", "language")
    _keep(metadata.get("language_info", {}), str, "name")
    _keep(notebook, int, "nbformat_minor")
    notebook.setdefault("nbformat_minor", _MINOR)
    for cell in notebook["cells"]:
        if "id" in cell and not isinstance(cell["id"], str):
            cell["id"] = secrets.token_hex(4)
        _keep(cell, dict, "attachments")
        attached = cell.get("attachments", {})
        _keep(attached, dict, *attached)
        _keep(cell["metadata"], dict, "papermill", "execution")
        if "tags" in cell["metadata"]:
            cell["metadata"]["tags"] = tags_of(cell)
    return notebook


def _keep(mapping: dict[str, Any], kind: type, *names: str) -> None:
    """Keep under these names only what is of a kind."""
    for name in names:
        if not isinstance(mapping.get(name), kind):
            mapping.pop(name, None)


def _from_python(source: str) -> Iterator[Parameter]:
    comments = _comments(source)
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]):
                annotation = None
            case ast.AnnAssign(target=ast.Name(id=name)):
                annotation = statement.annotation
            case _:
                continue
        told = comments.get(statement.end_lineno or 0, "")
        yield declared(name, annotation, statement.value, help=told)


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("#").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _from_papermill(notebook: Mapping[str, Any]) -> Iterator[Parameter]:
    # Imported only here: papermill takes longer to load than a run takes to start.
    from papermill.exceptions import PapermillException
    from papermill.inspection import inspect_notebook

    try:
        inspected = inspect_notebook(with_kernel(notebook))
    except PapermillException:  # it knows nothing of this language
        return
    for found in inspected.values():
        text = str(found["default"])
        try:
            known, default = literal(ast.parse(text.strip(), mode="eval").body)
        except SyntaxError:
            known, default = False, None
        announced = str(found["inferred_type_name"])
        inferred = type(default).__name__ if known else "any"
        kind = announced if announced in TYPES else inferred
        yield Parameter(
            name=found["name"],
            type=kind if kind in TYPES else "any",  # type: ignore[arg-type]
            default=default,
            help=found["help"],
        )
