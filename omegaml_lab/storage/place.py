"""Where the embedded MongoDB keeps its things, for the eyes of its user alone."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Place", "free_port", "replace_text"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the embedded server keeps its things below the home folder."""

    home: Path

    @property
    def folder(self) -> Path:
        """All of it but the logs; mode 0700."""
        return self.home / "mongo"

    @property
    def data(self) -> Path:
        """What mongod calls its dbpath."""
        return self.folder / "data"

    @property
    def users(self) -> Path:
        """Each process that uses the server holds a shared lock on this file."""
        return self.folder / "users.lock"

    @property
    def start_lock(self) -> Path:
        """Who starts or stops the server holds an exclusive lock on this file."""
        return self.folder / "start.lock"

    @property
    def log(self) -> Path:
        """What mongod logs."""
        return self.home / "logs" / "mongod.log"

    @property
    def output(self) -> Path:
        """What the loader or mongod say before there is a log."""
        return self.home / "logs" / "mongod.out"

    def prepare(self) -> None:
        """Make the folders and the lock files, for this user's eyes only."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.folder, self.data, self.log.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
        for lock in (self.users, self.start_lock):
            lock.touch(mode=0o600)

    def make_secrets(self) -> None:
        """Choose passwords and port unless that was done; the caller holds the start lock."""
        for name in ("keyfile", "password"):
            write_once(self.folder / name, secrets.token_hex(32))
        write_once(self.folder / "port", str(free_port()))

    @property
    def port(self) -> int:
        """The port it listens on: chosen once, kept, and part of the replica set's config."""
        return int((self.folder / "port").read_text())

    @property
    def password(self) -> str:
        """The password of `USER`."""
        return (self.folder / "password").read_text()


def write_once(path: Path, text: str) -> None:
    """Write a private file unless it is there; whole or not at all, whatever happens."""
    if not path.exists() or path.stat().st_size == 0:
        replace_text(path, text)


def replace_text(path: Path, text: str) -> None:
    """Write a private file, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
