"""The contract of a channel: what `Notifier` promises to whoever sends by it."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

import pytest

from omegaml_lab.core.errors import InvalidRecipientError, NotificationError
from omegaml_lab.core.notifications import Happening, Notification
from omegaml_lab.notifiers.notifier import Notifiers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.config import Config
    from omegaml_lab.notifiers.notifier import Notifier

__all__ = ["NotifierContract"]

_NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


class NotifierContract:
    """Subclass it and say how your channel is reached; pytest does the rest.

    It wants a real server: what counts is what arrives there.
    """

    channel: ClassVar[str]
    """The channel under test. It must be installed, with its entry point."""

    bad: ClassVar[Sequence[str]] = ("",)
    """What is no address of this channel."""

    secret: ClassVar[str | None] = None
    """A part of :meth:`address` that must not be shown, if there is one."""

    @pytest.fixture
    def notifier(self) -> Notifier:
        """The channel, made with the settings that it needs to reach the server."""
        return Notifiers.discover(self.config()).notifier(self.channel)

    @abstractmethod
    def config(self) -> Config:
        """Return settings with which the server is reached."""

    @abstractmethod
    def address(self) -> str:
        """Return an address that the server takes."""

    @abstractmethod
    def received(self) -> list[str]:
        """Return the messages that have arrived, decoded, each as one text."""

    @abstractmethod
    def unreachable(self) -> tuple[Config, str]:
        """Return settings and an address with which nobody is reached."""

    # -- what follows is the contract ------------------------------------------------------

    def notification(self) -> Notification:
        """Return something to tell."""
        return Notification(
            id="0123456789abcdef01234567",
            run="5c0ffee5c0ffee00",
            job="reports/flights",
            channel=self.channel,
            address=self.address(),
            happening=Happening.FAILED,
            title="reports/flights failed",
            text="ValueError: no flights\nIt ended at 6:00.",
            link="https://lab.example.org/lab/tree/results/flights.ipynb",
            about={"id": "5c0ffee5c0ffee00", "job": "reports/flights"},
            created_at=_NOW,
            due_at=_NOW,
        )

    def test_is_installed(self, notifier: Notifier) -> None:
        assert notifier.channel == self.channel

    def test_checks_addresses(self, notifier: Notifier) -> None:
        kept = notifier.check(self.address())
        assert notifier.check(kept) == kept
        for bad in self.bad:
            with pytest.raises(InvalidRecipientError) as caught:
                notifier.check(bad)
            assert caught.value.channel == self.channel

    def test_shows_no_secret(self, notifier: Notifier) -> None:
        shown = notifier.shown(self.address())
        assert shown
        assert self.secret is None or (self.secret in self.address() and self.secret not in shown)

    def test_delivers(self, notifier: Notifier) -> None:
        told = self.notification()
        notifier.send(told)
        (message,) = self.received()
        for part in (told.title, "ValueError: no flights", told.link or ""):
            assert part in message

    def test_delivers_without_a_link(self, notifier: Notifier) -> None:
        notifier.send(replace(self.notification(), link=None))
        (message,) = self.received()
        assert "reports/flights failed" in message

    def test_delivers_what_is_odd(self, notifier: Notifier) -> None:
        title = 'ä / 100 % <b>&"quoted"\'s *$.@ [x](y) 🚀 failed'
        notifier.send(replace(self.notification(), title=title, text="naïve\n.\n<script>\n" * 9))
        (message,) = self.received()
        assert "ä / 100 %" in message
        assert "🚀 failed" in message
        assert "naïve" in message

    def test_delivers_long_texts(self, notifier: Notifier) -> None:
        notifier.send(replace(self.notification(), title="x" * 150, text=("&" * 600 + "\n") * 4))
        assert len(self.received()) == 1

    def test_delivers_each(self, notifier: Notifier) -> None:
        for number in range(3):
            notifier.send(replace(self.notification(), id=f"n{number}", title=f"title {number}"))
        received = self.received()
        assert len(received) == 3
        for number, message in enumerate(received):
            assert f"title {number}" in message

    def test_says_that_nobody_was_reached(self) -> None:
        config, address = self.unreachable()
        notifier = Notifiers.discover(config).notifier(self.channel)
        with pytest.raises(NotificationError) as caught:
            notifier.send(replace(self.notification(), address=address))
        assert caught.value.channel == self.channel
        assert caught.value.reason
        assert self.secret is None or self.secret not in str(caught.value)
