"""The end of what a run printed, with secrets blotted out."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LogTail", "secrets_of"]

_SIZE = 16_384
_BLOT = "*****"


class LogTail:
    """Keeps the last 16,384 characters of a text that grows.

    Parameters
    ----------
    secrets
        Texts that are never shown.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._parts: deque[str] = deque()
        self._size = 0
        self._secrets = sorted({s for s in secrets if s}, key=len, reverse=True)

    def write(self, text: str) -> None:
        """Append `text`."""
        if not text:
            return
        self._parts.append(text[-_SIZE:])
        self._size += len(self._parts[-1])
        while self._size - len(self._parts[0]) >= _SIZE:
            self._size -= len(self._parts.popleft())

    def text(self) -> str:
        """Return the end of what was written."""
        # Blotted before it is cut: half a secret is a secret too.
        return self.clean("".join(self._parts))[-_SIZE:]

    def clean(self, text: str) -> str:
        """Return `text` without the secrets, and without halves of surrogate pairs."""
        text = text.encode("utf-8", "replace").decode()
        for secret in self._secrets:
            text = text.replace(secret, _BLOT)
        return text


def secrets_of(*urls: str | None) -> list[str]:
    """Return the passwords in `urls`, as they are written there and as they are meant."""
    found = [urlsplit(url).password for url in urls if url]
    return [form for password in found if password for form in (password, unquote(password))]
