"""Files of kernels: when a server brings working copies in step with the repository."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.session import Session

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.server.contents.readonly import ReadOnlyFiles
from omegaml_lab.server.contents.turns import Turns
from omegaml_lab.server.kernels.workcopies import WorkingCopies
from omegaml_lab.store.budget import MOST
from omegaml_lab.store.scanning import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.config import Config
    from omegaml_lab.core.modules import ModuleFolder
    from omegaml_lab.server.contents.repository import RepositoryMount
    from omegaml_lab.server.threads import Threads

__all__ = ["KernelFiles"]

_log = logging.getLogger(__name__)

_PATIENCE = 5.0
"""Seconds that a kernel's start may wait for files before its user is told."""


class KernelFiles:
    """The working copies in which the kernels of one server work.

    They are brought in step when a kernel starts, has run a cell, and ends, and get what others
    change in the repository as soon as that is told. What its user is to know of it goes to
    `tell`, from any thread.
    """

    def __init__(self, config: Config, threads: Threads) -> None:
        self.tell: Callable[..., object] = lambda _, **__: None
        self.patience = _PATIENCE
        self._limit = config.files_megabytes
        self._copies = WorkingCopies(
            config.home / "work",
            limit=self._limit * 1e6,
            tell=self._tell,
        )
        self._bucket = config.bucket
        self._threads = threads  # of their own: who saves does not wait for what kernels leave
        self._streams: dict[str, Any] = {}
        self._syncs: dict[str, Turns] = {}
        self._pulls = Turns(lambda: threads.run(self._copies.pull))
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(
        self, kernel: str, where: ModuleFolder, mount: RepositoryMount, *, viewed: bool
    ) -> str | None:
        """Return the folder in which a kernel is to work; None if there cannot be one.

        What it writes there goes to the repository, unless nobody may write there, or it is
        the kernel of somebody who has a report `viewed`.
        """
        written = not (viewed or isinstance(mount.files, ReadOnlyFiles))

        def opened() -> str:
            jobs = lambda: mount.files.jobs  # noqa: E731
            return str(self._copies.open(kernel, where, jobs, written=written))

        opening = asyncio.ensure_future(self._threads.run(opened))
        try:
            done, _ = await asyncio.wait({opening}, timeout=self.patience)
            if not done:
                self.tell(self._waiting(where))
            return await opening
        except (OmegaError, OSError) as error:
            reason = reason_of(error) if isinstance(error, OSError) else str(error)
            line = (
                f"A kernel of {_called(where)} starts without the files beside its notebook:"
                f" {reason}. Start it again when that is mended."
            )
            _log.warning("%s", line)
            self.tell(line)
            return None

    def _waiting(self, where: ModuleFolder) -> str:
        return (
            f"A kernel of {_called(where)} starts as soon as the files beside its notebook are"
            f" copied to its machine, of which there may be {self._limit:g} MB (files_megabytes"
            f" sets the limit) and {MOST:,} files. What is large is better kept in the datasets."
        )

    def watch(self, kernel: str, manager: Any) -> None:
        """Bring its copy in step whenever a kernel has run something."""
        if not self._copies.has(kernel):
            return
        session = Session(config=manager.session.config, key=manager.session.key)

        def heard(parts: list[bytes]) -> None:
            _, signed = session.feed_identities(parts)
            message = session.deserialize(signed, content=False)  # outputs may be large
            of = message["parent_header"].get("msg_type")
            if (message["header"]["msg_type"], of) != ("status", "execute_request"):
                return
            if session.unpack(message["content"])["execution_state"] == "idle":
                self.left(kernel)

        self.forget(kernel)
        self._syncs[kernel] = Turns(lambda: self._threads.run(self._copies.sync, kernel))
        self._streams[kernel] = stream = manager.connect_iopub()
        stream.on_recv(heard)

    def left(self, kernel: str) -> None:
        """Hand over what a kernel has left: it has run something, or has died."""
        if kernel in self._syncs:
            self._soon(self._syncs[kernel].ask())

    def forget(self, kernel: str) -> None:
        """Listen to a kernel no more."""
        self._syncs.pop(kernel, None)
        stream = self._streams.pop(kernel, None)
        if stream is not None and not stream.closed():
            stream.close()

    def place(self, kernel: str) -> ModuleFolder | None:
        """Return the folder of a bucket that a kernel works in, None if it does in none."""
        return self._copies.place(kernel)

    async def close(self, kernel: str, *, but: str | None = None) -> None:
        """Bring the copy of a kernel that has ended, or works in `but` now, in step at last."""
        if self._copies.has(kernel):
            keep = None if but is None else Path(but)
            await self._threads.run(lambda: self._copies.close(kernel, but=keep))

    async def end(self) -> None:
        """Leave nothing behind after the last kernel."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._threads.run(self._copies.end)
        self._threads.close()

    def ended(self, kernel: str) -> None:
        """Do so as soon as there is time for it."""
        self.forget(kernel)
        self._soon(self.close(kernel))

    async def changed(
        self, *, store: str, name: str, previous: str | None = None, bucket: str | None = None
    ) -> None:
        """Give the copies what has changed in a store of a bucket, the user's own if None."""
        if store != "jobs":
            return
        bucket = bucket or self._bucket
        if previous is not None:
            await self._threads.run(self._copies.follow, bucket, previous, name)
        if self._copies.concern(bucket, name, previous):
            await self._pulls.ask()

    def _tell(self, line: str, **where: str) -> None:
        self.tell(line, **where)

    def _soon(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("A working copy is behind: %s", error)


def _called(where: ModuleFolder) -> str:
    return where.folder or "the top of the repository"
