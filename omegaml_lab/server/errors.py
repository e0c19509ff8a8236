"""The one table that turns errors of ours into HTTP status codes."""

from __future__ import annotations

import errno
from http import HTTPStatus

from tornado.web import HTTPError

from omegaml_lab.core import errors
from omegaml_lab.core.errors import OmegaError

__all__ = ["STATUS", "http_error", "status_of"]

STATUS: dict[type[OmegaError], HTTPStatus] = {
    OmegaError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidArchiveError: HTTPStatus.BAD_REQUEST,
    errors.InvalidNameError: HTTPStatus.BAD_REQUEST,
    errors.InvalidNotebookError: HTTPStatus.BAD_REQUEST,
    errors.InvalidParameterError: HTTPStatus.BAD_REQUEST,
    errors.InvalidScheduleError: HTTPStatus.BAD_REQUEST,
    errors.InvalidGroupError: HTTPStatus.BAD_REQUEST,
    errors.InvalidLimitError: HTTPStatus.BAD_REQUEST,
    errors.InvalidListingError: HTTPStatus.BAD_REQUEST,
    errors.InvalidMetricError: HTTPStatus.BAD_REQUEST,
    errors.UnsupportedObjectError: HTTPStatus.BAD_REQUEST,
    errors.UnknownKindError: HTTPStatus.BAD_REQUEST,
    errors.NotAFileError: HTTPStatus.BAD_REQUEST,
    errors.InvalidAttributeError: HTTPStatus.BAD_REQUEST,
    errors.InvalidFrameError: HTTPStatus.BAD_REQUEST,
    errors.UnknownColumnError: HTTPStatus.BAD_REQUEST,
    errors.InvalidFilterError: HTTPStatus.BAD_REQUEST,
    errors.InvalidCallError: HTTPStatus.BAD_REQUEST,
    errors.LocalRunError: HTTPStatus.BAD_REQUEST,
    errors.InvalidQueryError: HTTPStatus.BAD_REQUEST,
    errors.InvalidOptionError: HTTPStatus.BAD_REQUEST,
    errors.InvalidRecipientError: HTTPStatus.BAD_REQUEST,
    errors.InvalidRetentionError: HTTPStatus.BAD_REQUEST,
    errors.InvalidScriptError: HTTPStatus.BAD_REQUEST,
    errors.SchemaMismatchError: HTTPStatus.BAD_REQUEST,
    errors.InvalidSourceError: HTTPStatus.BAD_REQUEST,
    errors.InvalidRequirementError: HTTPStatus.BAD_REQUEST,
    errors.UntrustedObjectError: HTTPStatus.FORBIDDEN,
    errors.ObjectNotFoundError: HTTPStatus.NOT_FOUND,
    errors.NotInTrashError: HTTPStatus.NOT_FOUND,
    errors.NotebookGoneError: HTTPStatus.NOT_FOUND,
    errors.GroupNotFoundError: HTTPStatus.NOT_FOUND,
    errors.RunNotFoundError: HTTPStatus.NOT_FOUND,
    errors.ScheduleNotFoundError: HTTPStatus.NOT_FOUND,
    errors.RecipientNotFoundError: HTTPStatus.NOT_FOUND,
    errors.ReportNotFoundError: HTTPStatus.NOT_FOUND,
    errors.WorkerNotFoundError: HTTPStatus.NOT_FOUND,
    errors.ExperimentNotFoundError: HTTPStatus.NOT_FOUND,
    errors.ObjectExistsError: HTTPStatus.CONFLICT,
    errors.DuplicateRecordError: HTTPStatus.CONFLICT,
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.InvalidTransitionError: HTTPStatus.CONFLICT,
    errors.ReportNotReadyError: HTTPStatus.CONFLICT,
    errors.ResumeError: HTTPStatus.CONFLICT,
    errors.RunFailedError: HTTPStatus.CONFLICT,
    errors.ExperimentBusyError: HTTPStatus.CONFLICT,
    errors.NotTrackingError: HTTPStatus.CONFLICT,
    errors.SourceChangedError: HTTPStatus.CONFLICT,
    errors.CalleeDiedError: HTTPStatus.CONFLICT,
    errors.InstallationError: HTTPStatus.CONFLICT,
    errors.KernelNotOfferedError: HTTPStatus.CONFLICT,
    errors.RequirementsRefusedError: HTTPStatus.CONFLICT,
    errors.IntegrityError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.ConfigError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.MissingDependencyError: HTTPStatus.NOT_IMPLEMENTED,
    errors.NotificationError: HTTPStatus.BAD_GATEWAY,
    errors.SourceUnavailableError: HTTPStatus.BAD_GATEWAY,
    errors.ServiceError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DaskUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.BrokerUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.GroupTimeoutError: HTTPStatus.GATEWAY_TIMEOUT,
    errors.RunTimeoutError: HTTPStatus.GATEWAY_TIMEOUT,
    errors.OutOfMemoryError: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.StorageFullError: HTTPStatus.INSUFFICIENT_STORAGE,
}
"""Status of each error; one that is not listed has the status of its nearest ancestor."""

_DISK = {
    errno.EACCES: HTTPStatus.FORBIDDEN,
    errno.EPERM: HTTPStatus.FORBIDDEN,
    errno.EROFS: HTTPStatus.FORBIDDEN,
    errno.ENOENT: HTTPStatus.NOT_FOUND,
    errno.ENAMETOOLONG: HTTPStatus.BAD_REQUEST,
    errno.ENOSPC: HTTPStatus.INSUFFICIENT_STORAGE,
    errno.EDQUOT: HTTPStatus.INSUFFICIENT_STORAGE,
}
_CURE = {
    HTTPStatus.BAD_REQUEST: "A disk takes 255 bytes a name and 4,095 a path: shorten it first.",
    HTTPStatus.INSUFFICIENT_STORAGE: "Make room there, and try again.",
}


def status_of(error: OmegaError) -> int:
    """Return the HTTP status that tells of `error`."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS).value


def http_error(error: OmegaError) -> HTTPError:
    """Return what Jupyter's own handlers raise to tell of `error`."""
    return HTTPError(status_of(error), str(error), reason=_reason(error))


def disk_error(error: OSError, what: str) -> HTTPError:
    """Return the HTTP error about `what` a disk refused, without the places of the server."""
    status = _DISK.get(error.errno or 0, HTTPStatus.INTERNAL_SERVER_ERROR)
    return HTTPError(status, f"{what}: {error.strerror or error}. {_CURE.get(status, '')}".strip())


def _reason(error: OmegaError) -> str:
    return HTTPStatus(status_of(error)).phrase
