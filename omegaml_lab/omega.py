"""Omega opens a repository. This is the only place that picks adapters."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaml_lab.bars import bar
from omegaml_lab.config import Config
from omegaml_lab.core.errors import OmegaError
from omegaml_lab.core.metadata import STORES
from omegaml_lab.core.names import check_bucket
from omegaml_lab.core.progress import silent
from omegaml_lab.core.retention import Retention
from omegaml_lab.storage.signing import Signer
from omegaml_lab.storage.storage import Storage
from omegaml_lab.store.datasets import DatasetStore
from omegaml_lab.store.jobs import JobStore
from omegaml_lab.store.models import ModelStore
from omegaml_lab.store.recording import Recorder
from omegaml_lab.store.registry import Registry
from omegaml_lab.store.store import OmegaStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from omegaml_lab.core.archives import ArchiveEntry, Imported, TransferProgress
    from omegaml_lab.core.gc import Collected
    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.core.names import Name
    from omegaml_lab.core.reports import Report
    from omegaml_lab.reports.reports import Reports
    from omegaml_lab.runtime.client.metrics import Metrics
    from omegaml_lab.runtime.client.notifications import Notifications
    from omegaml_lab.runtime.client.runtime import OmegaRuntime
    from omegaml_lab.store.gc import Pin
    from omegaml_lab.store.intake import Conflict

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
        self._whole: Omega | None = None

    def in_bucket(self, bucket: str) -> Omega:
        """Return the same repository seen through another bucket, on the same connection.

        `InvalidNameError` is raised if that cannot be the name of a bucket.
        """
        other = Omega(self._url, config=replace(self.config, bucket=check_bucket(bucket)))
        other._whole = self._whole or self
        return other

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
        if self._whole is not None:
            return self._whole.url
        with self._lock:
            if self._url is None:
                from omegaml_lab.storage import embedded

                self._url = embedded.ensure(self.config.home)
            return self._url

    @property
    def storage(self) -> Storage:
        """The adapter below all stores."""
        if self._whole is not None:
            return self._whole.storage
        with self._lock:  # or two threads would open two, of which close() knows one
            if self._storage is None:
                from omegaml_lab.storage import embedded

                folder = embedded.data_folder(self.config.home, self.url)
                signer = Signer.of(
                    key=self.config.signing_key,
                    file=self.config.signing_key_file,
                    home=self.config.home,
                )
                progress = bar if self.config.progress else silent
                cache = int(self.config.cache_megabytes * 1e6)
                self._storage = Storage.open(
                    self.url, folder=folder, signer=signer, progress=progress, cache=cache
                )
            return self._storage

    @cached_property
    def registry(self) -> Registry:
        """The kinds of objects that can be kept."""
        return Registry.discover()

    @cached_property
    def recorder(self) -> Recorder:
        """What notes the lineage of runs."""
        return Recorder(self.storage.lineage)

    @cached_property
    def datasets(self) -> DatasetStore:
        """Data: frames, values, files."""
        return DatasetStore(self.storage, "datasets", **self._common())

    @cached_property
    def models(self) -> ModelStore:
        """Models."""
        return ModelStore(self.storage, "models", datasets=self.datasets, **self._common())

    @cached_property
    def scripts(self) -> OmegaStore:
        """Python code."""
        return OmegaStore(self.storage, "scripts", **self._common())

    @cached_property
    def jobs(self) -> Jobs:
        """Notebooks, and the files beside them."""
        return Jobs(self)

    def store(self, name: str) -> OmegaStore:
        """Return the store that is called `name`; `LookupError` is raised if there is none."""
        if name not in STORES:
            raise LookupError(f"there is no store {name!r}; there are {', '.join(STORES)}")
        store: OmegaStore = getattr(self, name)
        return store

    @cached_property
    def runtime(self) -> OmegaRuntime:
        """The handle on the workers: starts runs and follows them."""
        from omegaml_lab.runtime.broker.broker import Broker
        from omegaml_lab.runtime.client.runtime import OmegaRuntime

        return OmegaRuntime(
            storage=self.storage,
            jobs=self.jobs,
            registry=self.registry,
            broker=Broker(
                self.config.broker_url, mongo_url=self.url, database=self.storage.database
            ),
            owner=self.config.user,
            label=self.config.label,
            limits=self.config.limits,
            dask_url=self.config.dask_url,
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

    @cached_property
    def notifications(self) -> Notifications:
        """Who is told of runs that have ended, and what they were told."""
        from omegaml_lab.notifiers.notifier import Notifiers
        from omegaml_lab.runtime.client.notifications import Notifications

        notifiers = Notifiers.discover(self.config)
        return Notifications(self.storage, self.runtime, notifiers, self.config)

    @cached_property
    def metrics(self) -> Metrics:
        """How runs, workers and schedules do, for Prometheus."""
        from omegaml_lab.runtime.client.metrics import Metrics

        return Metrics(self.storage)

    def gc(
        self,
        *,
        dry_run: bool = False,
        grace: timedelta | None = None,
        trash: timedelta | None = None,
        progress: Callable[[str, int], None] | None = None,
    ) -> Collected:
        """Remove what nobody needs any more, in all buckets, while others read and write.

        That are earlier revisions by the rules of retention, but never the newest, one that is
        tagged or a checkpoint, or one that was run; what was dropped long ago; runs of long ago as
        `call_days` and `record_days` say; and what unfinished puts have left. It may be
        interrupted and begun again.

        Parameters
        ----------
        dry_run
            Say what would be removed, and remove nothing.
        grace
            Leave alone what became garbage later than that ago; by default as configured.
        trash
            Empty the trash of what was dropped earlier than that ago; by default as configured.
        progress
            Called with what is done and how much of it was so far.
        """
        from omegaml_lab.runtime.records.forgetting import forget
        from omegaml_lab.runtime.records.used import used_by_runs, used_by_schedules
        from omegaml_lab.store.gc import Collector, trained_on

        config = self.config
        rules = {s: Retention.parse(getattr(config, f"retention_{s}")) for s in STORES}
        options = {} if progress is None else {"progress": progress}

        def used() -> set[Pin]:
            by_runs = used_by_runs(self.storage.records("runs"))
            by_schedules = used_by_schedules(self.storage.records("schedules"))
            return by_runs | by_schedules | trained_on(self.storage)

        stores = lambda bucket: self.in_bucket(bucket).reports.stores  # noqa: E731
        calls, runs = forget(self.storage, config, stores=stores, dry_run=dry_run, **options)
        done = Collector(self.storage, rules=rules, used=used).collect(
            dry_run=dry_run,
            grace=timedelta(hours=config.grace_hours) if grace is None else grace,
            trash=timedelta(days=config.trash_days) if trash is None else trash,
            **options,
        )
        return replace(done, calls=calls, runs=runs)

    def export(
        self,
        file: Path | str,
        *names: str,
        history: bool = True,
        replace: bool = False,
        progress: Callable[[TransferProgress], None] | None = None,
    ) -> list[ArchiveEntry]:
        """Write objects of this bucket into one file that another repository can take in.

        Parameters
        ----------
        file
            Where to. While it is written it is called ``….part``.
        *names
            ``store``, ``store/name`` or ``store/folder``; a revision is given as
            ``store/name@3``. Without any, the whole bucket goes.
        history
            Whether all revisions go along, or the newest ones only.
        replace
            Whether to replace a file that is there.
        progress
            Is told how far it has come.

        Raises
        ------
        ObjectNotFoundError
            If there is no such object.
        FileExistsError
            If the file exists and `replace` is False.
        """
        from omegaml_lab.store.exchange import export_objects

        stores = {name: self.store(name) for name in STORES}
        return export_objects(
            stores, Path(file), names, history=history, replace=replace, progress=progress
        )

    def import_(
        self,
        file: Path | str,
        *names: str,
        on_conflict: Conflict = "fail",
        dry_run: bool = False,
        progress: Callable[[TransferProgress], None] | None = None,
    ) -> Imported:
        """Take the objects of an archive into this bucket, each whole or not at all.

        What is damaged is refused before it is seen. What came from the same place before,
        and is as it was, is left alone, so what was interrupted goes on when it is done again.

        Parameters
        ----------
        file
            What `export` wrote.
        *names
            ``store``, ``store/name`` or ``store/folder``; without any, everything.
        on_conflict
            About a name that something else has here: ``fail`` before anything is taken in,
            ``skip``, or ``replace`` it with a new revision.
        dry_run
            Check all of it, and say what would happen.
        progress
            Is told how far it has come.

        Raises
        ------
        InvalidArchiveError
            If it is no archive, or was changed, or is incomplete.
        ObjectExistsError
            If a name is taken, and `on_conflict` is ``fail``.
        """
        from omegaml_lab.store.exchange import import_objects

        stores = {name: self.store(name) for name in STORES}
        return import_objects(
            stores, Path(file), names, on_conflict=on_conflict, dry_run=dry_run, progress=progress
        )

    def close(self) -> None:
        """Disconnect. The embedded server goes on until the last process that uses it ends."""
        if "runtime" in vars(self):
            self.runtime.close()
        if "recorder" in vars(self):
            with contextlib.suppress(OmegaError):
                self.recorder.flush()
        if self._storage is not None:
            self._storage.close()

    def _common(self) -> dict[str, Any]:
        return {
            "registry": self.registry,
            "bucket": self.bucket,
            "owner": self.config.user,
            "recorder": self.recorder,
        }


class Jobs(JobStore):
    """The jobs store, with what one does to jobs."""

    def __init__(self, omega: Omega) -> None:
        super().__init__(omega.storage, "jobs", **omega._common())  # noqa: SLF001 - same module
        self._omega = omega

    def in_bucket(self, bucket: str) -> JobStore:
        """Return the jobs of another bucket."""
        common = {**self._omega._common(), "bucket": check_bucket(bucket)}  # noqa: SLF001
        return JobStore(self.storage, "jobs", **common)

    def _rename(self, name: str | Name, new: str | Name, target: OmegaStore | None) -> Metadata:
        """Rename as one; schedules and recipients go along, but not to another bucket."""
        old = self.resolve(name).path
        renamed = super()._rename(name, new, target)
        if target is None:
            self._omega.runtime.schedules.follow(old, renamed.name)
            self._omega.notifications.follow(old, renamed.name)
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
