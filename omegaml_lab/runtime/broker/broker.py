"""The broker: carries hints that a run waits. What it loses, the sweeper sends again."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from omegaml_lab.core.errors import BrokerUnavailableError, ConfigError, StorageUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from celery import Celery
    from kombu.pools import ProducerPool

    from omegaml_lab.core.runs import Run

__all__ = ["PERFORM", "SCHEME", "Broker", "Sender", "make_app", "queue_of"]

PERFORM = "omegaml_lab.perform"
"""Name of the one task."""
SCHEME = "omega"
"""What precedes ``+mongodb://…`` in the URL of a broker to mean our own transport."""

_PATIENCE = 3.0
_REPLACING = 30.0  # to delete a queue without leader takes RabbitMQ five seconds
_NO_RUN = "-"
_CONNECTIONS = 10
_SENDING = {
    "retry": True,
    "retry_policy": {"max_retries": 1, "interval_start": 0, "interval_max": 0.2},
}


def queue_of(database: str, label: str) -> str:
    """Return the queue of runs that require `label`, in the repository of that database."""
    return f"omega.{database}.{label}"


def make_app(url: str) -> Celery:
    """Return a Celery app that speaks to the broker at `url`, JSON only."""
    from celery import Celery
    from kombu.transport import TRANSPORT_ALIASES

    TRANSPORT_ALIASES[SCHEME] = "omegaml_lab.runtime.broker.transport:Transport"
    app = Celery("omegaml_lab", broker=url, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        event_serializer="json",
        result_serializer="json",
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_create_missing_queues=True,
        worker_prefetch_multiplier=1,
        # The run record tells all that events and remote control would, on every broker.
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_retry=True,
        broker_connection_max_retries=None,
        # RabbitMQ closes a channel whose message was not acknowledged for 30 minutes, so each
        # longer run would end the worker. The message comes again then, which does no harm.
        broker_channel_error_retry=True,
        # After such a restart Celery would raise the prefetch count from the thread that ends a
        # run, while the main thread reads the same socket: the worker could go deaf.
        worker_enable_prefetch_count_reduction=False,
        broker_connection_timeout=_PATIENCE,
        timezone="UTC",
    )
    if url.startswith("amqp"):
        app.conf.update(
            broker_transport_options={"confirm_publish": True},
            # On a cluster they outlive the node that they were made on.
            task_create_missing_queue_type="quorum",
        )
    return app


class Sender(Protocol):
    """Who sends messages."""

    def send_many(self, runs: Sequence[Run]) -> None:
        """Tell the workers that runs wait; a BrokerUnavailableError says that it was in vain."""


class Broker:
    """Sends hints to the workers of one repository.

    Parameters
    ----------
    url
        The broker's URL, None for messages through the repository's own MongoDB.
    mongo_url
        URL of the repository.
    database
        Name of its database.
    """

    def __init__(self, url: str | None, *, mongo_url: str, database: str) -> None:
        self.url = url or _embedded(mongo_url)
        self.embedded = url is None
        self._database = database

    @cached_property
    def app(self) -> Celery:
        """The Celery app; loads Celery."""
        return make_app(self.url)

    @property
    def address(self) -> str:
        """Where the broker is, without password."""
        # A password may hold what should have been escaped: all before the last @ is cut first.
        return urlsplit("//" + self.url.rpartition("@")[2].rpartition("://")[2]).netloc

    def send(self, run: Run, *, told: Mapping[str, Any] | None = None) -> None:
        """Tell the workers that a run waits, and what else is to be `told` of it.

        Raises
        ------
        BrokerUnavailableError
            If the message could not be handed over within seconds.
        """
        self._send([self._message(run, told)])

    def send_many(self, runs: Sequence[Run]) -> None:
        """Tell the workers that runs wait, by one of Celery's groups.

        Raises
        ------
        BrokerUnavailableError
            If a message could not be handed over within seconds; those before it were.
        """
        self._send([self._message(run) for run in runs])

    def _message(self, run: Run, told: Mapping[str, Any] | None = None) -> Any:
        about = [run.id, self._database, run.kind, *([told] if told else [])]
        options = {"queue": queue_of(self._database, run.label), **_SENDING}
        return self.app.signature(PERFORM, args=about, options=options)

    def _send(self, messages: list[Any]) -> None:
        from celery import group
        from kombu.exceptions import OperationalError

        try:
            with self._producers.acquire(block=True) as producer:  # type: ignore[no-untyped-call]
                if len(messages) == 1:
                    messages[0].apply_async(producer=producer)
                else:
                    group(messages, app=self.app).apply_async(
                        producer=producer, add_to_parent=False
                    )
        except (OperationalError, StorageUnavailableError, OSError) as error:
            raise BrokerUnavailableError(self.address, _reason(error)) from error

    def check(self) -> None:
        """Return if the broker answers.

        Raises
        ------
        BrokerUnavailableError
            If it does not, within seconds.
        """
        from kombu.exceptions import OperationalError

        try:
            with self.app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, timeout=_PATIENCE)
        except (OperationalError, StorageUnavailableError, OSError) as error:
            raise BrokerUnavailableError(self.address, _reason(error)) from error

    def stuck(self, label: str) -> bool:
        """Say whether the queue of a label confirms nothing while a new one does.

        So it is on RabbitMQ when a queue has lost its leader. While no new one does either, the
        server is away, or most of its nodes are: then nothing is known.
        """
        if self.embedded:
            return False
        from omegaml_lab.runtime.broker.confirming import confirms

        def send(producer: Any, queue: Any) -> None:
            about = [_NO_RUN, self._database]
            self.app.send_task(PERFORM, args=about, queue=queue, producer=producer, retry=False)

        name = queue_of(self._database, label)
        elsewhere = confirms(self._connection(_PATIENCE), name, send, new=True)
        return elsewhere and not confirms(self._connection(_PATIENCE), name, send)

    def replace(self, label: str) -> None:
        """Delete the queue of a label with what is in it, and make it anew.

        Raises
        ------
        BrokerUnavailableError
            If that is refused, or takes too long.
        """
        from omegaml_lab.runtime.broker.confirming import failures, remade

        connection = self._connection(_REPLACING)
        try:
            remade(connection, queue_of(self._database, label))
        except failures(connection) as error:
            raise BrokerUnavailableError(self.address, _reason(error)) from error

    def _connection(self, patience: float) -> Any:
        limits = {"read_timeout": patience, "write_timeout": patience}
        return self.app.connection_for_write(transport_options=limits)

    def close(self) -> None:
        """Disconnect; what is sent later connects again."""
        producers = vars(self).pop("_producers", None)
        if producers is not None:
            producers.force_close_all()
            producers.connections.force_close_all()

    @cached_property
    def _producers(self) -> ProducerPool:
        from multiprocessing.util import register_after_fork

        from kombu.pools import ProducerPool

        # Celery's own pools are shared by all brokers of the process: no one could close them.
        # A server that takes a message and does not confirm it would be waited for without end.
        embedded = self.app.connection_for_write
        connection = embedded() if self.embedded else self._connection(_PATIENCE)
        connections = connection.Pool(limit=_CONNECTIONS)
        register_after_fork(self, Broker.close)  # a child must not speak on its parent's socket
        return ProducerPool(connections, limit=_CONNECTIONS)  # type: ignore[no-untyped-call]


def _embedded(mongo_url: str) -> str:
    if not mongo_url.startswith("mongodb"):
        raise ConfigError("mongo_url", "…", "it must start with mongodb://")
    return f"{SCHEME}+{mongo_url}"


def _reason(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
