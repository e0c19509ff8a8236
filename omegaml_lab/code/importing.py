"""Importing: modules that Python finds in a folder of the repository.

`install` puts one more entry on ``sys.path``, and a hook that answers for it. What is imported
is written below that entry first, so that to everything else (tracebacks, ``inspect``,
debuggers, processes that multiprocessing and joblib start) it is a module from a file.
"""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
import tempfile
import threading
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from types import FrameType, ModuleType

__all__ = ["FoundModule", "ModuleFinder", "ModuleSource", "install", "refresh_modules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundModule:
    """A module as it is kept; `source` is None of a folder that is no package."""

    source: bytes | None
    package: bool
    modified: datetime


class ModuleSource(Protocol):
    """A tree of folders with modules in it. Paths are below its top, which is ``""``."""

    def find(self, folder: str, name: str) -> FoundModule | None:
        """Return the module of that name in a folder, None where there is none."""

    def names(self, folder: str) -> Sequence[tuple[str, bool]]:
        """Return the names of the modules in a folder, and whether each is a package."""


def install(source: ModuleSource, top: Path) -> None:
    """Let Python find the modules of `source` behind what is installed.

    What Python finds in the folder that it was started in comes last. An installed module that
    probes for another one while it is imported itself is not answered from `source`.

    Parameters
    ----------
    source
        Where they are.
    top
        A folder of this process that is written to when something is imported.
    """
    lock, entry = threading.Lock(), str(top)

    def hook(path: str) -> ModuleFinder:
        if path != entry and not path.startswith(entry + os.sep):
            raise ImportError(path)
        folder = "" if path == entry else Path(path).relative_to(top).as_posix()
        return ModuleFinder(source, folder, Path(path), lock)

    sys.path_hooks.insert(0, hook)
    here = [path for path in sys.path if path == ""]
    sys.path[:] = [*(path for path in sys.path if path != ""), entry, *here]


def refresh_modules() -> None:
    """Write down what was imported so far as it is now, for who looks at files to reload them."""
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if spec is not None and isinstance(spec.loader, _Loader) and spec.name == name:
            package = sys.modules.get(name.rpartition(".")[0])
            PathFinder.find_spec(name, getattr(package, "__path__", None), module)


class ModuleFinder:
    """Finds the modules of one folder: the finder of one entry of ``sys.path``."""

    def __init__(
        self, source: ModuleSource, folder: str, place: Path, lock: threading.Lock
    ) -> None:
        self._source = source
        self._folder = folder
        self._place = place
        self._lock = lock

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return how to import a module, written down as it is now; None where there is none.

        `target` is a module that is reloaded.
        """
        name = fullname.rpartition(".")[2]
        at_top = not self._folder and target is None
        if os.sep in name or (at_top and _asked_by_installed(sys._getframe(1))):  # noqa: SLF001
            return None
        found = self._source.find(self._folder, name)
        if found is None:
            return None
        inside = [str(self._place / name)]
        if found.source is None:  # a portion of a namespace package, as Python's own finder says
            spec = ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = inside
            return spec
        file = self._place / (f"{name}/__init__.py" if found.package else f"{name}.py")
        self._write(file, found.source, found.modified)
        return spec_from_file_location(
            fullname,
            file,
            loader=_Loader(fullname, str(file)),
            submodule_search_locations=inside if found.package else None,
        )

    def iter_modules(self, prefix: str = "") -> Iterator[tuple[str, bool]]:
        """Yield what :mod:`pkgutil` wants to know: names, and which are packages."""
        for name, package in self._source.names(self._folder):
            yield prefix + name, package

    def invalidate_caches(self) -> None:
        """Do nothing: every answer is a new one."""

    def _write(self, file: Path, content: bytes, modified: datetime) -> None:
        with self._lock:
            with contextlib.suppress(OSError):
                if file.read_bytes() == content:  # autoreload would run it once more
                    return
            file.parent.mkdir(parents=True, exist_ok=True)
            # Whole at any moment: other processes may read it.
            handle, part = tempfile.mkstemp(dir=file.parent, suffix=".part")
            with os.fdopen(handle, "wb") as target:
                target.write(content)
            os.utime(part, (modified.timestamp(), modified.timestamp()))
            Path(part).replace(file)


class _Loader(SourceFileLoader):
    """Compiles each time: byte code would be of a file that may change within a clock tick."""

    def path_stats(self, path: str) -> NoReturn:
        raise OSError(path)


def _asked_by_installed(frame: FrameType | None) -> bool:
    """Say whether an installed module, being imported, looks for another one.

    It looks for what is optional then. What libraries load by name on behalf of people, as
    when a model is read, is asked for in a function that somebody's code has called.
    """
    while frame is not None:
        if not frame.f_code.co_filename.startswith(_INSTALLED):
            return False
        if frame.f_code.co_name == "<module>":
            return True
        frame = frame.f_back
    return False


_PATHS = ("stdlib", "platstdlib", "purelib", "platlib")
# An environment may be on top of another one, whose packages are installed just as well.
_SITES = (path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"})
_FOLDERS = (*(sysconfig.get_path(name) for name in _PATHS), *_SITES)
_INSTALLED = ("<frozen", *(folder + os.sep for folder in _FOLDERS))
