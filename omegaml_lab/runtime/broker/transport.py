"""Messages through MongoDB: a transport for kombu that needs no broker beside the repository.

A message is a record; who removes it has it. Waiting consumers are woken by the collection's
change feed, so an idle worker asks nothing of the database, and a message is there within
milliseconds. A message may get lost with a consumer that dies: the records of the runs are the
truth, and the sweeper sends it again. A message that comes back with a server that died does
no harm. See ``docs/decisions/0030-embedded-broker.md``.
"""

from __future__ import annotations

import json
import threading
import time
from queue import Empty
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from kombu.transport import virtual

from omegaml_lab.core.errors import StorageFullError, StorageUnavailableError
from omegaml_lab.storage.indexes import Index
from omegaml_lab.storage.storage import Storage
from omegaml_lab.storage.times import now

if TYPE_CHECKING:
    from omegaml_lab.storage.records import Records

__all__ = ["Channel", "Transport"]

COLLECTION = "messages"
_LONGEST_WAIT = 0.5
_INDEX = Index.on("queue", "at")


class Channel(virtual.Channel):
    """Keeps messages as records, oldest first."""

    connection: Transport

    def _put(self, queue: str, message: dict[str, Any], **_: Any) -> None:
        record = {"id": uuid4().hex, "queue": queue, "at": now(), "text": json.dumps(message)}
        self._messages.insert(record)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:  # noqa: ARG002
        record = self._messages.take({"queue": queue}, sort=[("at", 1)])
        if record is None:
            raise Empty
        message: dict[str, Any] = json.loads(record["text"])
        return message

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:  # noqa: FBT001, FBT002 - as kombu has it
        """Take a message as done, and look at once for the next one: there is room for it."""
        super().basic_ack(delivery_tag, multiple)  # type: ignore[no-untyped-call]
        self.connection.wake()

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002
        """Give a message back or up, and look for the next one."""
        super().basic_reject(delivery_tag, requeue)  # type: ignore[no-untyped-call]
        self.connection.wake()

    def _size(self, queue: str) -> int:
        return self._messages.count({"queue": queue})

    def _purge(self, queue: str) -> int:
        waiting = self._messages.query({"queue": queue})
        return sum(self._messages.delete(record["id"]) for record in waiting)

    def _has_queue(self, queue: str, **_: Any) -> bool:  # noqa: ARG002
        return True

    @property
    def _messages(self) -> Records:
        return self.connection.messages


class Transport(virtual.Transport):
    """Speaks to the database that the URL names."""

    Channel = Channel
    can_parse_url = True
    driver_type = "mongodb"
    driver_name = "omega"
    connection_errors: tuple[Any, ...] = (
        *virtual.Transport.connection_errors,
        StorageUnavailableError,
    )
    channel_errors: tuple[Any, ...] = (*virtual.Transport.channel_errors, StorageFullError)

    def __init__(self, client: Any, **options: Any) -> None:
        super().__init__(client, **options)  # type: ignore[no-untyped-call]
        self._storage = Storage.open(client.hostname)
        self.messages = self._storage.records(COLLECTION)
        self._news = threading.Event()
        self._stop = threading.Event()
        self._feed: threading.Thread | None = None

    def establish_connection(self) -> Any:
        """Connect: not before, for kombu makes transports that it never uses nor closes."""
        try:
            self.messages.index(_INDEX)
        except StorageUnavailableError:
            self._storage.close()
            raise
        return super().establish_connection()  # type: ignore[no-untyped-call]

    def drain_events(
        self,
        connection: Any,  # noqa: ARG002
        timeout: float | None = None,
        **_: Any,
    ) -> None:
        """Deliver one message, or raise TimeoutError: soon, so that Celery sees its signals."""
        self._listen()
        deadline = time.monotonic() + min(timeout or _LONGEST_WAIT, _LONGEST_WAIT)
        while True:
            self._news.clear()  # before looking: what comes after the look sets it again
            try:
                self.cycle.get(self._deliver)  # type: ignore[union-attr]
            except Empty:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError from None
                self._news.wait(left)
            else:
                return

    def wake(self) -> None:
        """Have who waits for messages look for them."""
        self._news.set()

    def close_connection(self, connection: Any) -> None:
        """End the channels and the feed."""
        self._stop.set()
        super().close_connection(connection)  # type: ignore[no-untyped-call]
        self._storage.close()

    def _listen(self) -> None:
        if self._feed is None:
            self._feed = threading.Thread(target=self._notice, name="messages", daemon=True)
            self._feed.start()

    def _notice(self) -> None:
        for _ in self.messages.changes(self._stop, poll=1.0):
            self._news.set()
