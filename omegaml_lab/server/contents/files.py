"""``/files``: downloads, streamed from wherever a file is."""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import AuthenticatedFileHandler
from tornado.iostream import StreamClosedError
from tornado.web import authenticated

from omegaml_lab.server.contents.mounts import clean
from omegaml_lab.server.contents.ranges import asked_part
from omegaml_lab.server.contents.repository import RepositoryMount, in_thread

if TYPE_CHECKING:
    from typing import BinaryIO

    from omegaml_lab.server.contents.contents import OmegaContentsManager
    from omegaml_lab.server.contents.jobtree import JobTree

__all__ = ["MountedFilesHandler", "content_type"]

_BLOCK = 1 << 20
_SNIFFED = 4096


class MountedFilesHandler(AuthenticatedFileHandler):
    """Serves files of the disk as Jupyter does, and those of the repository block by block."""

    @authenticated
    @authorized
    async def get(self, path: str, include_body: bool = True) -> None:  # type: ignore[override] # noqa: FBT001, FBT002
        """Answer GET."""
        self.check_xsrf_cookie()
        manager: OmegaContentsManager = self.settings["contents_manager"]
        mount, inside = manager.mounts.find(clean(path))
        if mount is manager.disk:
            await ensure_async(super().get(inside, include_body=include_body))
        else:
            assert isinstance(mount, RepositoryMount)  # noqa: S101 - whatever is not the disk
            await self._send(manager, mount.files, inside, include_body=include_body)

    @authenticated
    @authorized
    async def head(self, path: str) -> None:  # type: ignore[override]
        """Answer HEAD."""
        await ensure_async(self.get(path, include_body=False))

    async def _send(
        self, manager: OmegaContentsManager, files: JobTree, path: str, *, include_body: bool
    ) -> None:
        meta, stream = await in_thread(manager.threads, files.open, path)
        name, etag = path.rpartition("/")[2], f'"{meta.hash}"'
        block = await in_thread(manager.threads, stream.read, _BLOCK)
        self.set_header("Content-Type", content_type(name, block))
        self.set_header("Etag", etag)
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Accept-Ranges", "bytes")
        if self.get_query_argument("download", None):
            self.set_attachment_header(name)
        if self.request.headers.get("If-None-Match") == etag:
            self.set_status(304)
            return
        part = self._part(meta.size, etag)
        self.set_header("Content-Length", str(len(part)))
        if include_body and part:
            await self._send_part(manager, stream, part, block)

    def _part(self, size: int, etag: str) -> range:
        """Return the positions that are asked for, and say so in the answer."""
        # Who has the beginning of another state wants the whole of this one.
        known = self.request.headers.get("If-Range") in {None, etag}
        part = asked_part(self.request.headers.get("Range"), size) if known else None
        if part is None:
            return range(size)
        self.set_status(206 if part else 416)
        which = f"{part.start}-{part.stop - 1}" if part else "*"
        self.set_header("Content-Range", f"bytes {which}/{size}")
        return part

    async def _send_part(
        self, manager: OmegaContentsManager, stream: BinaryIO, part: range, block: bytes
    ) -> None:
        if part.start:
            stream.seek(part.start)
            block = await in_thread(manager.threads, stream.read, _BLOCK)
        left = len(part)
        while left and block:
            self.write(block[:left])
            left -= len(block[:left])
            try:
                await self.flush()
            except StreamClosedError:  # the browser has gone
                return
            block = await in_thread(manager.threads, stream.read, _BLOCK) if left else b""


def content_type(name: str, beginning: bytes) -> str:
    """Return the type of a file by its name and, where that says nothing, by its first bytes."""
    if name.lower().endswith(".ipynb"):
        return "application/x-ipynb+json"
    kind, encoding = mimetypes.guess_type(name)
    if encoding is not None:  # what is compressed stays so, see RFC 6713
        return "application/gzip" if encoding == "gzip" else "application/octet-stream"
    if kind is None:
        kind = "text/plain" if _is_text(beginning) else "application/octet-stream"
    return f"{kind}; charset=UTF-8" if kind == "text/plain" else kind


def _is_text(beginning: bytes) -> bool:
    try:
        beginning[:_SNIFFED].decode("utf-8")
    except UnicodeDecodeError as error:
        # A character that is cut in two at the end is no fault.
        return len(beginning) > _SNIFFED and error.start > _SNIFFED - 4
    return True
