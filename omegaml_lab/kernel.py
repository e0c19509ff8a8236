"""What a Python kernel is given: it imports the modules beside its notebook in the repository.

And it has its stdout and stderr again after a cell that has left them closed, or as None:
ipykernel writes to them after each cell, and without them never says that the cell has ended.

It is an extension of IPython. Jupyter servers and workers load it into the kernels that they
start for notebooks of the repository; in a kernel of another environment that has Omega Lab
``%load_ext omegaml_lab.kernel`` does. Nothing is connected to before a module is missing.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaml_lab.code.copynote import CopyNote
from omegaml_lab.code.importing import FoundModule, install, refresh_modules
from omegaml_lab.core.errors import InvalidNameError, OmegaError
from omegaml_lab.core.modules import MODULES, MODULES_HOME, ModuleFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.store.jobs import JobStore

__all__ = ["ModulesBeside", "load_ipython_extension"]

_AUTORELOAD = "IPython.extensions.autoreload"
_REST = 10.0
"""Seconds that a repository which did not answer is not asked again."""


def load_ipython_extension(shell: Any) -> None:
    """Give it to the kernel of `shell`: modules if it is known where its notebook is."""
    _keep_streams(shell)
    text = os.environ.get(MODULES)
    if text is None:
        return
    install(ModulesBeside(ModuleFolder.parse(text), CopyNote(Path.cwd())), _home())

    def refresh(_info: object) -> None:
        if _AUTORELOAD in shell.extension_manager.loaded:
            refresh_modules()

    shell.events.register("pre_run_cell", refresh)


def _keep_streams(shell: Any) -> None:
    own = {"stdout": sys.stdout, "stderr": sys.stderr}

    def look() -> None:
        for name, stream in own.items():
            if not _writable(getattr(sys, name, None)) and _writable(stream):
                setattr(sys, name, stream)
                stream.write(f"The cell left sys.{name} unusable: it is the notebook's again.\n")

    shell.events.register("post_execute", look)


def _writable(stream: Any) -> bool:
    try:
        stream.flush()
    except (AttributeError, TypeError, ValueError, OSError, RuntimeError):
        # None, closed, or no stream at all.
        return False
    return True


class ModulesBeside:
    """The modules of a folder of the jobs store, in the repository that the environment names.

    What is new in the working copy of the folder goes before, as on a disk: the repository has
    it after the cell that wrote it.

    Parameters
    ----------
    where
        The folder, as it is called when the kernel starts.
    note
        What is known of its working copy.
    """

    def __init__(self, where: ModuleFolder, note: CopyNote) -> None:
        self._where = where
        self._note = note
        self._store: JobStore | None = None
        self._asking = threading.local()
        self._rests_until = 0.0

    def find(self, folder: str, name: str) -> FoundModule | None:
        """Return a module as it is now; none, and a warning, when nobody answers."""
        if getattr(self._asking, "now", False):
            return None
        if (unkept := self._note.unkept(folder, name)) is not None:
            return unkept
        if time.monotonic() < self._rests_until:
            return None
        self._asking.now = True  # what opens the repository may miss modules itself
        try:
            return self._found(self._path(folder), name)
        except OmegaError as error:
            self._rests_until = time.monotonic() + _REST
            told = f"Whether the repository has a module {name!r} cannot be told: {error}"
            warnings.warn(told, RuntimeWarning, stacklevel=2)
            return None
        finally:
            self._asking.now = False

    def names(self, folder: str) -> Sequence[tuple[str, bool]]:
        """Return the names of the modules in a folder, and whether each is a package.

        Raises
        ------
        StorageUnavailableError
            If nobody answers.
        """
        return self._jobs.module_names(self._path(folder))

    def _found(self, folder: str, name: str) -> FoundModule | None:
        try:
            found = self._jobs.module(folder, name)
        except InvalidNameError:  # nothing can be kept under it
            return None
        if found is None:
            return None
        metadata, source = found
        package = metadata.name.endswith("/__init__.py")
        return FoundModule(source=source, package=package, modified=metadata.modified)

    @property
    def _jobs(self) -> JobStore:
        if self._store is None:
            from omegaml_lab.omega import Omega

            self._store = Omega(bucket=self._where.bucket).jobs
        return self._store

    def _path(self, folder: str) -> str:
        top = self._note.folder
        top = self._where.folder if top is None else top
        return "/".join(part for part in (top, folder) if part)


def _home() -> Path:
    """Return the folder for what is imported: a worker's, or one that ends with this process."""
    if given := os.environ.get(MODULES_HOME):
        return Path(given)
    folder, owner = tempfile.mkdtemp(prefix="omega-modules-"), os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # a fork of this process has it from us
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return Path(folder)
