"""The one tree of errors.

Each error is also the built-in that a Python user would catch, carries its data as
attributes, and composes its own message: what was wrong, with the values in hand, and what
to do about it. HTTP knows nothing of this module; ``server.errors`` maps it to status codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.suggestions import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "BrokerUnavailableError",
    "ConfigError",
    "ConflictError",
    "DuplicateRecordError",
    "IntegrityError",
    "InvalidAttributeError",
    "InvalidFilterError",
    "InvalidFrameError",
    "InvalidNameError",
    "InvalidNotebookError",
    "InvalidOptionError",
    "InvalidParameterError",
    "InvalidTransitionError",
    "MissingDependencyError",
    "NotAFileError",
    "ObjectExistsError",
    "ObjectNotFoundError",
    "OmegaError",
    "ReportNotFoundError",
    "ReportNotReadyError",
    "RunFailedError",
    "RunNotFoundError",
    "RunTimeoutError",
    "SchemaMismatchError",
    "ServiceError",
    "StorageFullError",
    "StorageUnavailableError",
    "UnknownColumnError",
    "UnknownKindError",
    "UnsupportedObjectError",
    "UntrustedObjectError",
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


# -- names and objects ---------------------------------------------------------------------


class InvalidNameError(OmegaError, ValueError):
    """A name breaks the rules of ``core.names``."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name!r} is not a valid name: {reason}")


class ObjectNotFoundError(OmegaError, LookupError):
    """No object, or no such revision or tag of it, is kept under this name."""

    def __init__(self, store: str, name: str, *, known: Iterable[str] = ()) -> None:
        self.store = store
        self.name = name
        super().__init__(
            f"There is no {name!r} in {store}.{suggestion(name, known)}"
            f" `om.{store}.list()` shows what there is."
        )


class ObjectExistsError(OmegaError, FileExistsError):
    """An object is already kept under this name and must not be replaced."""

    def __init__(self, store: str, name: str) -> None:
        self.store = store
        self.name = name
        super().__init__(f"{name!r} already exists in {store}: choose another name or drop it.")


class ConflictError(OmegaError, RuntimeError):
    """Somebody else changed the object first."""

    def __init__(self, store: str, name: str, *, expected: int, actual: int) -> None:
        self.store = store
        self.name = name
        self.expected = expected
        self.actual = actual
        super().__init__(
            f"{name!r} in {store} is at revision {actual}, not {expected}: somebody else"
            f" changed it. Get revision {actual}, merge, and put again."
        )


class UnsupportedObjectError(OmegaError, TypeError):
    """No backend of this store takes such an object."""

    def __init__(self, store: str, obj_type: str, *, kinds: Iterable[str] = ()) -> None:
        self.store = store
        self.obj_type = obj_type
        self.kinds = tuple(kinds)
        listed = ", ".join(self.kinds) or "none"
        super().__init__(
            f"{store} cannot keep a {obj_type}. Kinds it knows: {listed}."
            " Convert it, or install a backend for it."
        )


class UnknownKindError(OmegaError, LookupError):
    """No installed backend knows this kind."""

    def __init__(self, kind: str, *, known: Iterable[str] = ()) -> None:
        known = sorted(known)
        self.kind = kind
        self.known = tuple(known)
        super().__init__(
            f"No installed backend knows the kind {kind!r}.{suggestion(kind, known)}"
            f" Known kinds: {', '.join(known)}."
        )


class NotAFileError(OmegaError, TypeError):
    """The object is not kept as one sequence of bytes, or is a folder."""

    def __init__(self, store: str, name: str, kind: str) -> None:
        self.store = store
        self.name = name
        self.kind = kind
        remedy = "list() shows what is in it" if kind == "folder" else "get() returns the object"
        super().__init__(
            f"{name!r} in {store} cannot be read like a file, it is kept as {kind}: {remedy}."
        )


class InvalidAttributeError(OmegaError, ValueError):
    """An attribute is not a JSON value that MongoDB can keep."""

    def __init__(self, attribute: str, reason: str) -> None:
        self.attribute = attribute
        self.reason = reason
        super().__init__(f"Attribute {attribute!r} cannot be kept: {reason}.")


