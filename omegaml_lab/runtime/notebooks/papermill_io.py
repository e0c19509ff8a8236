"""papermill's way into the repository: ``papermill omega://jobs/a omega://jobs/b``.

Registered for the scheme ``omega://``, so it works in any papermill of this environment. The
repository is the default one: what the configuration says, or the embedded MongoDB.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import InvalidNameError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.store.jobs import JobStore

__all__ = ["SCHEME", "OmegaHandler"]

SCHEME = "omega://"
_STORE = "jobs/"


class OmegaHandler:
    """Reads and writes notebooks of the default repository for papermill."""

    @staticmethod
    def read(path: str) -> str:
        """Return a notebook's JSON."""
        with _jobs() as jobs:
            return jobs.read_bytes(_name(path)).decode("utf-8")

    @staticmethod
    def write(buf: str, path: str) -> str:
        """Keep a notebook's JSON; intermediate states are not kept as revisions."""
        with _jobs() as jobs:
            metadata = jobs.put(buf.encode("utf-8"), _name(path), kind="notebook", keep=False)
            return f"{SCHEME}{_STORE}{metadata.name}"

    @staticmethod
    def listdir(path: str) -> list[str]:
        """Return the paths of what is in a folder."""
        folder = path.rstrip("/").removeprefix(f"{SCHEME}{_STORE.rstrip('/')}").strip("/")
        with _jobs() as jobs:
            return [f"{SCHEME}{_STORE}{name}" for name in jobs.list(folder, recursive=False)]

    @staticmethod
    def pretty_path(path: str) -> str:
        """Return `path` as people may see it."""
        return path


def _name(path: str) -> str:
    name = path.removeprefix(SCHEME)
    if not name.startswith(_STORE):
        raise InvalidNameError(path, f"a notebook is at {SCHEME}{_STORE}folder/name")
    return name.removeprefix(_STORE)


@contextlib.contextmanager
def _jobs() -> Iterator[JobStore]:
    # Imported here: every papermill of this environment loads this module, for whatever.
    from omegaml_lab.config import Config
    from omegaml_lab.storage import embedded
    from omegaml_lab.storage.storage import Storage
    from omegaml_lab.store.jobs import JobStore
    from omegaml_lab.store.registry import Registry

    config = Config.load()
    storage = Storage.open(config.mongo_url or embedded.ensure(config.home))
    try:
        yield JobStore(
            storage, "jobs", registry=Registry.discover(), bucket=config.bucket, owner=config.user
        )
    finally:
        storage.close()
