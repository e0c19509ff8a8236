"""Signing: what runs code when it is loaded is vouched for by a key outside the database."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import ConfigError, UntrustedObjectError
from omegaml_lab.storage.keyfile import KEY_LENGTH, key_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from omegaml_lab.storage.blobs import Data

__all__ = ["Signer", "Signing"]

_PURPOSE = b"omega-lab signature 1\0"
_SECRET = b"omega-lab secret 1\0"


class Signer:
    """Signs content and checks signatures, with the keys of this deployment (HMAC-SHA256).

    A signature covers the kind and the content, not the name: it outlives renames, copies and
    transfers. Keys are read, and the first one made, when they are first needed.

    Parameters
    ----------
    keys
        The keys; the first one signs, each is good to check.
    file
        The file that holds them, one a line, when there are no `keys`.
    """

    def __init__(self, keys: Sequence[bytes] = (), *, file: Path | None = None) -> None:
        self._keys = list(keys)
        self._file = file

    @classmethod
    def of(cls, *, key: str | None, file: Path | None, home: Path) -> Signer:
        """Return the signer that the settings describe: a key, a file, or a key in `home`."""
        if key is not None:
            return cls([key.encode()])
        return cls(file=file or home / "signing.key")

    def begin(self, kind: str) -> Signing:
        """Return what signs content of a kind that is not in memory as a whole.

        Raises
        ------
        ConfigError
            If there is no key, or its file cannot be used.
        """
        return Signing(self._all()[0], kind)

    def sign(self, kind: str, content: Data) -> dict[str, str]:
        """Return the signature of a content; errors like `begin`."""
        signing = self.begin(kind)
        signing.update(content)
        return signing.signature()

    def check(
        self,
        signature: Mapping[str, Any] | None,
        name: str,
        kind: str,
        parts: Iterable[Data],
        *,
        remedy: str = "If you have the object, put it again: that signs it",
    ) -> None:
        """Return if a key of this deployment has signed the content, given in parts.

        `remedy` says what to do when nobody has.

        Raises
        ------
        UntrustedObjectError
            If the signature of the object `name` is missing or wrong, or its key unknown.
        """
        if not signature:
            reason = (
                f"what is kept as {kind} can run any code when it is loaded, and nobody has"
                f" signed it. {remedy}"
            )
            raise UntrustedObjectError(name, reason)
        known = {_id_of(key): key for key in self._all()}
        key = known.get(str(signature.get("key")))
        if key is None:
            reason = (
                f"it is signed with the key {signature.get('key')}, which is unknown here"
                f" (known: {', '.join(known)}). Who shares a repository shares a key: set"
                " OMEGA_SIGNING_KEY or OMEGA_SIGNING_KEY_FILE"
            )
            raise UntrustedObjectError(name, reason)
        signing = Signing(key, kind)
        for part in parts:
            signing.update(part)
        if not signing.agrees(str(signature.get("mac"))):
            reason = (
                "its content is not what was signed, so somebody has changed it in the database."
                " Get an earlier revision, and find out who"
            )
            raise UntrustedObjectError(name, reason)

    def secret(self, purpose: str) -> bytes:
        """Return 32 bytes that all who have the first key derive for a purpose, and nobody else.

        Raises
        ------
        ConfigError
            Like `begin`.
        """
        return hmac.digest(self._all()[0], _SECRET + purpose.encode(), "sha256")

    def _all(self) -> list[bytes]:
        if not self._keys:
            if self._file is None:
                reason = "there is none here; set OMEGA_SIGNING_KEY or OMEGA_SIGNING_KEY_FILE"
                raise ConfigError("signing_key", None, reason)
            self._keys = _keys_in(self._file)
        return self._keys


class Signing:
    """The signature of a content while it grows."""

    def __init__(self, key: bytes, kind: str) -> None:
        self._id = _id_of(key)
        said = kind.encode()
        header = _PURPOSE + len(said).to_bytes(4, "big") + said
        self._mac = hmac.new(key, header, hashlib.sha256)

    def update(self, part: Data) -> None:
        """Add the next part."""
        self._mac.update(part)

    def through(self, parts: Iterable[Data]) -> Iterator[Data]:
        """Yield the parts, each added."""
        for part in parts:
            self.update(part)
            yield part

    def signature(self) -> dict[str, str]:
        """Return the signature: which key, and the code."""
        return {"key": self._id, "mac": self._mac.hexdigest()}

    def agrees(self, mac: str) -> bool:
        """Say whether this is the code; how long that takes tells nothing about it."""
        return hmac.compare_digest(self._mac.hexdigest().encode(), mac.encode())


def _id_of(key: bytes) -> str:
    return hashlib.sha256(b"omega-lab key id\0" + key).hexdigest()[:12]


def _keys_in(file: Path) -> list[bytes]:
    # A file without a final newline and one with it hold the same key.
    keys = key_from(file, "signing key file").split()
    if not keys or min(len(key) for key in keys) < KEY_LENGTH // 2:
        reason = "each of its lines must be a key; `openssl rand -hex 32` makes one"
        raise ConfigError("signing key file", str(file), reason)
    return keys
