from __future__ import annotations

import subprocess
import sys

import bson
import pytest
from pymongo import errors

from omegaml_lab.core.errors import (
    IntegrityError,
    ServiceError,
    StorageFullError,
    StorageUnavailableError,
)
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


_SHORT_OF_MEMORY = """
import resource, sys
import bson
from omegaml_lab.core.errors import OutOfMemoryError
from omegaml_lab.storage.connection import Connection

data = bson.encode({"d": bytes(200_000_000)})
connection = Connection("mongodb://localhost/x")
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**20, -1))
try:
    with connection.errors():
        bson.decode(data)
except OutOfMemoryError as error:
    assert isinstance(error, MemoryError)
    sys.exit(str(error))
"""


def test_that_memory_is_short_is_no_fault_of_the_document() -> None:
    """In a process of its own, which really has none."""
    done = subprocess.run(
        [sys.executable, "-c", _SHORT_OF_MEMORY], capture_output=True, text=True, check=False
    )
    assert "too little memory to read a document" in done.stderr
    assert "iterchunks" in done.stderr


def test_a_document_that_cannot_be_read_is_told_as_such() -> None:
    connection = Connection("mongodb://localhost/x")
    with pytest.raises(IntegrityError, match="document is damaged"), connection.errors():
        bson.decode(b"\x05\x00\x00\x00\x01")
