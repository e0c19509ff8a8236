"""Whether a queue of RabbitMQ confirms what is sent to it, and how it is made anew."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from kombu.entity import Queue
from kombu.exceptions import OperationalError
from kombu.messaging import Producer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["confirms", "failures", "remade"]

_KEPT = 60.0  # seconds, should a queue that was made to try it stay behind


def confirms(
    connection: Any, name: str, send: Callable[[Any, Any], object], *, new: bool = False
) -> bool:
    """Say whether a queue takes a message.

    Parameters
    ----------
    connection
        To RabbitMQ; it is closed.
    send
        Sends one, given a producer and the queue, which it declares.
    new
        Try one that is made like it, and deleted again.
    """
    queue = _queue(f"{name}.probe-{secrets.token_hex(4)}" if new else name)
    queue.expires = _KEPT if new else None
    try:
        with connection:
            channel = connection.channel()
            send(Producer(channel), queue)  # type: ignore[no-untyped-call]
            if new:
                queue(channel).delete()
    except failures(connection):
        return False
    return True


def remade(connection: Any, name: str) -> None:
    """Delete a queue, and make it anew; the connection is closed."""
    with connection:
        queue = _queue(name)(connection.channel())
        queue.delete()
        queue.declare()


def failures(connection: Any) -> tuple[type[BaseException], ...]:
    """Return what may be raised where a server does not answer, or refuses."""
    return (OperationalError, *connection.connection_errors, *connection.channel_errors)


def _queue(name: str) -> Any:
    arguments = {"x-queue-type": "quorum"}
    return Queue(name, queue_arguments=arguments)  # type: ignore[no-untyped-call]