class InvalidFrameError(OmegaError, ValueError):
    """A data frame cannot be kept as it is."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"The frame {name!r} cannot be kept: {reason}.")


class UnknownColumnError(OmegaError, LookupError):
    """A frame has no such column."""

    def __init__(self, name: str, column: object, *, known: Iterable[object] = ()) -> None:
        self.name = name
        self.column = column
        self.known = tuple(known)
        hint = suggestion(str(column), (str(k) for k in self.known))
        some = ", ".join(repr(k) for k in self.known[:20])
        more = f" and {len(self.known) - 20} more" if len(self.known) > 20 else ""
        super().__init__(f"{name!r} has no column {column!r}.{hint} It has: {some}{more}.")


class InvalidFilterError(OmegaError, ValueError):
    """A filter has no such operator, or a value that its column cannot be compared to."""

    def __init__(
        self, name: str, column: object, op: str, reason: str, *, known: Iterable[str] = ()
    ) -> None:
        self.name = name
        self.column = column
        self.op = op
        self.reason = reason
        self.known = tuple(known)
        listed = f" There are: {', '.join(self.known)}." if self.known else ""
        super().__init__(
            f"The filter {op!r} on column {column!r} of {name!r} cannot be used: {reason}."
            f"{suggestion(op, self.known)}{listed}"
        )


class SchemaMismatchError(OmegaError, ValueError):
    """Rows are not like those that they should be added to."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"The rows cannot be added to {name!r}: {reason}. Convert them first.")


class InvalidOptionError(OmegaError, TypeError):
    """What is asked of an object is not for objects of its kind."""

    def __init__(self, store: str, name: str, kind: str, reason: str) -> None:
        self.store = store
        self.name = name
        self.kind = kind
        self.reason = reason
        super().__init__(f"{name!r} in {store} is kept as {kind}: {reason}.")


class UntrustedObjectError(OmegaError, PermissionError):
    """A stored payload would run code when loaded, and nothing vouches for it."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name!r} was not loaded, because it is not trusted: {reason}")


class IntegrityError(OmegaError, OSError):
    """A stored payload is incomplete or does not match its checksum."""

    def __init__(self, what: str, reason: str) -> None:
        self.what = what
        self.reason = reason
        super().__init__(f"The stored {what} is damaged: {reason}. Restore an earlier revision.")


# -- notebooks and runs --------------------------------------------------------------------


class InvalidNotebookError(OmegaError, ValueError):
    """What was given is not a notebook."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name!r} is not a notebook that can be read: {reason}")


class InvalidParameterError(OmegaError, ValueError):
    """A run was asked for with a parameter that the notebook does not take."""

    def __init__(
        self, job: str, parameter: str, reason: str, *, known: Iterable[str] = ()
    ) -> None:
        known = list(known)
        self.job = job
        self.parameter = parameter
        self.reason = reason
        self.known = tuple(known)
        listed = f" It takes: {', '.join(known)}." if known else ""
        super().__init__(
            f"Parameter {parameter!r} of {job!r}: {reason}.{suggestion(parameter, known)}{listed}"
        )


class DuplicateRecordError(OmegaError, KeyError):
    """A record with this id is already kept."""

    def __init__(self, collection: str, record: str) -> None:
        self.collection = collection
        self.record = record
        super().__init__(f"{collection} already has a record {record!r}.")


class RunNotFoundError(OmegaError, LookupError):
    """No run has this id."""

    def __init__(self, run: str) -> None:
        self.run = run
        super().__init__(f"There is no run {run!r}. `omega runs list` shows the runs there are.")


class InvalidTransitionError(OmegaError, RuntimeError):
    """A run cannot go from its status to the one that was asked for."""

    def __init__(self, run: str, status: str, wanted: str) -> None:
        self.run = run
        self.status = status
        self.wanted = wanted
        super().__init__(f"Run {run} is {status} and cannot become {wanted}.")


class RunFailedError(OmegaError, RuntimeError):
    """The run that was waited for did not succeed."""

    def __init__(self, run: str, status: str, reason: str) -> None:
        self.run = run
        self.status = status
        self.reason = reason
        super().__init__(f"Run {run} {status}: {reason}")


class RunTimeoutError(OmegaError, TimeoutError):
    """The run that was waited for is not final yet; it goes on."""

    def __init__(
        self, run: str, seconds: float, status: str, *, notice: str | None = None
    ) -> None:
        self.run = run
        self.seconds = seconds
        self.status = status
        hint = f" {notice}" if notice else ""
        super().__init__(f"Run {run} is still {status} after {seconds:g} s and goes on.{hint}")


class ReportNotFoundError(OmegaError, LookupError):
    """Nothing is published under this name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"Nothing is published as {name!r}. `omega jobs publish` publishes a job."
        )


class ReportNotReadyError(OmegaError, LookupError):
    """The job has no succeeded run that a report could show."""

    def __init__(self, job: str) -> None:
        self.job = job
        super().__init__(
            f"{job!r} has no succeeded run to publish yet: run it first, or run it with"
            " publish=True (`omega run --publish`)."
        )


# -- services ------------------------------------------------------------------------------


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


class BrokerUnavailableError(OmegaError, ConnectionError):
    """The message broker does not answer."""

    def __init__(self, address: str, reason: str) -> None:
        self.address = address
        self.reason = reason
        super().__init__(
            f"The broker at {address} does not answer ({reason}). Runs stay queued and start"
            " once it is back."
        )
