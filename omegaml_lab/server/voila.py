"""Voila on our contents manager.

Voila reads the notebook with ``await``, but the images in its markdown without: with an async
manager that hangs the page for ever, with a blocking one it stops the whole server. So the
images are read beforehand, together with the notebook.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from omegaml_lab.server.contents.mounts import Model

__all__ = ["NotebookContents", "image_links"]

_INLINE = re.compile(r"!\[[^\]]*\]\(\s*(?:<([^>\n]*)>|([^\s)]+))")
_REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s*(?:<([^>\n]*)>|(\S+))", re.MULTILINE)
_LARGEST_IMAGE = 50_000_000


class NotebookContents:
    """What Voila sees of a contents manager while it renders one notebook."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._images: dict[str, str] = {}

    def get(self, path: str, format: str | None = None) -> Model | Awaitable[Model]:  # noqa: A002
        """Return an image that was read beforehand at once, a notebook to be awaited."""
        if format == "base64":
            return {"content": self._images[unquote(path)], "format": "base64"}
        return self._notebook(path)

    def file_exists(self, path: str) -> bool:
        """Say whether there is such an image."""
        return unquote(path) in self._images

    async def _notebook(self, path: str) -> Model:
        model: Model = await ensure_async(self._manager.get(path=path))
        if model["type"] == "notebook":
            folder = posixpath.dirname(path.strip("/"))
            for link in set(image_links(model["content"])):
                image = await self._image(posixpath.normpath(posixpath.join(folder, link)))
                if image is not None:
                    self._images[link] = image
        return model

    async def _image(self, path: str) -> str | None:
        try:
            model = await ensure_async(self._manager.get(path, content=False, type="file"))
            if (model["size"] or 0) > _LARGEST_IMAGE:
                return None
            model = await ensure_async(self._manager.get(path, type="file", format="base64"))
        except HTTPError:
            return None
        return str(model["content"])


def image_links(notebook: Any) -> Iterator[str]:
    """Yield what the markdown of a notebook links to as images beside it, decoded."""
    for cell in notebook["cells"]:
        if cell["cell_type"] != "markdown":
            continue
        for pattern in (_INLINE, _REFERENCE):
            for match in pattern.finditer(cell["source"]):
                link = match[1] or match[2] or ""
                parts = urlsplit(link)
                if link and not parts.scheme and not parts.netloc and link[0] not in "/#":
                    yield unquote(link)
