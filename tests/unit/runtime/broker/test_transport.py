"""Messages through MongoDB, as a consumer gets them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from kombu import Consumer, Queue

from omegaml_lab.runtime.broker import transport
from tests.integration.processes import until

if TYPE_CHECKING:
    import pytest

    from omegaml_lab.omega import Omega


def test_who_is_done_with_a_message_gets_the_next_one_at_once(
    omega: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Neither a look by the clock helps, nor one because of news from the database.
    monkeypatch.setattr(transport, "_LONGEST_WAIT", 600.0)
    monkeypatch.setattr(transport.Transport, "_listen", lambda self: None)
    queue = Queue("omega.test", routing_key="omega.test")
    got: list[Any] = []
    with omega.runtime.broker.app.connection_for_read() as connection:
        channel = connection.channel()
        channel.basic_qos(prefetch_size=0, prefetch_count=1, apply_global=False)
        with Consumer(channel, [queue], on_message=got.append):
            for number in range(2):
                connection.Producer(channel).publish(
                    {"number": number}, routing_key="omega.test", declare=[queue]
                )
            connection.drain_events(timeout=30)
            assert len(got) == 1  # as many as it may hold
            waiting = threading.Thread(
                target=connection.drain_events, kwargs={"timeout": 600}, daemon=True
            )
            waiting.start()
            news = connection.transport._news
            until(lambda: not news.is_set())
            got[0].ack()
            until(lambda: len(got) == 2)
            waiting.join()
            got[1].ack()
