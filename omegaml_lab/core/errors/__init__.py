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
from omegaml_lab.core.errors.notifications import (
    InvalidRecipientError,
    NotificationError,
    RecipientNotFoundError,
)
from omegaml_lab.core.errors.objects import (
    ConflictError,
    IntegrityError,
    InvalidArchiveError,
    InvalidAttributeError,
    InvalidFilterError,
    InvalidFrameError,
    InvalidNameError,
    InvalidOptionError,
    InvalidQueryError,
    InvalidRetentionError,
    InvalidScriptError,
    NotAFileError,
    NotInTrashError,
    ObjectExistsError,
    ObjectNotFoundError,
    SchemaMismatchError,
    UnknownColumnError,
    UnknownKindError,
    UnsupportedObjectError,
    UntrustedObjectError,
)
from omegaml_lab.core.errors.runs import (
    CalleeDiedError,
    DuplicateRecordError,
    InvalidCallError,
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
from omegaml_lab.core.errors.sources import (
    InvalidSourceError,
    SourceChangedError,
    SourceUnavailableError,
)

__all__ = [
    "BrokerUnavailableError",
    "CalleeDiedError",
    "ConfigError",
    "ConflictError",
    "DuplicateRecordError",
    "IntegrityError",
    "InvalidArchiveError",
    "InvalidAttributeError",
    "InvalidCallError",
    "InvalidFilterError",
    "InvalidFrameError",
    "InvalidNameError",
    "InvalidNotebookError",
    "InvalidOptionError",
    "InvalidParameterError",
    "InvalidQueryError",
    "InvalidRecipientError",
    "InvalidRetentionError",
    "InvalidScheduleError",
    "InvalidScriptError",
    "InvalidSourceError",
    "InvalidTransitionError",
    "MissingDependencyError",
    "NotAFileError",
    "NotInTrashError",
    "NotificationError",
    "ObjectExistsError",
    "ObjectNotFoundError",
    "OmegaError",
    "RecipientNotFoundError",
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
