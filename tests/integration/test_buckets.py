"""Buckets: each sees its own runs only, and any worker of the repository performs them all."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import RunNotFoundError
from omegaml_lab.core.runs import Status
from omegaml_lab.omega import Omega
from tests.integration.notebooks import notebook
from tests.integration.processes import worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def other(omega: Omega) -> Iterator[Omega]:
    with Omega(omega.url, bucket="other", config=omega.config) as other:
        yield other


def test_a_run_is_out_of_reach_from_another_bucket(omega: Omega, other: Omega) -> None:
    for one in (omega, other):
        one.jobs.put(notebook("1"), "daily")
    run = omega.runtime.job("daily").run()
    for reach in (other.runtime.runs.get, other.runtime.runs.cancel, other.runtime.runs.rerun):
        with pytest.raises(RunNotFoundError):
            reach(run.id)
    assert omega.runtime.runs.list().total == 1
    assert other.runtime.runs.list().total == 0
    assert omega.runtime.runs.cancel(run.id).status is Status.CANCELLED


def test_a_worker_performs_the_runs_of_every_bucket(
    omega: Omega, other: Omega, tmp_path: Path
) -> None:
    other.jobs.put(notebook("1"), "daily")
    with worker(omega, tmp_path):
        run = other.runtime.job("daily").run(publish=True).wait(60, check=True)
    assert other.jobs.exists(str(run.result))


def test_nothing_goes_on_after_close(omega: Omega) -> None:
    omega.jobs.put(notebook("1"), "daily")
    omega.close()
    before = set(threading.enumerate())
    with Omega(config=omega.config) as one, Omega(config=omega.config) as two:
        one.runtime.job("daily").run()
        two.runtime.job("daily").run()
        one.close()
        assert two.runtime.job("daily").run().notice == one.runtime.job("daily").run().notice
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert set(threading.enumerate()) <= before
