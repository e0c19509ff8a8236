"""What Omega Lab needs on a machine, whether it is there, and how to get it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from omegaml_lab.core.errors import MissingDependencyError, OmegaError
from omegaml_lab.omega import Omega
from omegaml_lab.storage.mongod import find_mongod, missing_library

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.config import Config

__all__ = ["Check", "check_machine"]

_LITTLE, _TOO_LITTLE = 2 * 2**30, 256 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that is needed, or good to have: `fix` says how to get it."""

    name: str
    state: Literal["ok", "missing", "optional"]
    detail: str = ""
    fix: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def check_machine(config: Config) -> list[Check]:
    """Check everything; what is ``missing`` must be had, what is ``optional`` may."""
    return [
        _python(),
        *_servers(config),
        _home(config.home),
        _disk(config.home),
        *_extensions(),
        _kernel(),
        *_optional(),
    ]


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    well = sys.version_info >= (3, 11)
    fix = "" if well else "Install Python 3.11 or newer: `sudo apt-get install python3`."
    return Check(
        name="Python",
        state="ok" if well else "missing",
        detail=f"{version}, {sys.executable}",
        fix=fix,
    )


def _servers(config: Config) -> Iterator[Check]:
    if config.mongo_url is None:
        yield _mongod()
    else:
        with Omega(config=config) as om:
            try:
                om.storage.ping()
                yield Check(name="MongoDB", state="ok", detail=om.storage.address)
            except OmegaError as error:
                fix = "Start that server, or correct or unset OMEGA_MONGO_URL."
                yield Check(name="MongoDB", state="missing", detail=str(error), fix=fix)
    if config.broker_url is None:
        return
    # The broker is spoken to through no repository: the URL of one is not needed for that.
    from omegaml_lab.runtime.broker.broker import Broker

    broker = Broker(config.broker_url, mongo_url="mongodb://", database="omega")
    try:
        broker.check()
        yield Check(name="broker", state="ok", detail=broker.address)
    except OmegaError as error:
        fix = "Start that broker, or correct or unset OMEGA_BROKER_URL."
        yield Check(name="broker", state="missing", detail=str(error), fix=fix)


def _mongod() -> Check:
    try:
        program = find_mongod()
    except MissingDependencyError as error:
        return Check(name="mongod", state="missing", detail="not found", fix=error.remedy)
    done = subprocess.run(
        [program, "--version"], capture_output=True, text=True, timeout=30, check=False
    )
    if done.returncode == 0:
        version = done.stdout.partition("\n")[0]
        return Check(name="mongod", state="ok", detail=f"{version}, {program}")
    if lacking := missing_library(done.stderr):
        return Check(name="mongod", state="missing", detail=lacking.what, fix=lacking.remedy)
    said = done.stderr.strip().partition("\n")[0]
    fix = "Install another build of MongoDB, or set OMEGA_MONGO_URL."
    return Check(name="mongod", state="missing", detail=f"{program} does not run: {said}", fix=fix)


def _home(home: Path) -> Check:
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    if not os.access(nearest, os.W_OK | os.X_OK) or not nearest.is_dir():
        fix = f"Make {nearest} a folder that you can write, or set OMEGA_HOME to one."
        return Check(
            name="home folder", state="missing", detail=f"{home} cannot be written", fix=fix
        )
    secrets = home / "mongo"
    if secrets.exists() and stat.S_IMODE(secrets.stat().st_mode) & 0o077:
        fix = f"chmod 700 {secrets}"
        detail = f"others can look into {secrets}"
        return Check(name="home folder", state="missing", detail=detail, fix=fix)
    return Check(name="home folder", state="ok", detail=str(home))


def _disk(home: Path) -> Check:
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(nearest).free
    detail = f"{free / 2**30:.1f} GiB free for {home}"
    if free > _LITTLE:
        return Check(name="disk space", state="ok", detail=detail)
    fix = "Free some space, or set OMEGA_HOME to a folder on a larger disk."
    state: Literal["missing", "optional"] = "missing" if free < _TOO_LITTLE else "optional"
    return Check(name="disk space", state=state, detail=detail, fix=fix)


def _extensions() -> Iterator[Check]:
    from jupyter_core.paths import jupyter_config_path, jupyter_path
    from jupyter_server.extension.config import ExtensionConfigManager

    again = (
        "Install omegaml-lab into the environment that has JupyterLab: `pip install omegaml-lab`."
    )
    manager = ExtensionConfigManager(read_config_path=jupyter_config_path())
    known: dict[str, bool] = manager.get_jpserver_extensions()  # type: ignore[no-untyped-call]
    enabled = known.get("omegaml_lab")
    fix = "`jupyter server extension enable omegaml_lab`" if enabled is False else again
    yield Check(
        name="server extension",
        state="ok" if enabled else "missing",
        detail="enabled" if enabled else "not enabled",
        fix="" if enabled else fix,
    )
    folders = [Path(folder) / "omegaml-lab" for folder in jupyter_path("labextensions")]
    found = next((folder for folder in folders if (folder / "package.json").is_file()), None)
    disabled = found is not None and _disabled()
    yield Check(
        name="Lab extension",
        state="ok" if found and not disabled else "missing",
        detail=f"{'disabled, ' if disabled else ''}{found or 'not installed'}",
        fix="`jupyter labextension enable omegaml-lab`" if disabled else "" if found else again,
    )


def _disabled() -> bool:
    from jupyter_core.paths import jupyter_config_path
    from jupyterlab_server.config import get_page_config

    folders = [str(Path(folder) / "labconfig") for folder in jupyter_config_path()]
    page = get_page_config([], app_settings_dir=folders[0] if folders else None)
    disabled = page.get("disabledExtensions", ())
    if isinstance(disabled, dict):
        disabled = [name for name, off in disabled.items() if off]
    return "omegaml-lab" in {name.partition(":")[0] for name in disabled}


def _kernel() -> Check:
    from jupyter_client.kernelspec import KernelSpecManager

    kernels = sorted(KernelSpecManager().find_kernel_specs())
    fix = "" if kernels else "`pip install ipykernel`, then `python -m ipykernel install --user`."
    detail = ", ".join(kernels) or "none"
    return Check(name="kernels", state="ok" if kernels else "missing", detail=detail, fix=fix)


def _optional() -> Iterator[Check]:
    for name, programs, use in (
        ("Chromium", ("chromium", "chromium-browser", "google-chrome"), "browser tests"),
        ("RabbitMQ", ("rabbitmq-server",), "workers on many machines"),
        ("Node", ("node",), "changing the Lab extension"),
    ):
        path = next((found for p in programs if (found := shutil.which(p))), None)
        packages = {"Chromium": "chromium", "RabbitMQ": "rabbitmq-server", "Node": "nodejs"}
        fix = "" if path else f"Not needed but for {use}: `sudo apt-get install {packages[name]}`."
        yield Check(
            name=name,
            state="ok" if path else "optional",
            detail=path or f"only for {use}",
            fix=fix,
        )
