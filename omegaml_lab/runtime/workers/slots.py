"""Slots: how many runs a worker takes at once, and how many messages it may hold for them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from celery.worker.consumer import Consumer
from kombu.entity import Queue
from kombu.messaging import Consumer as Messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery

__all__ = ["SlotConsumer", "SlotMessages", "Slots", "take_messages"]

_DELAYED = "celery.worker.consumer.delayed_delivery:DelayedDelivery"


class Slots:
    """The number of slots, which may change at any time from any thread."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], object]] = []

    @property
    def count(self) -> int:
        """How many there are now."""
        return self._count

    def resize(self, count: int) -> None:
        """Have so many from now on; runs that go on keep theirs until they end."""
        with self._lock:
            self._count = count
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    def listen(self, listener: Callable[[], object]) -> None:
        """Call `listener` whenever the number has changed."""
        with self._lock:
            self._listeners.append(listener)


class SlotMessages(Messages):
    """Receives messages of RabbitMQ as one consumer for each slot.

    A consumer may hold one message. That is how the limit can change while runs go on: quorum
    queues know none for a whole channel, and what is set for a consumer is set for good. What
    a consumer that ends has been given stays with this worker until it is acknowledged.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._further: list[tuple[str, str]] = []  # of which queue, and the consumer's tag
        self._named = 0
        super().__init__(*arguments, **options)  # type: ignore[no-untyped-call]

    def fit(self, slots: int) -> None:
        """Have so many consumers, at least the one that Celery knows."""
        queues: Any = self._queues
        channel: Any = self.channel
        for name, queue in queues.items():
            mine = [tag for of, tag in self._further if of == name]
            for _ in range(slots - 1 - len(mine)):
                self._named += 1
                tag = f"slot-{self._named}"
                queue.consume(tag, self._receive_callback, no_ack=False)
                self._further.append((name, tag))
            for tag in mine[max(slots - 1, 0) :]:
                self._further.remove((name, tag))
                channel.basic_cancel(tag)

    def cancel(self) -> None:
        """End all consumers; what they have been given stays here."""
        self.fit(1)
        super().cancel()  # type: ignore[no-untyped-call]

    close = cancel

    def revive(self, channel: Any) -> None:
        """Begin anew on another channel."""
        self._further.clear()
        super().revive(channel)  # type: ignore[no-untyped-call]


class SlotConsumer(Consumer):  # type: ignore[misc]
    """Celery's consumer, which holds as many messages as its app has `slots`."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]
        """Its parts, without the 28 queues for messages that come later: ours never do."""

        default_steps = tuple(
            step for step in Consumer.Blueprint.default_steps if step != _DELAYED
        )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.initial_prefetch_count = 1
        self.app.slots.listen(lambda: self.call_soon(self._fit))

    def on_ready(self) -> None:
        """Take messages for all slots, on each new connection."""
        super().on_ready()
        self._fit()

    def _fit(self) -> None:
        """Bring what may be held in line with the slots; in the thread that minds the line."""
        if self.task_consumer is None:  # between two connections; `on_ready` comes again
            return
        slots = self.app.slots.count
        if isinstance(self.task_consumer, SlotMessages):
            self.task_consumer.fit(slots)
        else:
            # Not its `set`: Celery's loop brings the channel back to the value in its next round.
            self.qos.value = slots
            self.qos.update()


def take_messages(app: Celery, queue: str, least: int, most: int) -> Slots:
    """Have a worker of `app` take messages from `queue`, as many at once as the result says.

    It is `least` until it is resized, to `most` at most.
    """
    arguments = {}
    if app.conf.task_create_missing_queue_type == "quorum":
        arguments["x-queue-type"] = "quorum"
        app.amqp.Consumer = SlotMessages
    app.slots = Slots(least)
    app.conf.update(
        # One process minds all its runs; each kernel is a process of its own anyway.
        worker_pool="threads",
        worker_concurrency=most,
        worker_consumer=SlotConsumer,
        task_queues=[Queue(queue, routing_key=queue, queue_arguments=arguments)],  # type: ignore[no-untyped-call]
        task_default_queue=queue,
    )
    slots: Slots = app.slots
    return slots
