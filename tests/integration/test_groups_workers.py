"""Groups with real workers and brokers, which may be away or die."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.runs import Status
from omegaml_lab.omega import Omega
from tests.integration.grouping import claimable, end, job, statuses
from tests.integration.processes import scheduler, until, worker

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.config import Config
    from tests.integration.rabbitmq import RabbitMQ


SCRAP = """from IPython.display import display
scrap = "application/scrapbook.scrap.json+json"
for name, data in {"twice": 2 * x, "status": "fine", "a.$b": y, "long": "x" * 999}.items():
    display({scrap: {"name": name, "data": data}}, raw=True)
if x == 3: raise ValueError(x)"""


def test_a_chain_with_a_grid_in_it_runs_over_rabbitmq(
    config: Config, rabbit: RabbitMQ, tmp_path: Path
) -> None:
    with Omega(config=replace(config, broker_url=rabbit.url)) as omega:
        train = job(omega, "train", SCRAP)
        job(omega, "load"), job(omega, "odd %(a)$.[ü]", "print('compared')")
        steps = [train.step({"x": x}) for x in (1, 2, 3)]
        chain = omega.runtime.chain("load", steps, "odd %(a)$.[ü]", on_failure="continue")
        with worker(omega, tmp_path, concurrency="2") as process:
            chain.wait(90)
            assert statuses(chain) == [*["succeeded"] * 3, "failed", "succeeded"], process.said()
        ends = [(run.started_at, run.ended_at) for run in chain.runs]
        assert all(ends[0][1] <= started for started, _ in ends[1:])  # type: ignore[operator]
        table = chain.table()
        assert table["twice"].tolist()[1:4] == [2, 4, 6]
        assert table["a.$b"].dropna().tolist() == ["a"] * 3  # of the one that failed as well
        assert table["recorded status"].tolist()[1] == "fine"
        assert "long" not in table


@pytest.mark.long
def test_what_follows_a_run_starts_though_its_worker_is_killed_at_its_end(
    omega: Omega, tmp_path: Path
) -> None:
    """The worker that ends the first dies before it can say so to anybody."""
    job(omega, "first", "1")
    chain = omega.runtime.chain("first", "first")
    end(omega, chain.runs[0])  # and nothing after: the process is gone
    with scheduler(omega, tmp_path), worker(omega, tmp_path) as second:
        chain.wait(60)
        assert statuses(chain) == ["succeeded", "succeeded"], second.said()


@pytest.mark.long
def test_a_chain_survives_the_death_of_whoever_performs_it(omega: Omega, tmp_path: Path) -> None:
    source = "import time\nfor _ in range(10): time.sleep(0.1)"
    job(omega, "slow", source)
    chain = omega.runtime.chain(*["slow"] * 4)
    with scheduler(omega, tmp_path, lease_seconds="4"):
        for round_ in range(3):
            with worker(omega, tmp_path, lease_seconds="4") as process:
                until(
                    lambda n=round_: chain.runs[n].status is Status.SUCCEEDED,  # type: ignore[misc]
                    seconds=150,
                    what=process.said,
                )
                process.kill()
        with worker(omega, tmp_path, lease_seconds="4"):
            chain.wait(150)
    assert chain.status == {Status.SUCCEEDED: 4}


@pytest.mark.long
def test_the_broker_may_be_away_when_a_run_is_released(
    config: Config, rabbit: RabbitMQ, tmp_path: Path
) -> None:
    with Omega(config=replace(config, broker_url=rabbit.url)) as omega:
        job(omega)
        chain = omega.runtime.chain("job", "job")
        rabbit.stop()
        try:
            omega.runtime.successors.release(end(omega, chain.runs[0]))
            assert "does not answer" in str(chain.runs[1].notice)
            assert claimable(omega, chain) == [1]
            grid = omega.runtime.job("job").grid(x=[1, 2])
            assert grid.status == {Status.QUEUED: 2}
        finally:
            rabbit.start()
        with scheduler(omega, tmp_path), worker(omega, tmp_path, concurrency="2") as process:
            chain.wait(90)
            grid.wait(90)
            assert chain.status == {Status.SUCCEEDED: 2}, process.said()
            assert grid.status == {Status.SUCCEEDED: 2}


@pytest.mark.long
def test_thousands_of_runs_are_asked_for_at_once(omega: Omega) -> None:
    group = job(omega).map(({"x": n} for n in range(5000)), at_once=50)
    assert group.status == {Status.QUEUED: 5000}
    assert len(claimable(omega, group)) == 50
    many = omega.runtime.job("job").map({"x": n} for n in range(1000))
    assert len(claimable(omega, many)) == 500  # of the others no message lies about
    omega.runtime.successors.release(end(omega, many.runs[0]))
    assert len(claimable(omega, many)) == 500
    assert group.cancel().wait(30).status == {Status.CANCELLED: 5000}
