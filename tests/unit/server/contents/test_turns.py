from __future__ import annotations

import asyncio

from omegaml_lab.server.contents.turns import Turns


def test_what_is_asked_for_again_and_again_is_done_once_more() -> None:
    done: list[int] = []
    going = 0

    async def act() -> None:
        nonlocal going
        going += 1
        assert going == 1
        await asyncio.sleep(0.01)
        going -= 1
        done.append(len(done))

    async def ask_often() -> None:
        turns = Turns(act)
        first = asyncio.create_task(turns.ask())
        await asyncio.sleep(0.005)
        await asyncio.gather(*(turns.ask() for _ in range(20)))
        await first

    asyncio.run(ask_often())
    assert len(done) == 2
