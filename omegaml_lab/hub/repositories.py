"""The repository of a hub user: which database, which MongoDB user, which password.

All of it follows from the user's name and one deployment key, so nothing has to be kept: a
hub that lost its own database still finds everybody's repository.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from omegaml_lab.storage.access import grant_database
from omegaml_lab.storage.keyfile import key_from

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "HubRepository",
    "database_name",
    "deployment_key",
    "provision",
    "repository_of",
    "signing_key_of",
]

_PLAIN = re.compile(r"[a-z0-9_]{1,40}")
_OWNER = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubRepository:
    """Where one hub user's repository is, and how it is opened."""

    database: str
    user: str
    password: str = field(repr=False)
    url: str = field(repr=False)


def database_name(username: str) -> str:
    """Return the database of `username`: readable, legal in MongoDB, one for each user.

    MongoDB compares names without regard to case and forbids several characters, so what is
    not plain gets a hash of the whole name; a plain name never has the hyphen before it.
    """
    if _PLAIN.fullmatch(username):
        return f"omega_{username}"
    readable = re.sub(r"[^a-z0-9]+", "_", username.lower())[:30].strip("_")
    digest = hashlib.sha256(username.encode("utf-8")).hexdigest()[:12]
    return f"omega_{readable}-{digest}"


def deployment_key(path: Path) -> bytes:
    """Return the key of this deployment; the first call makes it, for its owner's eyes only.

    Who has it can open every repository; who loses it gives all users new passwords.

    Raises
    ------
    ConfigError
        If the file holds less than a key: anybody could guess the passwords made from it.
    """
    return key_from(path, "hub key")


def signing_key_of(username: str, *, key: bytes) -> str:
    """Return the key by which the objects of `username` are signed, wherever they are loaded."""
    return hmac.new(key, f"signing:{username}".encode(), hashlib.sha256).hexdigest()


def repository_of(username: str, *, admin_url: str, key: bytes) -> HubRepository:
    """Return the repository of `username` on the server that `admin_url` names."""
    database = database_name(username)
    password = hmac.new(key, f"mongodb:{username}".encode(), hashlib.sha256).hexdigest()
    parts = urlsplit(admin_url)
    hosts = parts.netloc.rpartition("@")[2]
    options = {
        name: value
        for name, value in parse_qsl(parts.query)
        if not name.lower().startswith("auth")
    }
    url = urlunsplit(
        (
            parts.scheme,
            f"{quote(_OWNER)}:{quote(password)}@{hosts}",
            f"/{quote(database)}",
            urlencode(options | {"authSource": database}),
            "",
        )
    )
    return HubRepository(database=database, user=_OWNER, password=password, url=url)


def provision(username: str, *, admin_url: str, key: bytes) -> HubRepository:
    """Make sure that the repository of `username` can be opened, by that user alone.

    Raises
    ------
    StorageUnavailableError
        If MongoDB does not answer, or the user in `admin_url` may not make users.
    """
    repository = repository_of(username, admin_url=admin_url, key=key)
    grant_database(
        admin_url,
        database=repository.database,
        user=repository.user,
        password=repository.password,
    )
    return repository
