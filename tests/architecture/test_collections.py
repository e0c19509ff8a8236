"""Which collections a repository consists of: nobody's data, and so not to be read as such."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from omegaml_lab.storage.collections import RESERVED

from . import measures

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENED = {"collection", "records", "Records", "ensure_indexes", "ensure_collection"}
CONSTANTS = {"COLLECTION", "_COLLECTION"}


def named(tree: ast.AST) -> Iterator[str]:
    """Yield the names of collections that some code opens, or loops over to open them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in OPENED:
                yield from texts(node.args)
        elif isinstance(node, ast.Assign):
            if any(isinstance(t, ast.Name) and t.id in CONSTANTS for t in node.targets):
                yield from texts([node.value])
        elif isinstance(node, ast.For) and getattr(node.target, "id", "") == "collection":
            yield from texts(getattr(node.iter, "elts", []))


def texts(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_all_collections_of_a_repository_are_reserved() -> None:
    found = {
        name for path in measures.python_files() for name in named(ast.parse(path.read_text()))
    }
    assert found == RESERVED
