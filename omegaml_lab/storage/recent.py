"""Recent: the heads that a process made last, for its next change of the same objects.

Who puts under a name puts there again. A change is a compare-and-set on the head, so that one
which is remembered needs no second look: where somebody else was faster, nothing is changed.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
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
        self._made: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, name: str, document: Mapping[str, Any]) -> None:
        """Remember the document that is current now, if it is small."""
        encoded = bson.encode(document)
        if len(encoded) > _LARGEST:
            return
        with self._lock:
            self._made[name] = (time.monotonic(), encoded)
            while len(self._made) > _MOST:
                self._made.popitem(last=False)

    def take(self, name: str) -> dict[str, Any] | None:
        """Return the document that is remembered, as it would be read, and forget it."""
        with self._lock:
            noted, encoded = self._made.pop(name, (0.0, b""))
        if not encoded or time.monotonic() - noted > _SECONDS:
            return None
        return bson.decode(encoded, _AS_READ)
