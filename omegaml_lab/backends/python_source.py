"""Python code: functions, modules and packages, kept as source and never pickled."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import IntegrityError, InvalidScriptError
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Backend, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.code.script import Script
    from omegaml_lab.storage.storage import Storage

__all__ = ["FunctionBackend", "ModuleBackend", "PackageBackend"]


class _SourceBackend(Backend):
    """What the three kinds have in common: a script comes back, and nothing has run then."""

    stores: ClassVar[frozenset[str]] = frozenset({"scripts"})
    form: ClassVar[str]

    def read(self, payload: Payload, storage: Storage, name: str) -> Script:
        """Return the code as a `Script`, which says what it is and runs when it is told to."""
        from omegaml_lab.code.script import Script

        if payload.blob is None:
            raise IntegrityError(f"script {name!r}", "it has no content")
        meta = payload.meta
        data = storage.blobs.read(payload.blob)
        return Script(
            name=name,
            form=meta["form"],
            entry=meta["entry"],
            files=self._files(data, meta["entry"], name),
            requires=tuple(meta["requires"]),
            main=meta.get("main"),
        )

    def _files(self, data: bytes, entry: str, name: str) -> dict[str, bytes]:  # noqa: ARG002
        return {f"{entry}.py": data}

    def _is_script(self, obj: object) -> bool:
        return type(obj).__name__ == "Script" and getattr(obj, "form", None) == self.form

    def _keep(self, script: Script, data: bytes, storage: Storage, details: Any) -> Written:
        blob = storage.blobs.write(data)
        meta = {
            "form": script.form,
            "entry": script.entry,
            "requires": list(script.requires),
            "main": script.main,
        }
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        told = {"requires": meta["requires"], "python": python, **details}
        return Written(
            payload=Payload(blob=blob, meta=meta), size=blob.size, hash=script.digest, details=told
        )


class FunctionBackend(_SourceBackend):
    """Functions; also async ones and generators. Each must be whole by itself.

    Option of put: `requires`, requirements as pip reads them.
    """

    kind: ClassVar[str] = "python.function"
    form: ClassVar[str] = "function"

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take what can be called; what is no plain function is refused with a reason."""
        return self._is_script(obj) or (callable(obj) and not isinstance(obj, type))

    def write(
        self, obj: Any, storage: Storage, name: str, *, requires: Sequence[str] = ()
    ) -> Written:
        """Write the source of the function.

        Raises
        ------
        InvalidScriptError
            If it has no source, or uses what is outside of it.
        """
        from omegaml_lab.code.requirements import parsed
        from omegaml_lab.code.script import Script
        from omegaml_lab.code.signatures import shown_signature

        if self._is_script(obj):
            source, entry, needed = obj.source, obj.entry, [*obj.requires, *_listed(requires)]
        else:
            from omegaml_lab.code.functions import source_of

            source, entry = source_of(obj, name)
            needed = _listed(requires)
        data = source.encode("utf-8")
        script = Script(
            name=name,
            form="function",
            entry=entry,
            files={f"{entry}.py": data},
            requires=parsed(name, needed),
        )
        details = {"function": entry, "signature": shown_signature(source, entry)}
        return self._keep(script, data, storage, details)


