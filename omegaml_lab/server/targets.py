"""Which job a path of Jupyter's contents means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError

from omegaml_lab.core.names import Name
from omegaml_lab.server.contents import OmegaContentsManager
from omegaml_lab.server.mounts import clean, hidden, join

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega

__all__ = ["UPLOADS", "Target", "target_of"]

UPLOADS = "uploads"
"""The folder of the jobs store that takes copies of notebooks on the disk."""


@dataclass(frozen=True, slots=True)
class Target:
    """A job, and where its notebook is on the disk when it is not in the repository yet."""

    job: str | Name
    manager: OmegaContentsManager | None = None
    disk_path: str = ""

    @property
    def on_disk(self) -> bool:
        """Whether the notebook has to be copied into the repository."""
        return self.manager is not None

    def read(self) -> bytes:
        """Return the bytes of a notebook on the disk, unless it is hidden; blocks."""
        assert self.manager is not None  # noqa: S101 - guarded by on_disk
        missing = HTTPError(404, f"There is no notebook {self.disk_path!r} on the disk")
        if hidden(self.disk_path) and not self.manager.allow_hidden:
            raise missing
        try:
            return self.manager.disk.files.read(self.disk_path)
        except (FileNotFoundError, IsADirectoryError) as error:
            raise missing from error

    def bring(self, omega: Omega) -> str | Name:
        """Return the job; what is on the disk is copied into the repository first. Blocks."""
        if self.on_disk:
            omega.jobs.put(self.read(), self.job, kind="notebook")
        return self.job


def target_of(manager: Any, *, path: str | None = None, job: str | None = None) -> Target:
    """Return what a request means by a contents `path` or the name of a `job`.

    Raises
    ------
    HTTPError
        400 if it gives neither, or the server's contents manager is not ours.
    """
    if job is not None:
        return Target(job)
    if path is None:
        raise HTTPError(400, "give either path or job")
    if not isinstance(manager, OmegaContentsManager):
        raise HTTPError(
            400,
            "This server's contents manager is not OmegaContentsManager: give job, not path",
        )
    mount, inside = manager.mounts.find(clean(path))
    if mount is manager.disk:
        return Target(Name(join(UPLOADS, inside)), manager, inside)
    return Target(Name(inside))
