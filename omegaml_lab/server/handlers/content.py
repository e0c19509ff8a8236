"""``content``: the bytes that are kept of an object."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from tornado.escape import url_escape
from tornado.iostream import StreamClosedError

from omegaml_lab.core.names import Name
from omegaml_lab.server.handlers.objects import BUCKET, COUNT, NAME, STORE, StoreHandler
from omegaml_lab.server.openapi import Operation, query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.core.metadata import Metadata

__all__ = ["ContentHandler"]

_BLOCK = 1 << 20
_JSON, _BYTES = "application/json", "application/octet-stream"


class ContentHandler(StoreHandler):
    """Sends a notebook as its JSON, and other things for saving only."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="Read the bytes that are kept of an object: notebooks and files",
            parameters=(
                STORE,
                NAME,
                query("revision", COUNT, "Which; the newest by default."),
                BUCKET,
            ),
            answers={200: "Content"},
            media=(_JSON, _BYTES),
            problems=(400, 404),
        )
    }

    @property
    def content_security_policy(self) -> str:
        """Keep what somebody put from acting in the name of who looks at it."""
        return f"{super().content_security_policy}; sandbox"

    async def get(self, store: str, name: str) -> None:
        """Answer GET."""
        pinned = Name(name, revision=self.count("revision"))

        def find() -> tuple[Metadata, BinaryIO]:
            objects = self.store(store)
            meta = objects.metadata(pinned)
            return meta, objects.open(Name(meta.name, revision=meta.revision))

        meta, stream = await self.call(find)
        kind = _JSON if meta.kind == "notebook" else _BYTES
        self.set_header("Content-Type", kind)
        self.set_header("Cache-Control", "no-cache")
        self.set_header("X-Content-Type-Options", "nosniff")
        if kind != _JSON:
            name = url_escape(meta.name.rpartition("/")[2], plus=False)
            self.set_header("Content-Disposition", f"attachment; filename*=utf-8''{name}")
        with contextlib.suppress(StreamClosedError):  # the browser has gone
            while block := await self.call(stream.read, _BLOCK):
                self.write(block)
                await self.flush()
            self.finish(set_content_type=kind)
