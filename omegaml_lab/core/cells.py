"""Cells of notebooks, whose metadata may be of any shape: nothing checks them on their way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["tags_of"]


def tags_of(cell: Mapping[str, Any]) -> list[str]:
    """Return the tags of a cell; what is none counts as none."""
    tags = cell["metadata"].get("tags")
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
