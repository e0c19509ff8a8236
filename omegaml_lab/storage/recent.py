"""Recent: the heads that a process made last, for its next change of the same objects.

Who puts under a name puts there again. A change is a compare-and-set on the head, so that one
which is remembered needs no second look: where somebody else was faster, nothing is changed.
"""

from __future__ import annotations

import contextlib
import time
from datetime import UTC
from typing import TYPE_CHECKING, Any

import bson
from bson.codec_options import CodecOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Recent"]

_MOST = 128
_LARGEST = 64 * 1024
"""How many bytes a document may have that is remembered."""
_SECONDS = 600.0
"""How long one is; what it refers to is kept for longer, see `storage.garbage`."""
_AS_READ: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True, tzinfo=UTC)


class Recent:
    """The documents of one store that this process has made; threads may share it.

    They are kept encoded: nobody who has one in hand changes what is remembered.
    """

    def __init__(self) -> None:
        # Without a lock: one that is held while the process is forked would be held for ever.
        self._made: dict[str, tuple[float, bytes]] = {}

    def note(self, name: str, document: Mapping[str, Any]) -> None:
        """Remember the document that is current now, if it is small."""
        encoded = bson.encode(document)
        if len(encoded) > _LARGEST:
            return
        self._made.pop(name, None)
        self._made[name] = (time.monotonic(), encoded)
        if len(self._made) > _MOST:
            with contextlib.suppress(RuntimeError, StopIteration):  # another thread does so
                self._made.pop(next(iter(self._made)), None)

    def take(self, name: str) -> dict[str, Any] | None:
        """Return the document that is remembered, as it would be read, and forget it."""
        noted, encoded = self._made.pop(name, (0.0, b""))
        if not encoded or time.monotonic() - noted > _SECONDS:
            return None
        return bson.decode(encoded, _AS_READ)
