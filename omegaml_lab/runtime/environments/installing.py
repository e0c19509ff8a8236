"""Installing what a notebook requires: into a virtual environment on top of the worker's own.

What is installed where the worker runs is there too, and stays as it is: the installer is shown
records of it, finds it installed, and adds the rest. What the kernel itself needs is among the
requirements, so whoever would replace a part of that with another version than it can use is
told so.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import site
import sys
import sysconfig
import venv
from collections import deque
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from omegaml_lab.core.errors import InstallationError
from omegaml_lab.runtime.environments.blame import blamed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from importlib.metadata import Distribution

__all__ = ["base_packages", "install", "python_in"]

NEEDED = ("ipykernel", "omegaml-lab")
"""What a kernel cannot be without."""
_LEASH = ["-I", str(Path(__file__).with_name("leash.py"))]  # it needs nothing of ours
_HEARD, _SHOWN = 16_000, 2000  # pip may list all versions of a package in one line
_PART = 4096
_NO_NEWS = "Requirement already satisfied"  # pip says so of each of some hundred packages
_MARK = "omega: shown from the worker's own environment"
_FILES = ("METADATA", "INSTALLER", "RECORD")
_FIELD = re.compile(r"^(Name|Version): *(\S+)", re.MULTILINE)
_PIP = ("--no-input", "--disable-pip-version-check", "--no-color", "--progress-bar", "off")
_UV = ("--no-progress", "--color", "never")
# What the worker knows is not for the code of packages that are built, and what would lead the
# installer elsewhere is not for it.
_NOT_INHERITED = ("OMEGA_", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PYTHON", "VIRTUAL_ENV")


def base_packages() -> dict[str, str]:
    """Return the versions of what is installed here by their names, the names in order."""
    found: dict[str, str] = {}
    for each in distributions():
        # What is left of a broken installation, or is not in UTF-8.
        with contextlib.suppress(KeyError, TypeError, ValueError):
            found.setdefault(canonicalize_name(each.metadata["Name"]), each.version)
    return dict(sorted(found.items()))


def python_in(folder: Path) -> Path:
    """Return the interpreter of an environment."""
    return folder / "bin" / "python"


async def install(
    requires: Sequence[str], folder: Path, *, options: Sequence[str], say: Callable[[str], None]
) -> None:
    """Make an environment in `folder` and install `requires` into it.

    It ends when it is cancelled, and when this process ends.

    Parameters
    ----------
    options
        Those of the installer.
    say
        Told what that says.

    Raises
    ------
    InstallationError
        If it cannot be done.
    """
    try:
        shown = await asyncio.to_thread(_make, folder)
    except OSError as error:
        raise InstallationError(requires, f"no environment can be made ({error})") from error
    installed = base_packages()
    needed = [f"{name}=={installed[name]}" for name in NEEDED if name in installed]
    tool, command = _installer(requires, folder)
    code, said = await _run([*command, *options, *requires, *needed], folder, say)
    if code:
        package, why = blamed(requires, said)
        reason = f"{tool} ended with code {code}"
        raise InstallationError(requires, reason, said[-_SHOWN:], package=package, why=why)
    await asyncio.to_thread(_hide, shown)


def _installer(requires: Sequence[str], folder: Path) -> tuple[str, list[str]]:
    """Return the name and the command of uv, or of pip where there is none."""
    python = str(python_in(folder))
    if (uv := _uv()) is not None:
        return "uv", [uv, "pip", "install", *_UV, "--python", python]
    if find_spec("pip") is not None:
        return "pip", [python, "-m", "pip", "install", *_PIP]
    reason = (
        "the worker has neither uv nor pip; `python -m ensurepip` or the package uv brings one"
    )
    raise InstallationError(requires, reason)


def _uv() -> str | None:
    """Return the uv of the worker's own environment, or the first on the path."""
    import shutil

    return shutil.which("uv", path=os.path.dirname(sys.executable)) or shutil.which("uv")  # noqa: PTH120


def _make(folder: Path) -> list[Path]:
    """Make an environment that has what this one has; return the records that show it."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    purelib = sysconfig.get_path("purelib", "venv", {"base": str(folder)})
    here = Path(purelib)
    places = [place for place in map(str, _site_folders()) if place in sys.path]
    lines = [f"import site; site.addsitedir({place!r})" for place in places]
    (here / "_omega_base.pth").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return [record for each in distributions() if (record := _show(each, here)) is not None]


def _show(package: Distribution, here: Path) -> Path | None:
    """Write a record that a package is installed; return it if it is the first of that name."""
    about = (package.read_text("METADATA") or "").partition("\n\n")[0]  # without its long text
    told = dict(_FIELD.findall(about))
    if told.keys() != {"Name", "Version"}:
        return None  # what is left of a broken installation, or of old
    name = canonicalize_name(told["Name"]).replace("-", "_")
    record = here / f"{name}-{told['Version']}.dist-info"
    try:
        record.mkdir()
    except FileExistsError:  # the first on the path is what is imported
        return None
    files = {"METADATA": f"{about}\n", "INSTALLER": _MARK}
    files["RECORD"] = "".join(f"{record.name}/{file},,\n" for file in _FILES)
    for file, text in files.items():
        (record / file).write_text(text, "utf-8")
    return record


def _site_folders() -> list[str]:
    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return [*user, *site.getsitepackages()]


def _hide(shown: Sequence[Path]) -> None:
    """Remove the records that are left: the packages themselves tell of them from now on."""
    for record in shown:
        mark = record / "INSTALLER"
        if mark.is_file() and mark.read_text("utf-8") == _MARK:
            for name in _FILES:
                (record / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # pip has put something beside them
                record.rmdir()


async def _run(
    command: Sequence[str], folder: Path, say: Callable[[str], None]
) -> tuple[int, str]:
    """Run a program until it ends; return its exit code, and the end of what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *_LEASH,
        *command,
        cwd=folder,
        env=_environment(os.environ),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    said: deque[str] = deque(maxlen=_HEARD)
    try:
        async for line in _lines(process.stdout):  # type: ignore[arg-type]
            if not line.startswith(_NO_NEWS):
                said.extend(line)
                say(line)
        return await process.wait(), "".join(said).strip()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Yield the lines of a stream, an endless one in parts."""
    rest = b""
    while data := await stream.read(_PART):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace") + "\n"
        if len(rest) > _PART:
            yield rest.decode("utf-8", "replace")
            rest = b""
    yield rest.decode("utf-8", "replace")


def _environment(whole: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in whole.items() if not k.startswith(_NOT_INHERITED)}