class ModuleBackend(_SourceBackend):
    """Modules: a ``.py`` file, or a module that was imported from one.

    Options of put: `requires`, and `main`, the function that `Script.run` calls.
    """

    kind: ClassVar[str] = "python.module"
    form: ClassVar[str] = "module"

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take modules that are one file, and paths of such files."""
        if isinstance(obj, ModuleType):
            return not hasattr(obj, "__path__")
        return self._is_script(obj) or (isinstance(obj, Path) and obj.suffix == ".py")

    def write(
        self,
        obj: Any,
        storage: Storage,
        name: str,
        *,
        requires: Sequence[str] = (),
        main: str | None = None,
    ) -> Written:
        """Write the source of the module.

        Raises
        ------
        InvalidScriptError
            If it is no Python that this version can read.
        """
        from omegaml_lab.code.requirements import parsed
        from omegaml_lab.code.script import Script

        data, entry = self._read(obj, name)
        _check_source(data, name)
        needed, chosen = _listed(requires), main
        if self._is_script(obj):
            needed, chosen = [*obj.requires, *needed], main or obj.main
        script = Script(
            name=name,
            form="module",
            entry=entry,
            files={f"{entry}.py": data},
            requires=parsed(name, needed),
            main=chosen,
        )
        return self._keep(script, data, storage, {"module": entry})

    def _read(self, obj: Any, name: str) -> tuple[bytes, str]:
        if self._is_script(obj):
            return obj.source.encode("utf-8"), obj.entry
        if isinstance(obj, bytes | str):  # with kind="python.module"
            data = obj.encode("utf-8") if isinstance(obj, str) else obj
            return data, _stem(name.rpartition("/")[2].removesuffix(".py"))
        path = obj if isinstance(obj, Path) else getattr(obj, "__file__", None)
        if path is None or Path(path).suffix != ".py":
            raise InvalidScriptError(name, f"{obj!r} is not of a .py file, so it has no source")
        return Path(path).read_bytes(), _stem(Path(path).stem)


class PackageBackend(_SourceBackend):
    """Packages: a folder, a source distribution or a wheel of pure Python, or an imported one.

    Options of put: `entry`, what is imported where there is more than one; `requires`, beside
    what the project declares; `main`, the function that `Script.run` calls.
    """

    kind: ClassVar[str] = "python.package"
    form: ClassVar[str] = "package"

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take packages that are imported, and paths of folders, sdists and wheels."""
        if isinstance(obj, ModuleType):
            return hasattr(obj, "__path__")
        if not isinstance(obj, Path):
            return self._is_script(obj)
        return obj.name.endswith((".whl", ".tar.gz")) or obj.is_dir()

    def write(
        self,
        obj: Any,
        storage: Storage,
        name: str,
        *,
        entry: str | None = None,
        requires: Sequence[str] = (),
        main: str | None = None,
    ) -> Written:
        """Write the files of the package as one archive.

        Raises
        ------
        InvalidScriptError
            If there is no package in it, more than one, or compiled code.
        """
        from omegaml_lab.code.packages import packed, read_package
        from omegaml_lab.code.requirements import parsed
        from omegaml_lab.code.script import Script

        needed = set(_listed(requires))
        if self._is_script(obj):
            files, known, told = dict(obj.files), obj.entry, {*obj.requires}
            main = main or obj.main
        else:
            path = obj if isinstance(obj, Path) else Path(next(iter(obj.__path__)))
            files, known, told = read_package(path, name, entry=entry)
        script = Script(
            name=name,
            form="package",
            entry=known,
            files=files,
            requires=parsed(name, needed | told),
            main=main,
        )
        details = {"package": known, "files": len(files)}
        return self._keep(script, packed(files), storage, details)

    def _files(self, data: bytes, entry: str, name: str) -> dict[str, bytes]:  # noqa: ARG002
        from omegaml_lab.code.packages import unpacked

        return unpacked(data, name)


def _listed(requires: Sequence[str] | str) -> list[str]:
    return [requires] if isinstance(requires, str) else list(requires)


def _stem(text: str) -> str:
    plain = "".join(c if c.isidentifier() or c.isdecimal() else "_" for c in text)
    return plain if plain.isidentifier() else f"_{plain}"


def _check_source(data: bytes, name: str) -> None:
    from omegaml_lab.code.loading import compiled

    try:
        compiled(data.decode("utf-8"), name, whole=True)
    except UnicodeDecodeError as error:
        raise InvalidScriptError(name, f"it is not UTF-8 ({error})") from error
    except (SyntaxError, ValueError) as error:
        reason = f"Python cannot read it ({error}); kind='file' keeps it as it is"
        raise InvalidScriptError(name, reason) from error
