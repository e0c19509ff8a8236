"""What parameters a notebook declares, typed."""

from __future__ import annotations

import ast
import io
import json
import tokenize
from typing import TYPE_CHECKING, Any, get_args

from omegaml_lab.core.parameters import Parameter, ParameterType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["declared_parameters", "language_of", "with_kernel"]

_TAG = "parameters"
_TYPES = set(get_args(ParameterType))


def declared_parameters(notebook: Mapping[str, Any]) -> list[Parameter]:
    """Return what the cell tagged ``parameters`` declares, in its order.

    Python is read by its grammar: the type is that of the annotation or of the default, the
    help is the comment behind it. Other languages are read by papermill's translators.
    """
    tagged = [c for c in notebook["cells"] if _TAG in c["metadata"].get("tags", [])]
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
    return str(
        metadata.get("language_info", {}).get("name")
        or metadata.get("kernelspec", {}).get("language")
        or "python"
    )


def with_kernel(notebook: Mapping[str, Any]) -> Any:
    """Return a copy of `notebook` that says which kernel it needs, Python unless it knows."""
    import nbformat

    copy = nbformat.from_dict(json.loads(json.dumps(notebook)))
    spec = copy.metadata.setdefault("kernelspec", nbformat.NotebookNode())
    spec.setdefault("name", "python3")
    spec.setdefault("display_name", spec["name"])
    spec.setdefault("language", language_of(notebook))
    # JupyterLab would add it to a result that is opened while it grows, and call it changed.
    copy.metadata.setdefault("language_info", nbformat.NotebookNode(name=language_of(notebook)))
    return copy


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
        known, default = _literal(statement.value)
        yield Parameter(
            name=name,
            type=_type(annotation, default, known=known),
            default=default,
            help=comments.get(statement.end_lineno or 0, ""),
        )


def _literal(value: ast.expr | None) -> tuple[bool, Any]:
    """Return whether an expression is a JSON value, and which."""
    try:
        default = ast.literal_eval(value) if value is not None else None
        if json.loads(json.dumps(default, allow_nan=False)) == default:
            return value is not None, default
    except (ValueError, TypeError):
        pass
    return False, None


def _type(annotation: ast.expr | None, default: Any, *, known: bool) -> ParameterType:
    name = ast.unparse(annotation).strip("'\"") if annotation is not None else ""
    base = name.partition("[")[0].strip().lower()
    if base not in _TYPES:
        base = type(default).__name__ if known and not name else "any"
    return base if base in _TYPES else "any"  # type: ignore[return-value]


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
            known, default = _literal(ast.parse(text.strip(), mode="eval").body)
        except SyntaxError:
            known, default = False, None
        declared = str(found["inferred_type_name"])
        inferred = type(default).__name__ if known else "any"
        kind = declared if declared in _TYPES else inferred
        yield Parameter(
            name=found["name"],
            type=kind if kind in _TYPES else "any",  # type: ignore[arg-type]
            default=default,
            help=found["help"],
        )
