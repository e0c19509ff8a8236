"""What mounts hide: files and folders of the root that are called like the folder of a mount."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError

from omegaml_lab.server.contents.contents import OmegaContentsManager
from omegaml_lab.server.contents.repository import RepositoryMount

if TYPE_CHECKING:
    from omegaml_lab.server.contents.mounts import Mount

__all__ = ["Hiding", "hidden_by_mounts"]

_PAUSE = 10.0

_log = logging.getLogger(__name__)


class Hiding:
    """What the mounts of a server hide, as it was when it was looked at last.

    Parameters
    ----------
    manager
        Its contents manager.
    pause
        Seconds until a look is out of date: each asks the root twice for every mount.
    """

    def __init__(self, manager: Any, *, pause: float = _PAUSE) -> None:
        self._manager = manager
        self._pause = pause
        self._known: list[str] = []
        self._looked = -math.inf
        self._look: asyncio.Task[None] | None = None

    def tell(self) -> list[str]:
        """Return the sentences about it, and look again when that was done long ago.

        Nobody waits for what may not answer.
        """
        now = time.monotonic()
        if now - self._looked >= self._pause and (self._look is None or self._look.done()):
            self._looked = now
            self._look = asyncio.create_task(self._renew())
        return self._known

    def stop(self) -> None:
        """Look no more."""
        if self._look is not None:
            self._look.cancel()

    async def _renew(self) -> None:
        found = await hidden_by_mounts(self._manager)
        for sentence in found:
            if sentence not in self._known:
                _log.warning("%s", sentence)
        self._known = found


async def hidden_by_mounts(manager: Any) -> list[str]:
    """Return a sentence about each file or folder of the root that nobody can see.

    Of a root that does not answer, and of other contents managers, nothing is said.
    """
    if not isinstance(manager, OmegaContentsManager):
        return []
    root, told = manager.mounts.root, []
    for name, mount in manager.mounts.named.items():
        try:
            if await root.folder_exists(name) or await root.file_exists(name):
                told.append(f"{_what(manager, name, mount)} {_cure(manager, name, mount)}")
        except HTTPError as error:
            _log.debug("Whether %r is hidden cannot be told: %s", name, error)
    return told


def _what(manager: OmegaContentsManager, name: str, mount: Mount) -> str:
    root = manager.mounts.root
    where = manager.root_dir if root is manager.disk else f"the bucket {_bucket(root)!r}"
    shown = "the disk" if mount is manager.disk else f"the bucket {_bucket(mount)!r}"
    return f"{name!r} of {where} is not shown: the folder of this name shows {shown}."


def _cure(manager: OmegaContentsManager, name: str, mount: Mount) -> str:
    on_disk = manager.mounts.root is manager.disk
    how = "on the disk" if on_disk else "with `omega jobs move`"
    if mount is manager.disk:
        other = "choose another OmegaContentsManager.disk_name"
    elif mount is manager.repository:
        other = "choose another OmegaContentsManager.repository_name"
    else:
        other = f"take {name!r} out of OmegaContentsManager.buckets"
    return f"Give it another name {how}, or {other}."


def _bucket(mount: Mount) -> str:
    """Return the bucket that a mount of the repository shows."""
    return mount.bucket if isinstance(mount, RepositoryMount) else ""
