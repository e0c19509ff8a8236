"""What a channel is, and where the installed ones are found."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, ClassVar

from omegaml_lab.core.errors import InvalidRecipientError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from omegaml_lab.config import Config
    from omegaml_lab.core.notifications import Notification

__all__ = ["GROUP", "Notifier", "Notifiers"]

_log = logging.getLogger(__name__)

GROUP = "omegaml_lab.notifiers"
"""The entry-point group in which packages announce their channels."""

_LONGEST = 2000


class Notifier(ABC):
    """A channel. One serves a whole process, and many threads of it at once.

    Parameters
    ----------
    config
        The settings of the process that sends, where servers and passwords are named: neither
        is ever kept in a repository.
    """

    channel: ClassVar[str]
    """Its name, which is kept with each recipient: never change it."""

    def __init__(self, config: Config) -> None:
        self.config = config

    @abstractmethod
    def check(self, address: str) -> str:
        """Return an address as it is kept. Nothing is contacted.

        Raises
        ------
        InvalidRecipientError
            If it is none of this channel.
        """

    def shown(self, address: str) -> str:
        """Return an address as anybody may see it, without what is secret in it."""
        return address

    @abstractmethod
    def send(self, notification: Notification) -> None:
        """Deliver a notification to its address, in some seconds at most.

        The same one may come twice, with the same id, when a process died in the middle.

        Raises
        ------
        NotificationError
            If it was not delivered: it is tried again later, unless the error is `final`.
        """

    def refuse(self, reason: str) -> InvalidRecipientError:
        """Return the error that says why an address is none."""
        return InvalidRecipientError(self.channel, reason)


class Notifiers:
    """Knows the channels and loads each when it is first needed."""

    def __init__(self, config: Config, found: dict[str, EntryPoint] | None = None) -> None:
        self._config = config
        self._found = found or {}
        self._loaded: dict[str, Notifier] = {}
        self._lock = threading.Lock()

    @classmethod
    def discover(cls, config: Config) -> Notifiers:
        """Return all channels that installed packages announce."""
        return cls(config, {point.name: point for point in entry_points(group=GROUP)})

    def add(self, notifier: Notifier) -> None:
        """Add a channel by hand; it takes the place of one with the same name."""
        self._loaded[notifier.channel] = notifier

    def channels(self) -> list[str]:
        """Return the names of all channels, sorted."""
        return sorted({*self._found, *self._loaded})

    def notifier(self, channel: str) -> Notifier:
        """Return a channel.

        Raises
        ------
        InvalidRecipientError
            If no installed package has it, or the one that has it cannot be loaded.
        """
        with self._lock:
            if channel not in self._loaded:
                self._loaded[channel] = self._load(channel)
            return self._loaded[channel]

    def check(self, channel: str, address: str) -> str:
        """Return an address as its channel keeps it.

        Raises
        ------
        InvalidRecipientError
            If there is no such channel, or it is no address of it.
        """
        notifier = self.notifier(channel)
        if len(address) > _LONGEST or not address.isprintable():
            reason = f"an address has up to {_LONGEST} characters, all of which can be seen"
            raise notifier.refuse(reason)
        return notifier.check(address)

    def shown(self, channel: str, address: str) -> str:
        """Return an address as anybody may see it; of an unknown channel nothing is shown."""
        try:
            return self.notifier(channel).shown(address)
        except InvalidRecipientError:
            return "…"

    def _load(self, channel: str) -> Notifier:
        point = self._found.get(channel)
        if point is None:
            raise InvalidRecipientError.unknown(channel, self.channels())
        try:
            kind: type[Notifier] = point.load()
        except (ImportError, AttributeError) as error:
            _log.warning("the channel %s cannot be loaded: %s", channel, error)
            raise InvalidRecipientError(channel, f"it cannot be loaded: {error}") from error
        return kind(self._config)
