"""What people may have meant by a word that is not known."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["suggestion"]


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return a sentence that names the words nearest to `word`, nothing when none is near."""
    close = difflib.get_close_matches(word, list(known), n=3)
    return f" Did you mean {' or '.join(repr(c) for c in close)}?" if close else ""
