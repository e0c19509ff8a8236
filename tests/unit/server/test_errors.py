"""Every error of ours has its HTTP status, on purpose."""

from __future__ import annotations

import errno
import inspect
import os
from typing import TYPE_CHECKING

from omegaml_lab.core import errors
from omegaml_lab.core.errors import ObjectNotFoundError, OmegaError, StorageUnavailableError
from omegaml_lab.server.errors import STATUS, disk_error, http_error, status_of

if TYPE_CHECKING:
    from pathlib import Path


def test_every_error_is_in_the_table() -> None:
    ours = {
        cls
        for _, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, OmegaError)
    }
    assert ours - set(STATUS) == set()


def test_an_error_that_is_not_listed_has_the_status_of_its_ancestor() -> None:
    class SpecialError(ObjectNotFoundError):
        """An error that somebody's backend raises."""

    assert status_of(SpecialError("jobs", "x")) == 404
    assert status_of(OmegaError("x")) == 500


def test_http_error_keeps_the_message() -> None:
    error = http_error(StorageUnavailableError("host/db", "100% gone"))
    assert error.status_code == 503
    assert "100% gone" in str(error.get_message())


def test_what_a_disk_refuses_is_told_without_its_places(tmp_path: Path) -> None:
    told = []
    for place in (tmp_path / ("x" * 256), tmp_path / "missing" / "a"):
        try:
            place.write_text("x")
        except OSError as error:
            told.append(disk_error(error, "Copying a failed"))
    told.append(disk_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "Copying a failed"))
    told.append(disk_error(OSError("odd"), "Copying a failed"))
    assert [error.status_code for error in told] == [400, 404, 507, 500]
    messages = [str(error.get_message()) for error in told]
    assert messages[0].endswith(
        "File name too long. A disk takes 255 bytes a name and 4,095 a path: shorten it first."
    )
    assert not any(str(tmp_path) in message for message in messages)
