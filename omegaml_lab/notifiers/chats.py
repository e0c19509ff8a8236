"""The channels ``slack`` and ``teams``: incoming webhooks of chats."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from omegaml_lab.core.notifications import Happening, Notification
from omegaml_lab.notifiers.webhook import WebhookNotifier

__all__ = ["SlackNotifier", "TeamsNotifier"]

_LONGEST = 2000  # Slack takes 3,000 characters a block, with the link, escaped ones as sent
_BAD = {Happening.FAILED, Happening.LOST}


class SlackNotifier(WebhookNotifier):
    """Posts to an incoming webhook of Slack, or of what speaks the same (Mattermost)."""

    channel: ClassVar[str] = "slack"

    def payload(self, notification: Notification) -> dict[str, Any]:
        """Return a message of Slack, in which nothing of ours is markup."""
        link = f"\n<{notification.link}|Open the result>" if notification.link else ""
        body = f"{_escaped(notification.text)}{link}"
        title = _escaped(notification.title)
        return {
            "text": title,
            "blocks": [
                {"type": "section", "text": {"type": "mrkdwn", "text": f"*{title}*"}},
                {"type": "section", "text": {"type": "mrkdwn", "text": body}},
            ],
        }


class TeamsNotifier(WebhookNotifier):
    """Posts an adaptive card to a workflow of Teams."""

    channel: ClassVar[str] = "teams"

    def payload(self, notification: Notification) -> dict[str, Any]:
        """Return a card, whose text is not markup but for what Teams itself makes of it."""
        color = "Attention" if notification.happening in _BAD else "Good"
        card: dict[str, Any] = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [
                {
                    "type": "TextBlock",
                    "text": notification.title,
                    "weight": "Bolder",
                    "color": color,
                    "wrap": True,
                },
                {"type": "TextBlock", "text": notification.text, "wrap": True},
            ],
        }
        if notification.link:
            action = {"type": "Action.OpenUrl", "title": "Open", "url": notification.link}
            card["actions"] = [action]
        kind = "application/vnd.microsoft.card.adaptive"
        attachment = {"contentType": kind, "contentUrl": None, "content": card}
        return {"type": "message", "attachments": [attachment]}


def _escaped(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"&[a-z]*$", "", escaped[:_LONGEST])  # half of an escape is none
