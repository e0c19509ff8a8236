"""The channel ``webhook``: JSON for a program, and the base of chats that take JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from omegaml_lab.notifiers.notifier import Notifier
from omegaml_lab.notifiers.posting import post

if TYPE_CHECKING:
    from omegaml_lab.core.notifications import Notification

__all__ = ["WebhookNotifier"]


class WebhookNotifier(Notifier):
    """Posts to a URL. What a chat wants is a subclass with another :meth:`payload`."""

    channel: ClassVar[str] = "webhook"

    def check(self, address: str) -> str:
        """Return a URL."""
        try:
            parts = urlsplit(address)
            good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:
            good = False
        if not good or " " in address or not address.isascii():
            raise self.refuse("it takes a URL, as https://example.org/hook")
        return address

    def shown(self, address: str) -> str:
        """Return scheme and host: anything behind may be secret, as it is with chats."""
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}/…"

    def payload(self, notification: Notification) -> dict[str, Any]:
        """Return what is posted."""
        return {
            "id": notification.id,
            "event": notification.happening.value,
            "title": notification.title,
            "text": notification.text,
            "link": notification.link,
            "group" if notification.group else "run": notification.about,
        }

    def send(self, notification: Notification) -> None:
        """Post it, with its id in the header ``Omega-Notification``.

        Raises
        ------
        NotificationError
            As `posting.post` does.
        """
        post(
            self.channel,
            notification.address,
            self.payload(notification),
            headers={"Omega-Notification": notification.id},
            private=self.config.webhook_hosts.lower().split(),
        )
