"""A Dask cluster that computes lazy frames: found or started, and checked before it is used."""

from __future__ import annotations

import importlib.metadata
import platform
import weakref
from typing import TYPE_CHECKING, Any

import dask

from omegaml_lab.core.errors import (
    ConfigError,
    DaskUnavailableError,
    MissingDependencyError,
    OmegaError,
)
from omegaml_lab.storage.passing import pass_by_name_while
from omegaml_lab.storage.storage import opened_by_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from distributed import Client

    from omegaml_lab.storage.storage import Storage

__all__ = ["connect", "probe"]

_PACKAGES = ("omegaml-lab", "dask", "distributed", "pandas")
"""What must be the same on both sides: graphs and frames are pickled by it."""
_LOCAL: dict[str, Any] = {
    "scheduler-address": None,  # this setting of Dask's would win
    # Without a password, for whoever is on this machine: they tell nothing.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}
_OPEN = {"newly-created", "connecting", "running"}


def connect(
    storage: Storage, url: str | None, *, timeout: float, processes: int | None = None
) -> Client:
    """Return a client of the cluster at `url`, for `OmegaRuntime.dask`."""
    if url is None:
        reason = "no Dask cluster is configured; set it to tcp://scheduler:8786, or to `local`"
        raise ConfigError("dask_url", None, reason)
    try:
        import distributed
    except ImportError as error:
        remedy = f'`pip install "omegaml-lab[cluster]"` gets it ({error}).'
        raise MissingDependencyError("Dask's distributed", remedy) from None
    given = _local(storage, processes) if url == "local" else {"address": url}
    try:
        with dask.config.set(_LOCAL if url == "local" else {}):
            make: Any = distributed.Client  # it has no types
            client: Client = make(timeout=timeout, **given)
    except (OSError, TimeoutError, RuntimeError, ValueError) as error:
        # ValueError: what TLS or a protocol of Dask wants, and has not.
        raise DaskUnavailableError(url, _told(error)) from error
    pass_by_name_while(_is_open(client))
    try:
        _check(client, storage, url, timeout)
    except BaseException:
        client.close()  # type: ignore[no-untyped-call]
        raise
    return client


def probe(address: str) -> dict[str, Any]:
    """Say what a process of the cluster has: versions, and which repository it opens."""
    found: dict[str, Any] = {"versions": _versions(), "identity": None, "error": None}
    try:
        found["identity"] = opened_by_name(address).identity()
    except OmegaError as error:
        found["error"] = str(error)
    return found


def _local(storage: Storage, processes: int | None) -> dict[str, Any]:
    """Return the options of a cluster that only this user can speak to."""
    return {
        "n_workers": processes,
        "threads_per_worker": None if processes is None else 1,
        "processes": True,
        "host": "127.0.0.1",
        # Whoever reaches a scheduler runs code there: other users of this machine, too.
        "security": True,
        "protocol": "tls://",
        "dashboard_address": "127.0.0.1:0",
        "env": {"OMEGA_MONGO_URL": storage.url},
    }


def _is_open(client: Client) -> Callable[[], bool]:
    reference = weakref.ref(client)

    def is_open() -> bool:
        there = reference()
        return there is not None and there.status in _OPEN

    return is_open


def _check(client: Client, storage: Storage, url: str, timeout: float) -> None:
    """Raise DaskUnavailableError unless each worker computes what this process would."""
    for worker, answer in _answers(client, storage.address, url, timeout).items():
        if not isinstance(answer, dict):
            text = _told(answer) if isinstance(answer, BaseException) else repr(answer)
            reason = (
                f"worker {worker} cannot load omegaml_lab ({text}); install the same version there"
            )
            raise DaskUnavailableError(url, reason)
        theirs = answer["versions"]
        for package, version in _versions().items():
            if theirs.get(package) != version:
                reason = (
                    f"worker {worker} has {package} {theirs.get(package)}, and here is"
                    f" {version}; install the same version in both places"
                )
                raise DaskUnavailableError(url, reason)
        if answer["error"]:
            reason = f"worker {worker} does not open {storage.address}: {answer['error']}"
            raise DaskUnavailableError(url, reason)
        if answer["identity"] != storage.identity():
            reason = (
                f"worker {worker} opens another repository than {storage.address}; start it with"
                " the same OMEGA_MONGO_URL"
            )
            raise DaskUnavailableError(url, reason)


def _answers(client: Client, address: str, url: str, timeout: float) -> Mapping[str, Any]:
    try:
        if client.scheduler_info(n_workers=-1)["workers"]:
            answers: Mapping[str, Any] = client.run(probe, address, on_error="return")
            return answers
        # A cluster that grows with its work starts a worker for it.
        future = client.submit(probe, address, pure=False)
        return {"": future.result(timeout)}
    except TimeoutError:
        reason = f"it has no worker, and started none within {timeout:g} s"
        raise DaskUnavailableError(url, f"{reason}; `dask worker {url}` starts one") from None
    except (OSError, TypeError, ImportError) as error:
        raise DaskUnavailableError(url, _told(error)) from error


def _versions() -> dict[str, str]:
    python = ".".join(platform.python_version_tuple()[:2])
    return {"Python": python, **{name: importlib.metadata.version(name) for name in _PACKAGES}}


def _told(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
