"""Every error of ours has its HTTP status, on purpose."""

from __future__ import annotations

import inspect

from omegaml_lab.core import errors
from omegaml_lab.core.errors import ObjectNotFoundError, OmegaError, StorageUnavailableError
from omegaml_lab.server.errors import STATUS, http_error, status_of


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
