"""The embedded MongoDB of one home folder, shared by all processes that use that folder.

Each user holds a shared lock until it ends; the last one out stops the server, and a guard
process does so when the last one was killed. Nothing here is remembered between calls but
what the operating system knows: which locks are held and which process has the data folder.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import ServiceError
from omegaml_lab.storage.mongod import USER, Mongod
from omegaml_lab.storage.place import Place, replace_text

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "EmbeddedStatus",
    "data_folder",
    "ensure",
    "release",
    "running_url",
    "status",
    "users_file",
]

_LOCK_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedStatus:
    """What is known about the embedded server of a home folder."""

    running: bool
    pid: int | None
    port: int | None
    data: Path
    log: Path

    @property
    def address(self) -> str:
        """Host and port, empty when it has never run."""
        return f"127.0.0.1:{self.port}" if self.port else ""


@dataclass(slots=True)
class _Hold:
    """A claim of one process on the server of one home."""

    descriptor: int
    owner: int
    mongod: Mongod


# What this process holds, like its open files: one claim for a home, however many ask for it.
_holds: dict[Path, _Hold] = {}
_holds_lock = threading.RLock()


def ensure(home: Path, *, port: int | None = None) -> str:
    """Return the URL of the home's MongoDB, started if it does not run.

    Any number of processes and threads may call it at once. The server runs until the last
    process that called it has called :func:`release` or has ended, in whatever way.

    Parameters
    ----------
    home
        Folder of the data, secrets and logs; made if missing, readable by its user alone.
    port
        Port to use from now on when the server has to be started.

    Returns
    -------
    str
        A URL with user, password and database: a secret, to be handed on by environment only.

    Raises
    ------
    MissingDependencyError
        If there is no mongod, or it lacks a shared library.
    ServiceError
        If it does not start; the message has the last lines of its log.
    """
    place = Place(Path(home).expanduser().resolve())
    with _explained(place):
        place.prepare()
        with _holds_lock, _start_lock(place):
            place.make_secrets()
            mongod = _hold(place).mongod
            if mongod.process() is None or mongod.wait_ready() is not None:
                if port is not None:
                    replace_text(place.folder / "port", str(port))
                mongod.start()
            return _url(place)


def data_folder(home: Path, url: str) -> Path | None:
    """Return where the server that `url` leads to keeps its data, when it is that of `home`.

    Who is told so can tell a server that stopped on a full disk from one that is not there.
    """
    place = Place(Path(home).expanduser().resolve())
    try:
        ours = f"@127.0.0.1:{place.port}/" in url
    except (OSError, ValueError):
        return None
    return place.data if ours else None


def users_file(home: Path) -> Path:
    """Return the file on which a process holds a shared lock to be a user of the server."""
    return Place(Path(home).expanduser().resolve()).users


def running_url(home: Path) -> str | None:
    """Return the URL of the home's MongoDB if it takes writes now; nothing is started.

    The server may end at any moment: who wants to rely on it calls :func:`ensure`.
    """
    place = Place(Path(home).expanduser().resolve())
    return _url(place) if Mongod(place).takes_writes() else None


def release(home: Path) -> None:
    """Give up this process's claim; the last one out stops the server and waits for its end.

    Called by itself when the process exits.
    """
    place = Place(Path(home).expanduser().resolve())
    with _holds_lock:
        hold = _holds.pop(place.home, None)
        if hold is None:
            return
        try:
            if hold.owner == os.getpid():  # a forked child shares the lock: it is not its own
                with _start_lock(place):
                    _leave(hold)
        finally:
            os.close(hold.descriptor)


def status(home: Path) -> EmbeddedStatus:
    """Return what runs for `home`; nothing is started or made."""
    place = Place(Path(home).expanduser().resolve())
    process = Mongod(place).process()
    try:
        port = place.port
    except (OSError, ValueError):
        port = None
    return EmbeddedStatus(
        running=process is not None,
        pid=process.pid if process else None,
        port=port,
        data=place.data,
        log=place.log,
    )


@contextlib.contextmanager
def _explained(place: Place) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ServiceError("mongod", f"{place.home} cannot be written: {error}.") from error


def _url(place: Place) -> str:
    query = "authSource=admin&directConnection=true"
    return f"mongodb://{USER}:{place.password}@127.0.0.1:{place.port}/omega?{query}"


def _hold(place: Place) -> _Hold:
    hold = _holds.get(place.home)
    if hold is None or hold.owner != os.getpid():
        descriptor = os.open(place.users, os.O_RDONLY)
        # Waits while a guard stops the server whose last user is gone.
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        hold = _holds[place.home] = _Hold(descriptor, os.getpid(), Mongod(place))
    return hold


def _leave(hold: _Hold) -> None:
    try:
        fcntl.flock(hold.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # others still use it
    hold.mongod.stop()


@contextlib.contextmanager
def _start_lock(place: Place) -> Iterator[None]:
    """Let one process or thread at a time start or stop the server."""
    with place.start_lock.open("rb") as file:
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    reason = (
                        f"another process has been starting or stopping it for {_LOCK_SECONDS:g} s"
                    )
                    raise ServiceError("mongod", reason, log=str(place.log)) from None
                time.sleep(0.02)
        yield


@atexit.register
def _release_all() -> None:
    for home in list(_holds):
        with contextlib.suppress(ServiceError, OSError):
            release(home)
