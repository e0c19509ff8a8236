"""Errors about notifications and who gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.errors.base import OmegaError
from omegaml_lab.core.suggestions import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["InvalidRecipientError", "NotificationError", "RecipientNotFoundError"]


class InvalidRecipientError(OmegaError, ValueError):
    """Nobody can be told like this; `channel` and `reason` do not repeat the address."""

    def __init__(self, channel: str, reason: str) -> None:
        self.channel = channel
        self.reason = reason
        super().__init__(f"Nobody can be told by {channel!r} like this: {reason}.")

    @classmethod
    def unknown(cls, channel: str, known: Iterable[str]) -> InvalidRecipientError:
        """Return the error about a channel that no installed package has."""
        listed = sorted(known)
        hint = suggestion(channel, listed).removesuffix("?").replace("Did you mean", "perhaps")
        return cls(channel, f"there are the channels {', '.join(listed)};{hint}".rstrip(";"))


class RecipientNotFoundError(OmegaError, LookupError):
    """There is no recipient with this id."""

    def __init__(self, recipient: str) -> None:
        self.recipient = recipient
        super().__init__(
            f"There is no recipient {recipient!r}. `omega notifications recipients` lists all."
        )


class NotificationError(OmegaError, ConnectionError):
    """A notification was not delivered; with `final` another try would not help."""

    def __init__(self, channel: str, reason: str, *, final: bool = False) -> None:
        self.channel = channel
        self.reason = reason
        self.final = final
        super().__init__(f"Not delivered by {channel}: {reason}")
