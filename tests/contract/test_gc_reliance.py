"""Old pieces that writers rely on again, while collectors come and go between them.

Without the names in the holds, or without the look for collectors, this fails.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.omega import Omega
from omegaml_lab.storage.holds import Holds
from tests.contract import test_gc
from tests.contract.test_gc import Work, digest

if TYPE_CHECKING:
    from collections.abc import Collection

    from omegaml_lab.config import Config
    from omegaml_lab.store.datasets import DatasetStore

pytestmark = pytest.mark.long

SECONDS = 20
# So many that most of them are garbage at times.
BLOCKS = [random.Random(n).randbytes(2 * 1024 * 1024) for n in range(24)]
NAMES = ["written 0", "written 1", "tagged"]


def test_pieces_that_are_relied_on_again_stay(
    omega: Omega, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    relied, ways = Holds.rely_on, Counter[bool]()

    def slowly(self: Holds, digests: Collection[bytes]) -> bool:
        enough = relied(self, digests)
        ways[enough] += 1
        time.sleep(random.uniform(0, 0.06))  # so that a collector comes in between
        return enough

    def collect(_data: DatasetStore, _name: str, rng: random.Random) -> None:
        time.sleep(rng.uniform(0, 0.05))
        with Omega(config=config) as collector:
            collector.gc(grace=timedelta(0))

    monkeypatch.setattr(Holds, "rely_on", slowly)
    monkeypatch.setattr(test_gc, "BLOCKS", BLOCKS)
    work = Work(config)
    jobs: list[tuple[str, Any]] = [
        *((name, work.write) for name in NAMES[:2]),
        (NAMES[2], work.tag_and_restore),
        ("reader", work.look),
        ("collector", collect),
    ]
    with ThreadPoolExecutor(len(jobs)) as pool:
        done = [pool.submit(work.repeat, *job) for job in jobs]
        time.sleep(SECONDS)
        work.stop.set()
        for future in done:
            future.result()
    assert ways[True]
    assert ways[False]
    data = omega.datasets
    for name, promised in work.newest.items():
        assert digest(data.get(name)) == promised, name
    omega.gc(grace=timedelta(0))
    for name in NAMES:
        for state in data.history(name):
            data.get(f"{name}@{state.revision}")
