"""Which job a path of Jupyter's contents means, and which path a job has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError

from omegaml_lab.core.errors import ObjectNotFoundError
from omegaml_lab.core.names import Name
from omegaml_lab.server.contents.bringing import bring_beside
from omegaml_lab.server.contents.buckets import bucket_shown
from omegaml_lab.server.contents.contents import OmegaContentsManager
from omegaml_lab.server.contents.mounts import clean, hidden, join
from omegaml_lab.server.contents.repository import RepositoryMount

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega
    from omegaml_lab.server.contents.buckets import Access
    from omegaml_lab.server.contents.jobtree import JobTree

__all__ = [
    "UPLOADS",
    "Target",
    "buckets_of",
    "contents_path",
    "files_of_bucket",
    "places_beside",
    "target_of",
]

UPLOADS = "uploads"
"""The folder of the jobs store that takes copies of notebooks from the disk and elsewhere."""


@dataclass(frozen=True, slots=True)
class Target:
    """A job, and where its notebook is when it is not in the user's bucket yet."""

    job: str | Name
    manager: OmegaContentsManager | None = None
    path: str = ""

    @property
    def elsewhere(self) -> bool:
        """Whether the notebook has to be copied into the bucket."""
        return self.manager is not None

    def read(self) -> bytes:
        """Return the bytes of a notebook that is elsewhere, unless it is hidden; blocks."""
        assert self.manager is not None  # noqa: S101 - guarded by elsewhere
        missing = HTTPError(404, f"There is no notebook {self.path!r}")
        mount, inside = self.manager.mounts.find(self.path)
        if hidden(inside) and not self.manager.allow_hidden:
            raise missing
        try:
            return mount.files.read(inside)
        except (FileNotFoundError, IsADirectoryError, ObjectNotFoundError) as error:
            raise missing from error

    def notice(self, job: str) -> str:
        """Return what who asked has to know about a notebook that is elsewhere."""
        assert self.manager is not None  # noqa: S101 - guarded by elsewhere
        mount, _ = self.manager.mounts.find(self.path)
        bucket = getattr(mount, "bucket", None)
        if bucket is None:
            return f"The notebook is on the disk: its copy {job!r} in your bucket is run."
        return (
            f"The notebook is in the bucket {bucket!r}: its copy {job!r} in your bucket is run,"
            " with copies of the files beside it, which replace those that are there."
        )

    def bring(self, omega: Omega) -> str | Name:
        """Return the job; what is elsewhere is copied into the bucket first. Blocks.

        From another bucket the files beside it come along.
        """
        if self.elsewhere:
            notebook = self.read()
            assert self.manager is not None  # noqa: S101 - guarded by elsewhere
            mount, inside = self.manager.mounts.find(self.path)
            if isinstance(mount, RepositoryMount):
                bring_beside(mount.files.jobs, inside, omega.jobs, str(self.job))
            omega.jobs.put(notebook, self.job, kind="notebook")
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
    if mount is manager.repository:
        return Target(Name(inside))
    # Of two notebooks that are called alike each has a job.
    place = inside if mount is manager.disk else clean(path)
    return Target(Name(join(UPLOADS, place)), manager, clean(path))


def contents_path(manager: Any, job: str | None, bucket: str | None = None) -> str | None:
    """Return where a server's contents show an object of the jobs store, None if nowhere.

    It is one of the user's bucket, unless another one is named.
    """
    if job is None or not isinstance(manager, OmegaContentsManager):
        return None
    return manager.path_of_job(job, bucket)


def files_of_bucket(manager: Any, bucket: str) -> JobTree:
    """Return what a server shows of another bucket than the user's.

    Raises
    ------
    HTTPError
        404 if it does not show it.
    """
    ours = isinstance(manager, OmegaContentsManager)
    mount = bucket_shown(manager, bucket) if ours else None
    if mount is None:
        raise HTTPError(
            404,
            f"This server does not show the bucket {bucket!r}: it has to be one of"
            " OmegaContentsManager.buckets",
        )
    return mount.files


def places_beside(manager: Any) -> list[str]:
    """Return the folders of the contents' root that show another place than the user's bucket."""
    if not isinstance(manager, OmegaContentsManager):
        return []
    mounts = manager.mounts.named
    return [name for name, mount in mounts.items() if mount is not manager.repository]


def buckets_of(manager: Any) -> dict[str, Access]:
    """Return what may be done in the other buckets, each of which is in a folder of its name."""
    return dict(manager.buckets) if isinstance(manager, OmegaContentsManager) else {}
