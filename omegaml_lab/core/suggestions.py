"""What people may have meant by a word that is not known."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["aside", "suggestion"]


def suggestion(word: str, known: Iterable[str], *, meant: Mapping[str, str] | None = None) -> str:
    """Return a sentence that names the words nearest to `word`, nothing when none is near.

    `meant` has words of other languages and programs, in small letters, and what they are here.
    """
    known = list(known)
    small = word.casefold()
    other = (meant or {}).get(small)
    close = [other] if other else [k for k in known if k.casefold() == small]
    close = close or difflib.get_close_matches(word, known, n=3)
    return f" Did you mean {' or '.join(repr(c) for c in close)}?" if close else ""


def aside(word: str, known: Iterable[str], *, meant: Mapping[str, str] | None = None) -> str:
    """Return the same between brackets, to stand within a sentence."""
    told = suggestion(word, known, meant=meant).strip()
    return f" (d{told[1:]})" if told else ""
