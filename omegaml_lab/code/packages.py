"""Packages as source: taken from a folder, an sdist or a wheel, kept as one archive."""

from __future__ import annotations

import io
import sys
import tarfile
import tomllib
import zipfile
import zlib
from email.parser import Parser
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import IntegrityError, InvalidScriptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["is_package", "packed", "read_package", "unpacked"]

_LARGEST = 64 * 1024 * 1024
_COMPILED = {".so", ".pyd", ".dll", ".dylib"}
_NOT_CODE = {"tests", "test", "docs", "doc", "examples", "build", "dist"}
_NOT_MODULES = {"setup", "conftest", "noxfile", "tasks"}
_MOMENT = (1980, 1, 1, 0, 0, 0)  # equal trees are to be equal bytes

Files = dict[str, bytes]


def is_package(path: Path) -> bool:
    """Say whether a path of the disk may be a package: a folder, an sdist or a wheel."""
    return path.name.endswith((".whl", ".tar.gz")) or path.is_dir()


def read_package(
    path: Path, name: str, *, entry: str | None = None
) -> tuple[Files, str, set[str]]:
    """Return the files of a package, what it is imported as, and what it requires.

    Parameters
    ----------
    path
        A folder (the package, or the project that it is in), an sdist or a wheel.
    name
        What it is to be kept as, for the errors.
    entry
        What it is imported as, where the project has more than one package.

    Raises
    ------
    InvalidScriptError
        If there is no package in it, more than one, or compiled code.
    """
    try:
        files = _tree(path, name)
    except (OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise InvalidScriptError(name, f"{path} cannot be read ({error})") from error
    if path.is_dir() and "__init__.py" in files:
        files = {f"{path.resolve().name}/{file}": content for file, content in files.items()}
    code = _code(files)
    compiled = [file for file in code if PurePosixPath(file).suffix in _COMPILED]
    if compiled:
        reason = f"{compiled[0]} is compiled; only source is kept, so install it instead"
        raise InvalidScriptError(name, reason)
    project, requires = _project(files)
    return code, _entry(code, name, entry, project), requires


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return the files as one archive; equal files give equal bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            member = zipfile.ZipInfo(path, _MOMENT)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, files[path])
    return target.getvalue()


def unpacked(data: bytes, name: str) -> Files:
    """Return the files of an archive.

    Raises
    ------
    IntegrityError
        If it is none of ours.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {member: archive.read(member) for member in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error) as error:
        raise IntegrityError(f"script {name!r}", str(error)) from error


def _tree(path: Path, name: str) -> Files:
    files: Files = {}
    left = _LARGEST
    for file, content in _walked(path):
        left -= len(content)
        if left < 0:
            reason = f"it holds more than {_LARGEST >> 20} MiB; keep data as datasets"
            raise InvalidScriptError(name, reason)
        files[file] = content
    return files


def _walked(path: Path) -> Iterable[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            inside = file.relative_to(path)
            if file.is_file() and not _is_clutter(inside.parts):
                yield inside.as_posix(), file.read_bytes()
    elif path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            for member in wheel.namelist():
                if not member.endswith("/"):
                    yield member, wheel.read(member)
    else:
        with tarfile.open(path) as sdist:
            for entry in sdist:
                content = sdist.extractfile(entry) if entry.isfile() else None
                if content is not None:  # all of it is in one folder
                    yield entry.name.partition("/")[2], content.read()


def _is_clutter(parts: tuple[str, ...]) -> bool:
    hidden = any(part.startswith(".") or part in {"__pycache__", "node_modules"} for part in parts)
    return hidden or parts[-1].endswith(".pyc")


def _code(files: Files) -> Files:
    """Return what can be imported, without the folder that it is in."""
    base = "src/" if any(file.startswith("src/") for file in files) else ""
    inside = {file.removeprefix(base): c for file, c in files.items() if file.startswith(base)}
    tops = {
        file.partition("/")[0]
        for file in inside
        if file.endswith("/__init__.py") and file.count("/") == 1
    } - _NOT_CODE
    modules = {f for f in inside if "/" not in f and f.endswith(".py")}
    modules = {f for f in modules if f.removesuffix(".py") not in _NOT_MODULES}
    return {
        file: content
        for file, content in inside.items()
        if file in modules or ("/" in file and file.partition("/")[0] in tops)
    }


def _entry(code: Files, name: str, wanted: str | None, project: str | None) -> str:
    tops = sorted({file.partition("/")[0].removesuffix(".py") for file in code})
    likely = project.replace("-", "_").replace(".", "_").lower() if project else None
    chosen = wanted or next((top for top in tops if top.lower() == likely), None)
    if chosen is None and len(tops) == 1:
        chosen = tops[0]
    if not tops:
        reason = "there is no package in it, which is a folder with an __init__.py"
    elif chosen is None:
        reason = f"it holds {', '.join(tops)}; say which one is meant: entry={tops[0]!r}"
    elif chosen not in tops:
        reason = f"there is no package {chosen!r} in it, but {', '.join(tops)}"
    elif not chosen.isidentifier() or chosen in sys.stdlib_module_names:
        reason = f"nothing can be imported as {chosen!r}, or Python itself has it; rename it"
    else:
        return chosen
    raise InvalidScriptError(name, reason)


def _project(files: Files) -> tuple[str | None, set[str]]:
    """Return the name and the requirements that a project tells of itself."""
    for file, content in files.items():
        if file == "PKG-INFO" or file.endswith(".dist-info/METADATA"):
            told = Parser().parsestr(content.decode("utf-8", "replace"))
            needed = told.get_all("Requires-Dist") or []
            return told["Name"], {text for text in needed if "extra ==" not in text}
    try:
        told_by_project: dict[str, Any] = tomllib.loads(
            files.get("pyproject.toml", b"").decode("utf-8")
        ).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None, set()
    return told_by_project.get("name"), set(told_by_project.get("dependencies", ()))
