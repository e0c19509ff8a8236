"""Files: bytes, text, files on disk and binary streams, kept as they are."""

from __future__ import annotations

import contextlib
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Backend, Written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.storage.storage import Storage

__all__ = ["FileBackend"]

_BYTES = (bytes, bytearray, memoryview)


class FileBackend(Backend):
    """Files. What is put as text comes back as text, everything else as bytes.

    ``store.open(name)`` reads without loading the whole. Option of put: `mimetype`; it is
    guessed from the name otherwise.
    """

    kind: ClassVar[str] = "file"
    stores: ClassVar[frozenset[str]] = frozenset({"datasets", "models", "jobs", "scripts"})
    priority: ClassVar[int] = -10

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take whatever is or yields bytes."""
        return isinstance(obj, (*_BYTES, str, Path)) or hasattr(obj, "read")

    def write(
        self, obj: Any, storage: Storage, name: str, *, mimetype: str | None = None
    ) -> Written:
        """Write the content, streaming where it is not in memory."""
        with _opened(obj) as source:
            blob = storage.blobs.write(source)
        mimetype = mimetype or mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Written(
            payload=Payload(blob=blob, meta={"text": isinstance(obj, str)}),
            size=blob.size,
            hash=blob.hash,
            details={"mimetype": mimetype},
        )

    def read(self, payload: Payload, storage: Storage, name: str) -> bytes | str:
        """Return the content."""
        if payload.blob is None:
            raise IntegrityError(f"file {name!r}", "it has no content")
        data = storage.blobs.read(payload.blob)
        return data.decode("utf-8", "surrogatepass") if payload.meta.get("text") else data


@contextlib.contextmanager
def _opened(obj: Any) -> Iterator[Any]:
    if isinstance(obj, Path):
        with obj.open("rb") as file:
            yield file
    elif isinstance(obj, str):
        yield obj.encode("utf-8", "surrogatepass")
    else:
        yield obj
