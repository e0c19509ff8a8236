"""Posting JSON to a URL that somebody else chose.

Who may write to a repository chooses where the scheduler connects to, and the scheduler may
stand in a network where they do not. So the address of a host is looked up once, checked to be
one of the public internet, unless the settings name the host, and connected to as it was
checked; redirects are not followed, no proxy is asked, and nothing of an answer is told.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import ipaddress
import json
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from omegaml_lab.core.errors import NotificationError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from urllib.parse import SplitResult

__all__ = ["post"]

_TIMEOUT = 10.0  # seconds without a sign
_LONGEST = 30.0  # seconds in all
_AGAIN = frozenset({408, 425, 429})


def post(
    channel: str,
    url: str,
    payload: Mapping[str, Any],
    *,
    headers: Mapping[str, str],
    private: Collection[str] = (),
) -> None:
    """Post JSON.

    Parameters
    ----------
    channel
        Who posts, for errors.
    url
        Where to; a user and password in it are sent as basic authentication.
    payload, headers
        What is sent.
    private
        Hosts that may be on private networks; ``*`` stands for all.

    Raises
    ------
    NotificationError
        If the server cannot be reached, or must not be, or does not say 2xx. It tells neither
        the path nor the password.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        address = _address(channel, host, port, anywhere=bool({host, "*"} & set(private)))
        connection = _Pinned(host, port, address=address, secure=parts.scheme == "https")
        status = _post(connection, parts, json.dumps(payload).encode(), headers)
    except NotificationError:
        raise  # it is an OSError too
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        reason = f"{host}:{port} cannot be reached: {type(error).__name__}: {error}"
        raise NotificationError(channel, reason) from None
    if not 200 <= status < 300:
        hint = " (redirects are not followed)" if 300 <= status < 400 else ""
        final = status < 500 and status not in _AGAIN
        raise NotificationError(channel, f"{host} answered {status}{hint}", final=final)


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was checked, for a host of any name."""

    def __init__(self, host: str, port: int, *, address: str, secure: bool) -> None:
        super().__init__(host, port, timeout=_TIMEOUT)
        self.default_port = 443 if secure else 80
        self._address = address
        self._secure = secure

    def connect(self) -> None:
        """Connect to the address, and let TLS check the name."""
        self.sock = socket.create_connection((self._address, self.port), _TIMEOUT)
        if self._secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)

    def abort(self) -> None:
        """End the connection while another thread waits for it."""
        with contextlib.suppress(OSError):  # it has just been closed
            self.sock.shutdown(socket.SHUT_RDWR)


def _post(connection: _Pinned, url: SplitResult, body: bytes, headers: Mapping[str, str]) -> int:
    sent = {"Content-Type": "application/json", "User-Agent": "omega-lab", **headers}
    if url.username is not None:
        known = f"{unquote(url.username)}:{unquote(url.password or '')}".encode()
        sent["Authorization"] = f"Basic {base64.b64encode(known).decode()}"
    # A server that answers drop by drop would hold a thread of the scheduler for days.
    timer = threading.Timer(_LONGEST, connection.abort)
    timer.daemon = True
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    try:
        connection.connect()
        timer.start()
        connection.request("POST", target, body=body, headers=sent)
        return connection.getresponse().status
    finally:
        timer.cancel()
        connection.close()


def _address(channel: str, host: str, port: int, *, anywhere: bool) -> str:
    """Return the address to connect to."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if not anywhere and not all(_is_public(address) for address in addresses):
        reason = (
            f"{host} is on a private network; OMEGA_WEBHOOK_HOSTS, where `omega scheduler`"
            " runs, names the hosts of such that notifications may go to"
        )
        raise NotificationError(channel, reason, final=True)
    return addresses[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    return ip.is_global and not ip.is_multicast and (mapped is None or mapped.is_global)
