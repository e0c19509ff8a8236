"""What moves hide of the jobs store while they go on."""

from __future__ import annotations

import contextlib
import os
import socket
import uuid
import zlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tornado.web import HTTPError

from omegaml_lab.core.errors import InvalidNameError, ObjectExistsError, OmegaError
from omegaml_lab.core.names import Name
from omegaml_lab.server.contents.jobtree import stamp
from omegaml_lab.server.contents.models import NOTEBOOK_SUFFIX
from omegaml_lab.server.contents.mounts import join

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from omegaml_lab.core.trash import Dropped
    from omegaml_lab.server.contents.jobfiles import JobFiles
    from omegaml_lab.server.contents.mounts import Entry
    from omegaml_lab.store.jobs import JobStore

__all__ = ["JobArrival", "JobDeparture", "depart"]

_ABANDONED = timedelta(hours=1)


class JobArrival:
    """A file or folder that gets its name, in one step, when it is whole.

    Parameters
    ----------
    files
        Those of the bucket in which what is not whole yet waits.
    jobs, path
        Where it goes.
    """

    def __init__(self, files: JobFiles, jobs: JobStore, path: str) -> None:
        self._files = files
        self._jobs = jobs
        self._path = path
        self._root = f"{uuid.uuid4().hex[:12]}{_here()}-{os.getpid()}"
        _clear(files.jobs)

    def create_folder(self, path: str) -> None:
        """Make a folder."""
        with self._named(path):
            self._files.create_folder(self._at(path))

    def create(self, path: str, source: BinaryIO) -> None:
        """Write a file; only a notebook is read whole."""
        whole = join(self._path, path).endswith(NOTEBOOK_SUFFIX)
        with self._named(path):
            self._files.create(self._at(path), source.read() if whole else source)

    def erase(self, path: str) -> None:
        """Delete a file or folder for good, if it is there."""
        self._forget(self._at(path))

    def show(self) -> None:
        """Give it its name; 409 if that is taken."""
        try:
            self._files.jobs.move(Name(self._at("")), Name(self._path), bucket=self._jobs.bucket)
        except ObjectExistsError as error:
            raise HTTPError(409, f"File already exists: {self._path}") from error
        self.discard()

    def discard(self) -> None:
        """Forget it."""
        with contextlib.suppress(OmegaError):  # a later move does
            self._forget(self._root)

    @contextlib.contextmanager
    def _named(self, path: str) -> Iterator[None]:
        """Tell what can have no name here by the name that it was to have."""
        try:
            yield
        except InvalidNameError as error:
            raise InvalidNameError(join(self._path, path), error.reason) from error

    def _forget(self, path: str) -> None:
        self._files.jobs.drop(Name(path), recursive=True, missing_ok=True, keep=False)

    def _at(self, path: str) -> str:
        return join(f"{self._root}/{self._path.rpartition('/')[2]}", path)


class JobDeparture:
    """A file or folder that is in the trash, from which it can come back."""

    def __init__(self, jobs: JobStore, dropped: Dropped) -> None:
        self._jobs = jobs
        self._dropped = dropped

    def erase(self) -> None:
        """Leave it in the trash."""

    def put_back(self) -> None:
        """Bring it back.

        Raises
        ------
        HTTPError
            409 if its name was taken since: it stays in the trash.
        """
        try:
            self._jobs.restore(self._dropped)
        except ObjectExistsError as error:
            name = self._dropped.name
            reason = f"{name} was made anew while it was moved: what was there is in the trash."
            raise HTTPError(409, reason) from error


def depart(jobs: JobStore, path: str, expected: Sequence[Entry]) -> JobDeparture | None:
    """Drop what is at `path`; None, and it stays, if it is not what is `expected`."""
    jobs.drop(Name(path), recursive=True)
    found = jobs.trash(search=path).items
    dropped = next(entry for entry in found if entry.name == path)
    departure = JobDeparture(jobs, dropped)
    with_it = {name: stamp(entry) for name, entry in _with(dropped, found)}
    if with_it == {join(path, entry.path): entry.stamp for entry in expected}:
        return departure
    departure.put_back()
    return None


def _with(dropped: Dropped, found: Sequence[Dropped]) -> Iterator[tuple[str, Dropped]]:
    """Yield what went to the trash in one step with `dropped`, and that itself."""
    for entry in found:
        inside = entry.name == dropped.name or entry.name.startswith(f"{dropped.name}/")
        if inside and entry.dropped == dropped.dropped:
            yield entry.name, entry


def _clear(jobs: JobStore) -> None:
    """Forget what was left by moves that did not come to their end."""
    long_ago = datetime.now(UTC) - _ABANDONED
    for root in jobs.children():
        below = jobs.entries(root.name, recursive=True).items
        latest = max([root.modified, *(entry.modified for entry in below)])
        if _has_ended(root.name) or latest < long_ago:
            jobs.drop(Name(root.name), recursive=True, missing_ok=True, keep=False)


def _here() -> str:
    """Return what tells this machine, or container, from others whose processes are not seen."""
    place = socket.gethostname()
    with contextlib.suppress(OSError):  # containers may share the name of their machine
        place += os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - it leads to no path
    return f"-{zlib.crc32(place.encode()):08x}"


def _has_ended(root: str) -> bool:
    """Say whether the process that a root is named after was of this machine, and has ended."""
    began, _, pid = root.rpartition("-")
    if not began.endswith(_here()) or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False
