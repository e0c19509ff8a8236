"""Both brokers: RabbitMQ, and messages through the repository's own database."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from amqp.exceptions import MessageNacked

from omegaml_lab.core.errors import BrokerUnavailableError
from omegaml_lab.core.runs import Status
from omegaml_lab.omega import Omega
from omegaml_lab.runtime.broker.broker import PERFORM, make_app, queue_of
from omegaml_lab.runtime.workers.courier import Courier
from tests.integration.notebooks import WAIT, notebook
from tests.integration.processes import scheduler, until, worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.config import Config
    from tests.integration.rabbitmq import RabbitMQ


@pytest.fixture
def over_rabbit(config: Config, rabbit: RabbitMQ) -> Iterator[Omega]:
    with Omega(config=replace(config, broker_url=rabbit.url)) as omega:
        yield omega


def run_one(omega: Omega) -> Status:
    omega.jobs.put(notebook("1"), "one")
    return omega.runtime.job("one").run().wait(60).status


def test_rabbitmq_carries_runs_and_cancels(over_rabbit: Omega, tmp_path: Path) -> None:
    over_rabbit.runtime.broker.check()
    with worker(over_rabbit, tmp_path):
        assert run_one(over_rabbit) is Status.SUCCEEDED
        over_rabbit.jobs.put(notebook("import time; time.sleep(600)"), "long")
        run = over_rabbit.runtime.job("long").run()
        until(lambda: run.progress.current == 0)
        assert run.cancel().wait(30).status is Status.CANCELLED
        for _ in range(3):
            over_rabbit.runtime.broker.send(run.run)  # doubled messages do no harm
        assert run_one(over_rabbit) is Status.SUCCEEDED
    assert over_rabbit.storage.records("messages").count() == 0
    assert "guest" not in over_rabbit.runtime.broker.address


def test_rabbitmq_may_be_away_when_a_run_is_asked_for(
    over_rabbit: Omega, rabbit: RabbitMQ, tmp_path: Path
) -> None:
    with worker(over_rabbit, tmp_path) as process:
        assert run_one(over_rabbit) is Status.SUCCEEDED
        # RabbitMQ 3.10 that is killed sooner brings the new queue back without a leader.
        time.sleep(6)
        rabbit.stop()
        try:
            over_rabbit.jobs.put(notebook("print('hi')"), "patient")
            run = over_rabbit.runtime.job("patient").run()
            assert run.status is Status.QUEUED
            assert "does not answer" in str(run.notice)
            assert "start once it is back" in str(run.notice)
            with pytest.raises(BrokerUnavailableError):
                over_rabbit.runtime.broker.check()
        finally:
            rabbit.start()
        # The worker found its way back by itself, and the scheduler sends what was not sent.
        with scheduler(over_rabbit, tmp_path):
            assert run.wait(90).status is Status.SUCCEEDED, process.said()
        assert run.notice is None


def test_rabbitmq_that_confirms_nothing_is_not_waited_for(
    config: Config, own_rabbit: RabbitMQ
) -> None:
    with Omega(config=replace(config, broker_url=own_rabbit.url)) as omega:
        omega.jobs.put(notebook("1"), "one")
        run = omega.runtime.job("one").run().run
        broker = omega.runtime.broker
        with own_rabbit.frozen(), ThreadPoolExecutor() as threads:
            sent = threads.submit(broker.send, run)
            try:
                with pytest.raises(BrokerUnavailableError):
                    sent.result(timeout=60)  # while it is frozen: that would be never
            finally:
                own_rabbit.thaw()
        broker.send(run)


@pytest.mark.long
def test_a_queue_that_rabbitmq_lost_with_a_crash_is_not_waited_for(
    config: Config, own_rabbit: RabbitMQ
) -> None:
    with Omega(config=replace(config, broker_url=own_rabbit.url)) as omega:
        omega.jobs.put(notebook("1"), "one")
        run = omega.runtime.job("one").run()
        # Before the log of the new queue is on its disk: it comes back without a leader.
        own_rabbit.stop()
        own_rabbit.start()
        said: BaseException | None = None
        try:
            omega.runtime.broker.send(run.run)
        except BrokerUnavailableError as error:
            said = _cause(error)
        # RabbitMQ says no after 65 seconds; who sends has not waited for that.
        assert not isinstance(said, MessageNacked)
        omega.runtime.broker.check()


@pytest.mark.long
def test_a_queue_that_rabbitmq_lost_with_a_crash_is_replaced(
    config: Config, own_rabbit: RabbitMQ
) -> None:
    with Omega(config=replace(config, broker_url=own_rabbit.url)) as omega:
        omega.jobs.put(notebook("1"), "one")
        run = omega.runtime.job("one").run().run
        own_rabbit.stop()
        own_rabbit.start()
        other = omega.runtime.job("one").run(label="other").run
        broker, courier = omega.runtime.broker, Courier(omega.runtime.broker, patience=0)
        courier.begin()
        with pytest.raises(BrokerUnavailableError):
            courier.send_many([run, other])
        with pytest.raises(BrokerUnavailableError):
            courier.send_many([run])  # it is not waited for again
        assert courier.away == {"default"}
        courier.mend()
        courier.begin()
        courier.send_many([run, other])
        assert not courier.away
        # One that does its work is left alone, and so is all while the server does none.
        with own_rabbit.frozen():
            assert not broker.stuck("default")
        assert not broker.stuck("default")
        queues = [queue_of(omega.storage.database, label) for label in ("default", "other")]
        with broker.app.connection_for_read() as connection:
            channel = connection.channel()
            told = [channel.queue_declare(queue, passive=True) for queue in queues]
        assert [queue.message_count for queue in told] == [2, 2]


@pytest.mark.long
def test_runs_start_again_after_a_crash_that_loses_the_queue(
    config: Config, own_rabbit: RabbitMQ, tmp_path: Path
) -> None:
    with Omega(config=replace(config, broker_url=own_rabbit.url)) as omega:
        omega.jobs.put(notebook("1"), "one")
        run = omega.runtime.job("one").run()
        own_rabbit.stop()
        own_rabbit.start()
        with worker(omega, tmp_path), scheduler(omega, tmp_path) as minder:
            # A worker waits 65 s for a queue that has no leader, and then tries it again.
            assert run.wait(240).status is Status.SUCCEEDED, minder.said()
            assert run_one(omega) is Status.SUCCEEDED


def _cause(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


@pytest.mark.long
def test_a_run_may_take_longer_than_rabbitmq_waits_for_an_acknowledgement(
    over_rabbit: Omega, rabbit: RabbitMQ, tmp_path: Path
) -> None:
    rabbit.stop()
    rabbit.start("-rabbit consumer_timeout 2000 -rabbit channel_tick_interval 1000")
    try:
        with worker(over_rabbit, tmp_path) as process:
            flag = tmp_path / "flag"
            over_rabbit.jobs.put(notebook(WAIT, parameters="flag = ''"), "long")
            run = over_rabbit.runtime.job("long").run({"flag": str(flag)})
            process.wait_for("delivery acknowledgement on channel")
            process.wait_for("does not wait any more")  # the message came again
            flag.touch()
            assert run.wait(60).status is Status.SUCCEEDED, process.said()
            assert run.run.attempt == 1
            assert run_one(over_rabbit) is Status.SUCCEEDED, process.said()
    finally:
        rabbit.stop()
        rabbit.start()


def test_a_worker_refuses_what_is_not_json(omega: Omega, tmp_path: Path) -> None:
    with worker(omega, tmp_path) as process:
        queue = queue_of(omega.storage.database, "default")
        app = make_app(omega.runtime.broker.url)
        app.send_task(PERFORM, args=["x", "y"], queue=queue, serializer="pickle")
        assert run_one(omega) is Status.SUCCEEDED, process.said()
        assert "pickle" in process.said()


def test_messages_of_another_repository_are_left_alone(omega: Omega, tmp_path: Path) -> None:
    with worker(omega, tmp_path):
        queue = queue_of(omega.storage.database, "default")
        omega.jobs.put(notebook("1"), "mine")
        run = omega.runtime.job("mine").run(label="nobody")
        omega.runtime.broker.app.send_task(PERFORM, args=[run.id, "other"], queue=queue)
        assert run_one(omega) is Status.SUCCEEDED
        assert run.status is Status.QUEUED
