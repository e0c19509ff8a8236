"""Byte ranges: which part of a file a request asks for, by RFC 9110, section 14."""

from __future__ import annotations

import re

__all__ = ["asked_part"]

_ONE = re.compile(r"bytes=\s*(\d*)\s*-\s*(\d*)\s*", re.ASCII)


def asked_part(header: str | None, size: int) -> range | None:
    """Return the positions that a ``Range`` header asks for of a file of `size` bytes.

    None stands for the whole: nothing is asked for, or what we may leave unheeded, as several
    ranges at once or units other than bytes. An empty range says that there is no such part.
    """
    found = _ONE.fullmatch(header or "")
    if found is None or found.group(1, 2) == ("", ""):
        return None
    first, last = found.groups()
    if first and last and int(last) < int(first):
        return None  # that is no range
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    return range(start, max(start, stop))
