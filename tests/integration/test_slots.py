"""How many runs a worker takes at once, with real brokers: queues, prefetch, autoscaling."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.runs import Status
from omegaml_lab.omega import Omega
from omegaml_lab.runtime.broker.broker import queue_of
from tests.integration.notebooks import WAIT, notebook
from tests.integration.processes import until, worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.config import Config
    from omegaml_lab.runtime.client.handles import RunHandle
    from tests.integration.rabbitmq import RabbitMQ


@pytest.fixture(params=[pytest.param("embedded", marks=pytest.mark.long), "rabbitmq"])
def either(request: pytest.FixtureRequest, config: Config) -> Iterator[Omega]:
    url = None
    if request.param == "rabbitmq":
        url = request.getfixturevalue("rabbit").url
    with Omega(config=replace(config, broker_url=url)) as omega:
        yield omega


def start(omega: Omega, flag: Path, count: int) -> list[RunHandle]:
    omega.jobs.put(notebook(WAIT, parameters="flag = ''"), "wait")
    return [omega.runtime.job("wait").run({"flag": str(flag)}) for _ in range(count)]


def going(runs: list[RunHandle]) -> int:
    return sum(run.status is Status.RUNNING for run in runs)


def left_in_queue(omega: Omega) -> int:
    """How many messages wait that no worker holds."""
    queue = queue_of(omega.storage.database, "default")
    with omega.runtime.broker.app.connection_for_write() as connection:
        return int(connection.default_channel.queue_declare(queue, passive=True).message_count)


def test_slots_grow_while_runs_wait_and_shrink_around_those_that_go_on(
    either: Omega, tmp_path: Path
) -> None:
    first, last = tmp_path / "first", tmp_path / "last"
    fast = {"autoscale": "1,4", "lease_seconds": "2"}
    with worker(either, tmp_path, module="tests.integration.impatient", **fast) as process:
        slow, quick = start(either, last, 1), start(either, first, 5)
        runs = [*slow, *quick]
        until(lambda: going(runs) == 4, what=process.said)
        assert left_in_queue(either) == 2  # for whoever has room: nothing is held in advance
        first.touch()
        for run in quick:
            assert run.wait(60).status is Status.SUCCEEDED, process.said()
        until(lambda: either.runtime.workers()[0].concurrency == 1, what=process.said)
        assert going(slow) == 1
        # It grows again around the one that still goes on.
        assert start(either, first, 1)[0].wait(60).status is Status.SUCCEEDED, process.said()
        last.touch()
        assert slow[0].wait(60).status is Status.SUCCEEDED, process.said()
        assert {run.run.attempt for run in runs} == {1}


@pytest.mark.parametrize("broker", ["embedded", "rabbitmq"])
def test_a_worker_performs_as_many_runs_at_once_as_it_has_slots(
    broker: str, config: Config, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = request.getfixturevalue("rabbit").url if broker == "rabbitmq" else None
    first, last = tmp_path / "first", tmp_path / "last"
    with (
        Omega(config=replace(config, broker_url=url)) as omega,
        worker(omega, tmp_path, concurrency="3") as process,
    ):
        runs = start(omega, last, 2)
        until(lambda: going(runs) == 2, what=process.said)
        more = start(omega, first, 3)  # once it waits for messages, and not only at its start
        until(lambda: going([*runs, *more]) == 3, what=process.said)
        assert left_in_queue(omega) == 2
        first.touch()
        assert all(run.wait(60).status is Status.SUCCEEDED for run in more), process.said()
        assert going(runs) == 2
        last.touch()
        assert all(run.wait(60).status is Status.SUCCEEDED for run in runs), process.said()


def test_queues_of_rabbitmq_are_replicated_and_one_for_each_label(
    config: Config, rabbit: RabbitMQ, tmp_path: Path
) -> None:
    with Omega(config=replace(config, broker_url=rabbit.url)) as omega:
        flag = tmp_path / "flag"
        gpu = worker(omega, tmp_path, label="gpu", concurrency="1")
        with worker(omega, tmp_path, concurrency="2") as process, gpu:
            runs = start(omega, flag, 4)
            special = omega.runtime.require("gpu").job("wait").run({"flag": str(flag)})
            until(lambda: going(runs) == 2, what=process.said)
            until(lambda: going([special]) == 1)
            assert left_in_queue(omega) == 2
            queue = queue_of(omega.storage.database, "default")
            with (
                omega.runtime.broker.app.connection_for_write() as connection,
                pytest.raises(connection.channel_errors, match="x-queue-type"),
            ):
                connection.default_channel.queue_declare(queue, durable=True, auto_delete=False)
            # What goes on ends, what waits is left to others.
            process.terminate_soon()
            process.wait_for("Warm shutdown")
            flag.touch()
            assert process.wait() == 0
            assert [run.status for run in runs].count(Status.SUCCEEDED) == 2
            assert left_in_queue(omega) == 2
            assert sorted(run.status for run in runs)[:2] == [Status.QUEUED, Status.QUEUED]
