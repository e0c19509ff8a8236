"""Script: Python code of the repository, which runs only when it is told to."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from omegaml_lab.code import loading, requirements
from omegaml_lab.code.signatures import parameters_of
from omegaml_lab.core.errors import InvalidScriptError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.core.parameters import Parameter

__all__ = ["Form", "Script", "finished"]

Form = Literal["function", "module", "package"]

_MAINS = ("run", "main")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A function, a module or a package as source.

    Having one in hand runs nothing: :meth:`load` and :meth:`run` execute its code, with the
    rights of this process.

    `entry` is what it is imported as: the name of the function, the module or the package.
    `files` maps paths to contents; a function or a module is one file. `requires` are
    requirements as pip reads them. `main` is the function that :meth:`run` calls, where it
    has a name of its own: ``function`` or ``submodule:function``.
    """

    name: str
    form: Form
    entry: str
    files: Mapping[str, bytes]
    requires: tuple[str, ...] = ()
    main: str | None = None

    def __repr__(self) -> str:
        return f"<Script {self.name}: {self.form} {self.entry}>"

    @property
    def source(self) -> str:
        """The text of the function or module; of a package, that of its ``__init__.py``."""
        return self.text(self._first)

    def text(self, path: str) -> str:
        """Return the text of one of its files."""
        return self.files[path].decode("utf-8")

    @property
    def digest(self) -> str:
        """A hex digest of all that it is but its name: equal for equal scripts."""
        whole = hashlib.sha256()
        parts = (self.form, self.entry, self.main or "", *self.requires)
        for part in (*(text.encode() for text in parts), *_flat(self.files)):
            whole.update(len(part).to_bytes(8, "big") + part)
        return whole.hexdigest()

    @property
    def missing(self) -> list[str]:
        """The requirements that are not met here."""
        return requirements.missing(self.requires)

    def parameters(self) -> list[Parameter]:
        """Return what :meth:`run` takes by name, read off the source: nothing is executed.

        It is empty where the function that runs is defined in a way that only running tells.
        """
        path, function = self._first, self.main
        if self.form == "function":
            return parameters_of(self.source, self.entry)
        if function and ":" in function:
            module, _, function = function.partition(":")
            stem = f"{self.entry}/{module.replace('.', '/')}"
            path = next((p for p in (f"{stem}.py", f"{stem}/__init__.py") if p in self.files), "")
        if path not in self.files:
            return []
        names = [function] if function else _MAINS
        return next((p for p in (parameters_of(self.text(path), n) for n in names) if p), [])

    def load(self) -> Any:
        """Execute the code; return the function, or the module.

        Raises
        ------
        MissingDependencyError
            If a requirement is not installed here.
        InvalidScriptError
            If a package of that name is in use here already.
        """
        requirements.check(self.name, self.requires)
        if self.form == "package":
            return loading.import_package(self.name, self.entry, self.files, self.digest)
        path = f"<script {self.name} {self.digest[:8]}>"
        module = loading.execute(self.source, self.entry, path, whole=self.form == "module")
        return module if self.form == "module" else getattr(module, self.entry)

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Load it, call its function and return what that returns; a coroutine is waited for.

        Of a module or a package `main` is called, by default the function ``run`` or ``main``.

        Raises
        ------
        MissingDependencyError
            If a requirement is not installed here.
        InvalidScriptError
            If it has no such function.
        """
        loaded = self.load()
        function = loaded if self.form == "function" else self._function(loaded)
        return finished(function(*args, **kwargs))

    @property
    def _first(self) -> str:
        if self.form != "package":
            return next(iter(self.files))
        inside = f"{self.entry}/__init__.py"
        return inside if inside in self.files else f"{self.entry}.py"

    def _function(self, module: Any) -> Any:
        wanted = self.main
        if wanted and ":" in wanted:
            submodule, _, wanted = wanted.partition(":")
            module = loading.submodule(module, submodule)
        for name in [wanted] if wanted else _MAINS:
            if callable(function := getattr(module, name, None)):
                return function
        names = repr(wanted) if wanted else " or ".join(repr(name) for name in _MAINS)
        reason = f"it has no function {names} to run; put it with main='…'"
        raise InvalidScriptError(self.name, reason)


def finished(result: Any) -> Any:
    """Return `result`, or what it comes to when it is a coroutine."""
    if not inspect.iscoroutine(result):
        return result
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(result)
    with ThreadPoolExecutor(1, "omega-script") as pool:  # as in a notebook, which has a loop
        return pool.submit(asyncio.run, result).result()


def _flat(files: Mapping[str, bytes]) -> list[bytes]:
    return [part for path in sorted(files) for part in (path.encode(), files[path])]
