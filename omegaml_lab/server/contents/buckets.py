"""The buckets of a repository as mounts: the user's own, and others beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Literal

from omegaml_lab.core.errors import ConfigError, InvalidNameError
from omegaml_lab.core.names import check_bucket
from omegaml_lab.server.contents.jobfiles import JobFiles
from omegaml_lab.server.contents.readonly import ReadOnlyFiles
from omegaml_lab.server.contents.repository import RepositoryMount
from omegaml_lab.server.contents.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.server.contents.contents import OmegaContentsManager
    from omegaml_lab.store.jobs import JobStore

__all__ = ["Access", "bucket_mount", "bucket_shown", "buckets_beside"]

Access = Literal["read", "write"]
_SETTING = "OmegaContentsManager.buckets"
_OTHER = {"repository": "disk_name", "disk": "repository_name"}
"""The setting that names the folder of what is not at the root."""


def bucket_mount(
    manager: OmegaContentsManager, bucket: str, access: Access = "write"
) -> RepositoryMount:
    """Return a bucket of the manager's repository as a mount; nothing is contacted."""
    omega, started = manager.omega, datetime.now(UTC)

    @cache
    def jobs() -> JobStore:
        return (omega if omega.bucket == bucket else omega.in_bucket(bucket)).jobs

    files: JobFiles | ReadOnlyFiles
    if access == "read":
        files = ReadOnlyFiles(manager, jobs, started=started)
    else:
        uploads = Uploads(lambda: omega.storage, bucket, owner=omega.config.user)
        files = JobFiles(manager, jobs, uploads, started=started)
    return RepositoryMount(files, manager.threads, bucket=bucket)


def buckets_beside(
    manager: OmegaContentsManager, buckets: Mapping[str, Access], *, taken: str
) -> dict[str, RepositoryMount]:
    """Return the mounts of other buckets, by the folders that show them.

    Raises
    ------
    ConfigError
        If one is no bucket, or the user's own, or called like the folder that is `taken`, or
        that is no name of a folder.
    """
    if taken:
        _check(f"OmegaContentsManager.{_OTHER[manager.root]}", taken)
    for name in buckets:
        _check(_SETTING, name)
        if name == manager.omega.bucket:
            raise ConfigError(_SETTING, name, "it is the bucket that is shown anyway")
        if name == taken:
            raise ConfigError(_SETTING, name, "another folder beside it is called so")
    return {name: bucket_mount(manager, name, access) for name, access in buckets.items()}


def _check(setting: str, name: str) -> None:
    """Refuse what cannot be a folder of the root: it is one part of a path."""
    try:
        check_bucket(name)
    except InvalidNameError as error:
        raise ConfigError(setting, name, error.reason) from error


def bucket_shown(manager: OmegaContentsManager, bucket: str | None) -> RepositoryMount | None:
    """Return the mount of a bucket, of the user's own if None; None where it is not shown."""
    if bucket in {None, manager.omega.bucket}:
        return manager.repository
    mount = manager.mounts.named.get(bucket or "")
    return mount if isinstance(mount, RepositoryMount) and mount.bucket == bucket else None
