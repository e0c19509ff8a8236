"""Errors of settings, programs and services, and the one that all are."""

from __future__ import annotations

__all__ = [
    "BrokerUnavailableError",
    "ConfigError",
    "DaskUnavailableError",
    "MissingDependencyError",
    "OmegaError",
    "OutOfMemoryError",
    "ServiceError",
    "StorageFullError",
    "StorageUnavailableError",
]


class OmegaError(Exception):
    """Any error that Omega Lab raises on purpose."""


class ConfigError(OmegaError, ValueError):
    """A setting has a value that cannot be used."""

    def __init__(self, setting: str, value: object, reason: str) -> None:
        self.setting = setting
        self.value = value
        self.reason = reason
        super().__init__(f"Setting {setting!r} cannot be {value!r}: {reason}")


class MissingDependencyError(OmegaError, ImportError):
    """A program or package that is needed here is not installed."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what} is not installed. {remedy}")


class ServiceError(OmegaError, RuntimeError):
    """A service of ours (mongod, worker, scheduler) did not start or stop as it should."""

    def __init__(self, service: str, reason: str, *, log: str | None = None) -> None:
        self.service = service
        self.reason = reason
        self.log = log
        see = f" Its log is {log}." if log else ""
        super().__init__(f"The {service} service failed: {reason}{see}")


class StorageUnavailableError(OmegaError, ConnectionError):
    """MongoDB does not answer."""

    def __init__(self, address: str, reason: str) -> None:
        self.address = address
        self.reason = reason
        super().__init__(
            f"MongoDB at {address} does not answer ({reason}). `omega status` shows what runs;"
            " `omega lab` starts the embedded one."
        )


class StorageFullError(OmegaError, OSError):
    """MongoDB could not write because its disk is full."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The repository's disk is full ({reason}). Nothing that was saved before is lost:"
            " free some space and try again."
        )


class OutOfMemoryError(MemoryError, OmegaError):  # MemoryError makes only its own, so it is first
    """There is too little memory in this process for what it reads, which is sound."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(
            f"There is too little memory to read {what}. What is stored is sound: read less of it"
            " (columns=…, filters, getl, iterchunks), or give the process more memory."
        )


class InvalidListingError(OmegaError, ValueError):
    """A list cannot be sorted so, or not begin or end there."""

    def __init__(self, option: str, given: object, reason: str) -> None:
        self.option = option
        self.given = given
        self.reason = reason
        super().__init__(f"A list takes no {option}={given!r:.60}: {reason}.")


class DaskUnavailableError(OmegaError, ConnectionError):
    """The Dask cluster does not answer, or cannot compute frames of this repository."""

    def __init__(self, address: str, reason: str) -> None:
        self.address = address
        self.reason = reason
        super().__init__(f"The Dask cluster {address} cannot compute frames: {reason}")


class BrokerUnavailableError(OmegaError, ConnectionError):
    """The message broker does not answer."""

    def __init__(self, address: str, reason: str) -> None:
        self.address = address
        self.reason = reason
        super().__init__(
            f"The broker at {address} does not answer ({reason}). Runs stay queued and start"
            " once it is back."
        )
