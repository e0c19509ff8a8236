"""Loading: source becomes a module. This is where code of the repository is executed."""

from __future__ import annotations
import __future__

import atexit
import importlib
import linecache
import shutil
import sys
import tempfile
import threading
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidScriptError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["compiled", "execute", "import_package", "submodule"]

_lock = threading.RLock()
_roots: dict[str, Path] = {}
"""The folder that each imported package was unpacked to, by what it is imported as."""


def compiled(source: str, path: str, *, whole: bool) -> Any:
    """Return the code of `source`.

    A function alone (not `whole`) may be annotated with what is not there: its annotations
    are never evaluated.
    """
    flags = 0 if whole else __future__.annotations.compiler_flag
    return compile(source, path, "exec", flags=flags, dont_inherit=True)


def execute(source: str, name: str, path: str, *, whole: bool) -> ModuleType:
    """Return a new module that `source` was executed in.

    `path` is what tracebacks call it, and show the lines of.
    """
    module = ModuleType(f"omega_script_{name}")
    module.__file__ = path
    lines = source.splitlines(keepends=True)
    linecache.cache[path] = (len(source), None, lines, path)
    # Dataclasses and the like look up the module that they are defined in.
    sys.modules[module.__name__] = module
    exec(compiled(source, path, whole=whole), vars(module))  # noqa: S102 - what was asked for
    return module


def import_package(name: str, entry: str, files: Mapping[str, bytes], digest: str) -> ModuleType:
    """Return the package (or module) `entry` of a tree of files, imported under its own name.

    Another revision of it takes the place of the one that was imported before.

    Raises
    ------
    InvalidScriptError
        If something else of that name is imported already.
    """
    with _lock:
        there = sys.modules.get(entry)
        root = _roots.get(entry)
        if there is not None and root is None:
            where = getattr(there, "__file__", None) or "the interpreter"
            reason = f"the package {entry!r} is imported already, from {where}"
            raise InvalidScriptError(name, f"{reason}; load it in a process of its own")
        if there is not None and root is not None:
            if root.name == digest:
                return there
            _forget(entry, root)
        folder = _unpacked(name, files, digest)
        spec = PathFinder.find_spec(entry, [str(folder)])
        if spec is None or spec.loader is None:
            raise InvalidScriptError(name, f"there is no package {entry!r} in it")
        _roots[entry] = folder
        sys.path.append(str(folder))  # at the end: it hides nothing that is installed
        module = sys.modules[entry] = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            _forget(entry, folder)
            raise
        return module


def submodule(package: ModuleType, name: str) -> ModuleType:
    """Return a module of an imported package."""
    return importlib.import_module(f"{package.__name__}.{name}")


def _unpacked(name: str, files: Mapping[str, bytes], digest: str) -> Path:
    folder = _home() / digest
    for path, content in files.items():
        target = (folder / path).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise InvalidScriptError(name, f"it holds a file {path!r}, outside of its folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    importlib.invalidate_caches()
    return folder


def _home() -> Path:
    """Return the folder that packages of this process are unpacked to; it ends with it."""
    if "" not in _roots:
        _roots[""] = Path(tempfile.mkdtemp(prefix="omega-scripts-"))
        atexit.register(shutil.rmtree, _roots[""], ignore_errors=True)
    return _roots[""]


def _forget(entry: str, root: Path) -> None:
    """Drop all modules that came from a folder."""
    _roots.pop(entry, None)
    if str(root) in sys.path:
        sys.path.remove(str(root))
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name == entry or (file and Path(file).is_relative_to(root)):
            del sys.modules[name]
