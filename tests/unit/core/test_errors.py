from __future__ import annotations

import inspect

import pytest

from omegaml_lab.core import errors

BASES = (ValueError, LookupError, RuntimeError, OSError, TypeError, ImportError, MemoryError)
CLASSES = [
    cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, Exception)
]


@pytest.mark.parametrize("cls", CLASSES)
def test_each_error_is_public_and_a_builtin_too(cls: type[Exception]) -> None:
    assert cls.__name__ in errors.__all__
    assert issubclass(cls, errors.OmegaError)
    assert cls is errors.OmegaError or issubclass(cls, BASES)


def test_messages_say_what_was_meant() -> None:
    error = errors.ObjectNotFoundError("jobs", "fligths", known=["flights", "x"])
    assert "Did you mean 'flights'" in str(error)
    assert "A list of jobs shows what there is." in str(error)
    revision = errors.ObjectNotFoundError("jobs", "a@9", there="Its newest revision is 4.")
    assert str(revision) == "There is no 'a@9' in jobs. Its newest revision is 4."
    column = errors.UnknownColumnError("flights", "origim", known=["origin", 1])
    assert "'origin'" in str(column)
    conflict = errors.ConflictError("jobs", "a", expected=2, actual=3)
    assert "revision 3, not 2" in str(conflict)
