from __future__ import annotations

import pytest
from pymongo import errors

from omegaml_lab.core.errors import ServiceError, StorageFullError, StorageUnavailableError
from omegaml_lab.storage.connection import Connection


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (errors.OperationFailure("x", code=14031), StorageFullError),
        (errors.WriteError("28: No space left on device", code=8), StorageFullError),
        (errors.BulkWriteError({"writeErrors": [{"errmsg": "ENOSPC"}]}), StorageFullError),
        (errors.OperationFailure("not authorized", code=13), StorageUnavailableError),
        (errors.OperationFailure("Authentication failed.", code=18), StorageUnavailableError),
        (errors.NotPrimaryError("x"), StorageUnavailableError),
        (errors.NetworkTimeout("x"), StorageUnavailableError),
        (errors.WTimeoutError("x"), StorageUnavailableError),
        (errors.InvalidOperation("Cannot use MongoClient after close"), StorageUnavailableError),
        (errors.OperationFailure("x", code=2), ServiceError),
    ],
)
def test_errors_are_ours(raised: Exception, expected: type[Exception]) -> None:
    connection = Connection("mongodb://user:geheim@localhost/x")
    with pytest.raises(expected) as caught, connection.errors():
        raise raised
    assert caught.value.__cause__ is raised
    assert "geheim" not in str(caught.value)


def test_mistakes_of_ours_are_not_hidden() -> None:
    connection = Connection("mongodb://localhost/x")
    with pytest.raises(errors.InvalidOperation), connection.errors():
        raise errors.InvalidOperation("no transaction started")
    with pytest.raises(KeyError), connection.errors():
        raise KeyError("x")
