from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import ServiceError
from omegaml_lab.runtime.workers.daily import Daily

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_one_of_many_does_it_once_a_day(omega: Omega) -> None:
    clock = Clock()
    all_of_them = [
        Daily(omega.storage.records("daily"), "gc", omega.gc, clock=clock) for _ in range(6)
    ]

    def mine() -> int:
        with ThreadPoolExecutor(6) as pool:
            return sum(pool.map(Daily.is_mine, all_of_them))

    assert mine() == 0  # a new repository has no garbage
    clock.now += timedelta(hours=23)
    assert mine() == 0
    for _ in range(3):
        clock.now += timedelta(days=1)
        assert mine() == 1
        assert mine() == 0


def test_it_goes_on_after_a_failure(omega: Omega) -> None:
    stop, tries = threading.Event(), []

    def act() -> None:
        tries.append(1)
        stop.set()
        raise ServiceError("gc", "of no consequence")

    clock = Clock()
    daily = Daily(omega.storage.records("daily"), "gc", act, clock=clock)
    assert not daily.is_mine()
    clock.now += timedelta(days=1)
    daily.run(stop)
    assert tries == [1]
