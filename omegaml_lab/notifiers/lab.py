"""The channel ``lab``: a notice in the JupyterLab of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from omegaml_lab.notifiers.notifier import Notifier

if TYPE_CHECKING:
    from omegaml_lab.core.notifications import Notification

__all__ = ["LabNotifier"]


class LabNotifier(Notifier):
    """Tells a user in JupyterLab.

    The address is the name of a user; ``owner`` stands for whoever asked for the run. The
    record of the notification is all it takes: each Jupyter server follows these records, and
    shows those of its user.
    """

    channel: ClassVar[str] = "lab"

    def check(self, address: str) -> str:
        """Return the name of a user."""
        if not address:
            return "owner"
        if any(character.isspace() for character in address):
            raise self.refuse("it takes the name of one user, or owner for who asked")
        return address

    def send(self, notification: Notification) -> None:
        """Do nothing: that it counts as sent from now on is what the servers wait for."""
