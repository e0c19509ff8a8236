"""The scheduler: garbage that cannot be collected stops no schedule."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.core.errors import ServiceError
from omegaml_lab.omega import Omega
from omegaml_lab.scheduler import _collect

if TYPE_CHECKING:
    from omegaml_lab.config import Config


class Broken(Omega):
    def gc(self, **options: Any) -> Any:
        raise KeyError("name")


def test_a_fault_of_gc_is_an_error_of_ours(config: Config) -> None:
    with Broken(config=config) as omega, pytest.raises(ServiceError, match="KeyError"):
        _collect(omega, threading.Event())


def test_gc_is_left_when_the_scheduler_ends(omega: Omega) -> None:
    stop = threading.Event()
    assert _collect(omega, stop).dropped == 0
    stop.set()
    with pytest.raises(ServiceError, match="the scheduler ends"):
        _collect(omega, stop)
