"""The one tree of errors.

Each error is also the built-in that a Python user would catch, carries its data as
attributes, and composes its own message: what was wrong, with the values in hand, and what
to do about it. HTTP is not known here; ``server.errors`` maps it to status codes.
"""

from __future__ import annotations

from omegaml_lab.core.errors.base import (
    BrokerUnavailableError,
    ConfigError,
    MissingDependencyError,
    OmegaError,
    ServiceError,
    StorageFullError,
    StorageUnavailableError,
)
from omegaml_lab.core.errors.objects import (
    ConflictError,
    IntegrityError,
    InvalidAttributeError,
    InvalidFilterError,
    InvalidFrameError,
    InvalidNameError,
    InvalidOptionError,
    InvalidSourceError,
    NotAFileError,
    ObjectExistsError,
    ObjectNotFoundError,
    SchemaMismatchError,
    SourceChangedError,
    SourceUnavailableError,
    UnknownColumnError,
    UnknownKindError,
    UnsupportedObjectError,
    UntrustedObjectError,
)
from omegaml_lab.core.errors.runs import (
    DuplicateRecordError,
    InvalidNotebookError,
    InvalidParameterError,
    InvalidScheduleError,
    InvalidTransitionError,
    ReportNotFoundError,
    ReportNotReadyError,
    RunFailedError,
    RunNotFoundError,
    RunTimeoutError,
    ScheduleNotFoundError,
)

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
    "InvalidScheduleError",
    "InvalidSourceError",
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
    "ScheduleNotFoundError",
    "SchemaMismatchError",
    "ServiceError",
    "SourceChangedError",
    "SourceUnavailableError",
    "StorageFullError",
    "StorageUnavailableError",
    "UnknownColumnError",
    "UnknownKindError",
    "UnsupportedObjectError",
    "UntrustedObjectError",
]
