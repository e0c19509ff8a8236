"""Omega opens a repository. This is the only place that picks adapters."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omegaml_lab.bars import bar
from omegaml_lab.config import Config
from omegaml_lab.core.metadata import STORES
from omegaml_lab.core.names import check_bucket
from omegaml_lab.core.progress import silent
from omegaml_lab.storage.storage import Storage
from omegaml_lab.store.datasets import DatasetStore
from omegaml_lab.store.jobs import JobStore
from omegaml_lab.store.registry import Registry
from omegaml_lab.store.store import OmegaStore

if TYPE_CHECKING:
    from types import TracebackType

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.core.names import Name
    from omegaml_lab.core.reports import Report
    from omegaml_lab.reports.reports import Reports
    from omegaml_lab.runtime.runtime import OmegaRuntime

__all__ = ["Jobs", "Omega"]


class Omega:
    """A repository, seen through one bucket.

    Nothing is contacted before the first use. It may be shared by threads, and serves as a
    context manager that closes it.

    Parameters
    ----------
    url
        ``mongodb://…/database``. By default what the configuration says, and failing that
        the embedded MongoDB of the configured home folder, which is started when needed.
    bucket
        The partition that names are in; by default what the configuration says.
    config
        By default `Config.load()`.
    """

    def __init__(
        self, url: str | None = None, *, bucket: str | None = None, config: Config | None = None
    ) -> None:
        self.config = config or Config.load()
        self.bucket = check_bucket(self.config.bucket if bucket is None else bucket)
        self._url = url or self.config.mongo_url
        self._lock = threading.RLock()
        self._storage: Storage | None = None

    def __repr__(self) -> str:
        where = "embedded" if self._url is None else self.storage.address
        return f"<Omega {where} bucket {self.bucket!r}>"

    def __enter__(self) -> Omega:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The URL of the repository, with its password: not to be shown."""
        with self._lock:
            if self._url is None:
                from omegaml_lab.storage import embedded

                self._url = embedded.ensure(self.config.home)
            return self._url

    @property
    def storage(self) -> Storage:
        """The adapter below all stores."""
        with self._lock:  # or two threads would open two, of which close() knows one
            if self._storage is None:
                from omegaml_lab.storage import embedded

                folder = embedded.data_folder(self.config.home, self.url)
                progress = bar if self.config.progress else silent
                self._storage = Storage.open(self.url, folder=folder, progress=progress)
            return self._storage

    @cached_property
    def registry(self) -> Registry:
        """The kinds of objects that can be kept."""
        return Registry.discover()

    @cached_property
    def datasets(self) -> DatasetStore:
        """Data: frames, values, files."""
        return DatasetStore(self.storage, "datasets", **self._common())

    @cached_property
    def models(self) -> OmegaStore:
        """Models."""
        return OmegaStore(self.storage, "models", **self._common())

    @cached_property
    def scripts(self) -> OmegaStore:
        """Python code."""
        return OmegaStore(self.storage, "scripts", **self._common())

    @cached_property
    def jobs(self) -> Jobs:
        """Notebooks, and the files beside them."""
        return Jobs(self)

    def store(self, name: str) -> OmegaStore:
        """Return the store that is called `name`.

        Raises
        ------
        LookupError
            If there is no such store.
        """
        if name not in STORES:
            raise LookupError(f"there is no store {name!r}; there are {', '.join(STORES)}")
        store: OmegaStore = getattr(self, name)
        return store

    @cached_property
    def runtime(self) -> OmegaRuntime:
        """The handle on the workers: starts runs and follows them."""
        from omegaml_lab.runtime.broker import Broker
        from omegaml_lab.runtime.runtime import OmegaRuntime

        return OmegaRuntime(
            storage=self.storage,
            jobs=self.jobs,
            broker=Broker(
                self.config.broker_url, mongo_url=self.url, database=self.storage.database
            ),
            owner=self.config.user,
            label=self.config.label,
        )

    @cached_property
    def reports(self) -> Reports:
        """What is published."""
        from omegaml_lab.reports.reports import Reports

        return Reports(
            storage=self.storage,
            jobs=self.jobs,
            runs=self.runtime.runs,
            registry=self.registry,
            owner=self.config.user,
            public_url=self.config.public_url,
        )

    def close(self) -> None:
        """Disconnect. The embedded server goes on until the last process that uses it ends."""
        if "runtime" in vars(self):
            self.runtime.broker.close()
        if self._storage is not None:
            self._storage.close()

    def _common(self) -> dict[str, Any]:
        return {"registry": self.registry, "bucket": self.bucket, "owner": self.config.user}


class Jobs(JobStore):
    """The jobs store, with what one does to jobs."""

    def __init__(self, omega: Omega) -> None:
        super().__init__(
            omega.storage,
            "jobs",
            registry=omega.registry,
            bucket=omega.bucket,
            owner=omega.config.user,
        )
        self._omega = omega

    def rename(self, name: str | Name, new: str | Name) -> Metadata:
        """Give a job another name, or move a folder, as one; schedules go along.

        Raises
        ------
        ObjectExistsError
            If `new` is taken.
        InvalidNameError
            If a folder would be moved into itself.
        """
        old = self.resolve(name).path
        renamed = super().rename(name, new)
        self._omega.runtime.schedules.follow(old, renamed.name)
        return renamed

    def publish(self, name: str | Name, /, **options: Any) -> Report:
        """Publish a job: its last good run is shown under a stable link.

        Parameters
        ----------
        name
            The job.
        **options
            Those of `Reports.publish`.
        """
        return self._omega.reports.publish(self.resolve(name), **options)
