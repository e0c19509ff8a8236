"""Validity of notebooks that are opened: looked at once for each content."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat import reader

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["Validity", "validate"]

_REMEMBERED = 10_000
"""Hashes that are kept in memory, each of about 200 bytes."""


def validate(notebook: NotebookNode, problem: dict[str, Any]) -> None:
    """Note what keeps a notebook from passing nbformat's schema, as nbformat's readers do.

    As nbformat does, it gives an id to each cell that needs one.
    """
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        problem["ValidationError"] = error


class Validity:
    """Which contents pass nbformat's schema as they are, by their hashes; for any thread."""

    def __init__(self) -> None:
        self._valid: OrderedDict[str, None] = OrderedDict()
        self._changing = threading.Lock()

    def read(self, data: bytes, content: str | None, problem: dict[str, Any]) -> NotebookNode:
        """Return the notebook whose JSON `data` are, and whose hash is `content`.

        As ``nbformat.reads(…, as_version=4, capture_validation_error=problem)``, whose errors it
        raises, but what is known to pass is not validated again.
        """
        notebook: NotebookNode = reader.reads(data.decode("utf-8"))
        if content in self._valid:
            return notebook
        newest: NotebookNode = nbformat.convert(notebook, 4)
        ids = [cell.get("id") for cell in newest.cells]
        validate(newest, problem)
        unchanged = newest is notebook and ids == [cell.get("id") for cell in newest.cells]
        if content is not None and unchanged and not problem:
            self._remember(content)
        return newest

    def _remember(self, content: str) -> None:
        with self._changing:
            self._valid[content] = None
            if len(self._valid) > _REMEMBERED:
                self._valid.popitem(last=False)
