"""Keys in files: made once, for their owner's eyes only."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KEY_LENGTH", "key_from"]

KEY_LENGTH = 64
"""Characters of a key that we make: 32 random bytes in hexadecimal digits."""


def key_from(path: Path, setting: str) -> bytes:
    """Return the key in a file; the first call makes both.

    Raises
    ------
    ConfigError
        If the file holds less than a key, which anybody could guess.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _make(path)
    key = path.read_bytes()
    if len(key) < KEY_LENGTH:
        reason = "it holds no whole key; restore it, or remove it to have a new one made"
        raise ConfigError(setting, str(path), reason)
    return key


def _make(path: Path) -> None:
    """Write a new key, whole or not at all; of two at once, the first one's stays."""
    draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(KEY_LENGTH // 2).encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
