"""The channel ``email``: mail, through the server that the settings of the sender name."""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote, urlsplit

from omegaml_lab.core.errors import NotificationError
from omegaml_lab.notifiers.notifier import Notifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.core.notifications import Notification

__all__ = ["MailNotifier"]

_TIMEOUT = 10.0
_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
# One address and nothing that a server could take for more than one, or for a header.
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@(?:[\w-]{1,63}\.)*[\w-]{1,63}")


class MailNotifier(Notifier):
    """Sends mail. The address is one of mail.

    The server is ``smtp_url`` of the sender's settings: ``smtp://`` insists on STARTTLS,
    ``smtps://`` speaks TLS from the start, ``smtp+plain://`` has neither TLS nor a password.
    """

    channel: ClassVar[str] = "email"

    def check(self, address: str) -> str:
        """Return an address of mail."""
        if not _ADDRESS.fullmatch(address) or "=?" in address:  # which begins what is encoded
            raise self.refuse("it takes one address, as ann@example.org")
        return address

    def send(self, notification: Notification) -> None:
        """Hand the message to the server.

        Raises
        ------
        NotificationError
            If the server cannot be reached or does not take it; `final` if it never will.
        """
        if self.config.smtp_url is None:
            reason = "there is no mail server: set OMEGA_SMTP_URL where `omega scheduler` runs"
            raise NotificationError(self.channel, reason)
        message = self._message(notification)
        try:
            with self._server() as server:
                # To these and no others, whatever can be read into the headers.
                server.send_message(message, self._sender(), [notification.address])
        except smtplib.SMTPRecipientsRefused as error:
            code = max(code for code, _ in error.recipients.values())
            reason = f"the mail server does not take mail for it (it said {code})"
            raise NotificationError(self.channel, reason, final=code >= 500) from None
        except smtplib.SMTPAuthenticationError as error:
            reason = f"the mail server refuses our user and password (it said {error.smtp_code})"
            raise NotificationError(self.channel, reason) from None
        except smtplib.SMTPResponseException as error:
            final = 550 <= error.smtp_code < 600
            reason = f"the mail server said {error.smtp_code} {_text(error.smtp_error)}"
            raise NotificationError(self.channel, reason, final=final) from None
        except (smtplib.SMTPException, OSError) as error:  # a failure of TLS is an OSError
            reason = f"the mail server cannot be used: {type(error).__name__}: {error}"
            raise NotificationError(self.channel, reason) from None

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        url = urlsplit(self.config.smtp_url or "")
        assert url.hostname is not None  # noqa: S101 - it is checked when settings are read
        port = url.port or _PORTS[url.scheme]
        context = ssl.create_default_context()
        server = (
            smtplib.SMTP_SSL(url.hostname, port, timeout=_TIMEOUT, context=context)
            if url.scheme == "smtps"
            else smtplib.SMTP(url.hostname, port, timeout=_TIMEOUT)
        )
        with server:
            if url.scheme == "smtp":
                server.starttls(context=context)  # raises where the server does not offer it
            if url.username is not None:
                server.login(unquote(url.username), unquote(url.password or ""))
            yield server

    def _message(self, notification: Notification) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = notification.title
        message["From"] = f"Omega Lab <{self._sender()}>"
        message["To"] = notification.address
        message["Date"] = format_datetime(notification.created_at)
        # A second copy of the same notification has the same id, so that mailboxes can tell.
        message["Message-ID"] = f"<{notification.id}@omega-lab.invalid>"
        message["Auto-Submitted"] = "auto-generated"  # nobody's absence is to be told to it
        link = f"\n\n{notification.link}" if notification.link else ""
        message.set_content(f"{notification.text}{link}\n")
        return message

    def _sender(self) -> str:
        user = unquote(urlsplit(self.config.smtp_url or "").username or "")
        sender = self.config.mail_from or user
        if not _ADDRESS.fullmatch(sender):
            reason = "mail needs a sender: set OMEGA_MAIL_FROM where `omega scheduler` runs"
            raise NotificationError(self.channel, reason)
        return sender


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
