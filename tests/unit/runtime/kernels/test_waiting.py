"""What is waited for to the end, whoever is cancelled."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from omegaml_lab.runtime.kernels.waiting import to_the_end


def test_what_it_came_to_is_returned() -> None:
    undone: list[int] = []
    assert asyncio.run(to_the_end(lambda: 1, hurry=lambda: None, undo=undone.append)) == 1
    assert not undone


def test_what_went_wrong_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(to_the_end(lambda: 1 / 0, hurry=lambda: None))


@pytest.mark.parametrize("fails", [False, True])
def test_who_is_cancelled_waits_and_what_it_came_to_is_undone(*, fails: bool) -> None:
    hurried, undone = threading.Semaphore(0), list[str]()

    def act() -> str:
        for _ in range(2):  # however often it is cancelled
            hurried.acquire()
        assert not fails
        return "made"

    async def cancelled() -> None:
        waiting = asyncio.create_task(to_the_end(act, hurry=hurried.release, undo=undone.append))
        for _ in range(2):
            await asyncio.sleep(0.05)
            assert not waiting.done()
            waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(cancelled())
    assert undone == ([] if fails else ["made"])


def test_others_go_on_meanwhile() -> None:
    async def both() -> int:
        slow = asyncio.create_task(to_the_end(lambda: time.sleep(0.3), hurry=lambda: None))
        count = 0
        while not slow.done():
            await asyncio.sleep(0)
            count += 1
        return count

    assert asyncio.run(both()) > 1
