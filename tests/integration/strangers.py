"""Programs that are not ours."""

from __future__ import annotations

import contextlib
import socket
import threading


def listener(port: int) -> socket.socket | None:
    """Return a socket on which somebody listens who hangs up; None while `port` is not free."""
    stranger = socket.socket()
    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
    except OSError:
        stranger.close()
        return None
    threading.Thread(target=_hang_up, args=(stranger,), daemon=True).start()
    return stranger


def _hang_up(stranger: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            stranger.accept()[0].close()
