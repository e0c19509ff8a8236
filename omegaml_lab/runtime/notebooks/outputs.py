"""What a run puts out: how large it may grow, and streams in few pieces."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["OUTPUT_LIMIT", "OutputMeter", "join_stream"]

OUTPUT_LIMIT = 100_000_000
"""Characters that the outputs of one run may have in all.

A worker holds them in memory, about three times while it saves them, and shares its memory with
other runs; a browser does not show a notebook of that size any more.
"""
_PIECE = 65_536  # streams are joined up to here: to join longer ones takes quadratic time
_OVERHEAD = 200  # what an output takes beside its contents, so that empty ones count too


class OutputMeter:
    """Tells when a notebook has put out too much.

    What came is added up; only when that passes the limit is it measured what is still there,
    for an output that was cleared or replaced takes no room.

    Parameters
    ----------
    limit
        Characters that may be kept.
    kept
        Returns all that is kept now.
    """

    def __init__(self, limit: int, kept: Callable[[], Iterable[Any]]) -> None:
        self.limit = limit
        self.full = False
        self._kept = kept
        self._left = limit

    def take(self, content: dict[str, Any]) -> None:
        """Count the content of a message; cut its text when :attr:`full` becomes true."""
        size = _size(content)
        self._left -= size
        if self._left >= 0:
            return
        room = self.limit - sum(_size(value) for value in self._kept())
        if size > room:
            self.full = True
            if "text" in content:
                content["text"] = content["text"][: max(0, room)]
        self._left = room - size


def join_stream(outputs: list[Any]) -> None:
    """Join the last output with the one before when both are small parts of one stream."""
    if len(outputs) < 2:
        return
    before, last = outputs[-2:]
    kinds = {(output.output_type, output.get("name")) for output in (before, last)}
    if last.output_type != "stream" or len(kinds) > 1:
        return
    if len(before.text) + len(last.text) <= _PIECE:
        before.text += last.text
        del outputs[-1]


def _size(value: Any) -> int:
    """Return about how many characters a part of a notebook has, without a copy of texts."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return _OVERHEAD + sum(_size(part) for part in value.values())
    if isinstance(value, list):
        return sum(_size(part) for part in value)
    return len(json.dumps(value, default=str))
