"""The postman: sends what waits in the outbox. Any number of them may be kept."""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import (
    InvalidRecipientError,
    NotificationError,
    OmegaError,
    StorageFullError,
    StorageUnavailableError,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from omegaml_lab.core.notifications import Notification, Recipient
    from omegaml_lab.runtime.notifications.outbox import Outbox

__all__ = ["Postman"]

_ROUND = 1.0  # seconds between two looks
_BUSY = 0.05  # and while there is something to send
_AT_ONCE = 8
_BATCH = 50
_TIDY = 3600.0

_log = logging.getLogger(__name__)


class Postman:
    """Tells people of runs that have ended.

    Parameters
    ----------
    outbox
        The notifications of a repository.
    send
        Delivers one, or raises an `OmegaError`.
    defaults
        Who is told by the settings of this process.
    public_url
        Where people reach the Jupyter server.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        send: Callable[[Notification], None],
        defaults: Sequence[Recipient] = (),
        public_url: str = "",
    ) -> None:
        self._outbox = outbox
        self._send = send
        self._defaults = defaults
        self._public_url = public_url
        self._tidied = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop` is set, whether the database is there or not."""
        with ThreadPoolExecutor(_AT_ONCE, "omega-postman") as pool:
            going: set[Future[None]] = set()
            while not stop.is_set():
                begun: list[Future[None]] = []
                try:
                    self._fill()
                    # One that hangs keeps a thread, and no other waiting.
                    due = self._outbox.due(limit=_AT_ONCE - len(going))
                    begun = [pool.submit(self._deliver, each, stop) for each in due]
                    self._tidy()
                except OmegaError as error:
                    _log.warning("notifications wait: %s", error)
                going = self._still_going(going.union(begun))
                stop.wait(_BUSY if begun else _ROUND)

    def deliver(self) -> None:
        """Make the notifications that runs give rise to, and send once each that is due."""
        self._fill()
        for notification in self._outbox.due(limit=_BATCH):
            self._deliver(notification)

    def _fill(self) -> None:
        self._outbox.fill(self._defaults, public_url=self._public_url)

    def _still_going(self, futures: set[Future[None]]) -> set[Future[None]]:
        done, going = wait(futures, timeout=_BUSY)
        for each in done:
            if (error := each.exception()) is not None:
                _log.warning("a notification waits: %s", error)
        return going

    def _deliver(self, notification: Notification, stop: threading.Event | None = None) -> None:
        if stop is not None and stop.is_set():
            return
        taken = self._outbox.take(notification)
        if taken is None:
            return
        try:
            self._send(taken.notification)
        except (StorageUnavailableError, StorageFullError):
            raise
        except OmegaError as error:
            self._failed(taken.notification, error)
            self._outbox.failed(taken, _of(taken.notification, error))
        else:
            self._outbox.sent(taken)

    def _failed(self, notification: Notification, error: OmegaError) -> None:
        _log.warning("notification %s of run %s: %s", notification.id, notification.run, error)

    def _tidy(self) -> None:
        if time.monotonic() - self._tidied > _TIDY:
            self._tidied = time.monotonic()
            self._outbox.tidy()


def _of(notification: Notification, error: OmegaError) -> NotificationError:
    if isinstance(error, NotificationError):
        return error
    reason = error.reason if isinstance(error, InvalidRecipientError) else str(error)
    return NotificationError(notification.channel, reason)
