"""Environments of notebooks: what they require, installed once and kept for later runs.

Each is a folder that is written once, and exists from the moment in which a record beside it
names it; a process that dies over it leaves a folder that nobody knows, which the next one
removes. Whoever makes or uses an environment holds a lock on it, which the system drops when
that process ends: two that need the same one wait for each other, on one machine and on those
that share the folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import re
import secrets
import shlex
import shutil
import sys
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaml_lab.code.requirements import missing
from omegaml_lab.core.errors import RequirementsRefusedError
from omegaml_lab.runtime.environments.installing import base_packages, install, python_in
from omegaml_lab.runtime.environments.locks import FileLock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from omegaml_lab.config import Config

__all__ = ["Environment", "Environments", "index_urls"]

_PAUSE = 0.1
_KEY = re.compile("[0-9a-f]{32}")
_URL = re.compile(r"\w+://[^\s'\"]+")
_INDEXES = (
    *(f"PIP_{name}" for name in ("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "PROXY")),
    *(f"UV_{name}" for name in ("INDEX", "DEFAULT_INDEX", "INDEX_URL", "EXTRA_INDEX_URL")),
)
_WAITING = "Another run prepares the environment; this one waits for it.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What some notebooks require, installed in a `folder`; `size` is in bytes.

    `lock` is a descriptor of the file `locked`: as long as a process has it, or a shared lock on
    that file, the environment is not removed.
    """

    requires: tuple[str, ...]
    folder: Path
    size: int = 0
    lock: int | None = None
    locked: Path | None = None

    @property
    def python(self) -> str:
        """The program that kernels of this environment run."""
        return str(python_in(self.folder))

    @property
    def variables(self) -> dict[str, str]:
        """What tells the programs that a kernel starts where it is."""
        path = os.pathsep.join((str(self.folder / "bin"), os.environ.get("PATH", os.defpath)))
        return {"VIRTUAL_ENV": str(self.folder), "PATH": path}

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"requires": [*self.requires], "folder": str(self.folder), "size": self.size}


class Environments:
    """The environments in a home folder; processes may share it.

    Parameters
    ----------
    home
        The folder that ``environments`` is in.
    policy
        ``install``, or ``refuse`` to have only what the worker's own environment has.
    options
        Options of pip or uv.
    unused
        How long an environment is kept that no run uses.
    """

    def __init__(
        self,
        home: Path,
        *,
        policy: str = "install",
        options: str = "",
        unused: timedelta = timedelta(days=30),
    ) -> None:
        self._folder = home / "environments"
        self._policy = policy
        self._options = shlex.split(options)
        self._unused = unused

    @classmethod
    def of(cls, config: Config) -> Environments:
        """Return those of a worker with these settings."""
        return cls(
            config.home,
            policy=config.environments,
            options=config.environment_options,
            unused=timedelta(days=config.environment_days),
        )

    @contextlib.asynccontextmanager
    async def using(
        self, requires: Sequence[str], *, say: Callable[[str], None]
    ) -> AsyncIterator[Environment | None]:
        """Have an environment that meets `requires` for as long as the block goes on.

        It is None when the worker's own does. `say` is told how it is prepared.

        Raises
        ------
        RequirementsRefusedError
            If this worker installs nothing.
        InstallationError
            If what is required cannot be installed.
        """
        lacking = missing(requires)
        if not lacking:
            yield None
            return
        if self._policy == "refuse":
            remedy = (
                "Install it where that worker runs, or have the run require the label of a worker"
                " that has it or installs it; `omega workers list` shows them."
            )
            raise RequirementsRefusedError(lacking, "its administrator set it so", remedy)
        key = self._key(requires)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            with FileLock(self._lock_file(key)) as lock:
                await _acquire(lock, shared=True, say=say)
                if (found := self._find(key)) is not None:
                    os.utime(self._record(key))  # it is used now
                    yield replace(found, lock=lock.descriptor, locked=self._lock_file(key))
                    return
            await self._build(key, requires, say)

    async def _build(self, key: str, requires: Sequence[str], say: Callable[[str], None]) -> None:
        """Make an environment, unless another process does."""
        with FileLock(self._lock_file(key)) as lock:
            await _acquire(lock, shared=False, say=say)
            if self._find(key) is not None:
                return
            self._remove_leftovers(key)
            folder = self._folder / f"{key}.{secrets.token_hex(4)}"
            say(f"An environment with {', '.join(requires)} is prepared.\n")
            began = time.monotonic()
            try:
                await install(requires, folder, options=self._options, say=say)
            except BaseException:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
                raise
            self._publish(key, requires, folder)
            say(f"The environment was prepared in {time.monotonic() - began:.1f} s.\n")

    def collect(self, *, dry_run: bool = False) -> list[Environment]:
        """Remove what no run has used for long, and what was never finished; return what it was.

        What is in use, or is made at the moment, is left alone.
        """
        if not self._folder.is_dir():
            return []
        names = (path.name.partition(".")[0] for path in self._folder.iterdir())
        keys = {name for name in names if _KEY.fullmatch(name)}
        return [found for key in sorted(keys) if (found := self._collected(key, dry_run=dry_run))]

    def _collected(self, key: str, *, dry_run: bool) -> Environment | None:
        with FileLock(self._lock_file(key)) as lock:
            if not lock.take(shared=False):
                return None
            found, record = self._find(key), self._record(key)
            if found is not None:
                if time.time() - record.stat().st_mtime < self._unused.total_seconds():
                    return None
                found = Environment(
                    requires=found.requires, folder=found.folder, size=_size(found.folder)
                )
            if not dry_run:
                record.unlink(missing_ok=True)  # first: what is removed in part is not used
                self._remove_leftovers(key)
                self._lock_file(key).unlink(missing_ok=True)
            return found

    def _key(self, requires: Sequence[str]) -> str:
        """Return the name of the environment of these requirements on top of this one."""
        base = base_packages()
        parts = [[*requires], self._options, sys.version, sys.prefix, sys.base_prefix, base]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

    def _find(self, key: str) -> Environment | None:
        try:
            record = json.loads(self._record(key).read_text("utf-8"))
            found = Environment(
                requires=tuple(record["requires"]), folder=self._folder / record["folder"]
            )
        except (FileNotFoundError, ValueError, LookupError, TypeError):
            return None  # none, or what the end of the machine has left of one
        # Somebody may have tidied up by hand, or Python has moved.
        return found if python_in(found.folder).exists() else None

    def _publish(self, key: str, requires: Sequence[str], folder: Path) -> None:
        record, new = self._record(key), folder / "omega.json"
        new.write_text(json.dumps({"folder": folder.name, "requires": [*requires]}), "utf-8")
        new.replace(record)

    def _remove_leftovers(self, key: str) -> None:
        for path in self._folder.glob(f"{key}.*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)

    def _record(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _lock_file(self, key: str) -> Path:
        return self._folder / f"{key}.lock"


def index_urls(config: Config) -> list[str]:
    """Return the addresses that pip and uv are given here: they may have passwords in them."""
    given = (os.environ.get(name, "") for name in _INDEXES)
    return [url for text in (config.environment_options, *given) for url in _URL.findall(text)]


async def _acquire(lock: FileLock, *, shared: bool, say: Callable[[str], None]) -> None:
    told = False
    while not lock.take(shared=shared):
        if not told:
            told = True
            say(_WAITING)
        await asyncio.sleep(_PAUSE)


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
