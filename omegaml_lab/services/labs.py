"""The Labs of one home folder: which run, where, and what dead ones left behind."""

from __future__ import annotations

import contextlib
import json
import os
import platform
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import psutil

from omegaml_lab.services.processes import bearers, end_processes, family_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "LabRecord",
    "ServiceRecord",
    "end_leftovers",
    "forget_lab",
    "record_lab",
    "running_labs",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRecord:
    """A process of a Lab. `created` tells it from a later one with the same pid."""

    name: str
    pid: int
    created: float
    log: str

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return _process(self.pid, self.created) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabRecord:
    """A running ``omega lab``.

    `url` has no token and is empty while it starts; `leads` says that it runs the worker;
    `host` is the machine, where homes are shared by several.
    """

    pid: int
    created: float
    url: str
    leads: bool
    host: str = ""
    services: tuple[ServiceRecord, ...] = ()

    @property
    def identity(self) -> str:
        """What tells its supervisor from all before and after it."""
        return f"{self.pid}-{self.created:.2f}"

    @property
    def alive(self) -> bool:
        """Whether its supervisor runs."""
        return _process(self.pid, self.created) is not None


def supervisor_id() -> str:
    """Return what tells this supervisor from all before and after it."""
    return f"{os.getpid()}-{psutil.Process().create_time():.2f}"


def record_service(name: str, pid: int, log: Path) -> ServiceRecord | None:
    """Return the record of a process that runs, None when it has just ended."""
    with contextlib.suppress(psutil.Error):
        created = psutil.Process(pid).create_time()
        return ServiceRecord(name=name, pid=pid, created=created, log=str(log))
    return None


def record_lab(
    home: Path, *, url: str, leads: bool, services: tuple[ServiceRecord, ...]
) -> LabRecord:
    """Write down what this Lab runs, for `omega status` and for the next start."""
    me = psutil.Process()
    lab = LabRecord(
        pid=me.pid,
        created=me.create_time(),
        url=url,
        leads=leads,
        host=platform.node(),
        services=services,
    )
    path = _path(home, lab.pid)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.stem}")
    draft.write_text(json.dumps(asdict(lab)), "utf-8")
    draft.replace(path)
    return lab


def forget_lab(home: Path, pid: int) -> None:
    """Remove the record of a Lab that has ended."""
    _path(home, pid).unlink(missing_ok=True)


def _path(home: Path, pid: int) -> Path:
    # Two machines may have a process of the same number each.
    return home / "labs" / f"{platform.node()}-{pid}.json"


def running_labs(home: Path) -> list[LabRecord]:
    """Return the Labs of this home that run, oldest first."""
    return sorted((lab for lab in _recorded(home) if lab.alive), key=lambda lab: lab.created)


def end_leftovers(home: Path) -> list[str]:
    """End what Labs that were killed left running, and return the names of those services."""
    ended: list[str] = []
    family: list[psutil.Process] = []
    dead = [lab for lab in _recorded(home) if not lab.alive]
    for lab in dead:
        for service in lab.services:
            with contextlib.suppress(psutil.Error):
                if process := _process(service.pid, service.created):
                    family += family_of(process, f"{lab.identity}/{service.name}")
                    process.terminate()
                    ended.append(service.name)
    end_processes(family, patience=6)
    for lab in dead:
        for name in ("worker", "scheduler"):
            end_processes(bearers(f"{lab.identity}/{name}"), patience=0)
        forget_lab(home, lab.pid)
    return ended


def _process(pid: int, created: float) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        # The clock may be set while it runs, and moves the times that are derived from it.
        same = abs(process.create_time() - created) < 2
        ended = process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    return process if same and not ended else None


def _recorded(home: Path) -> list[LabRecord]:
    labs = []
    for path in (home / "labs").glob("*.json"):
        # A record that another start removes meanwhile, or that a full disk cut short.
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            values = json.loads(path.read_text("utf-8"))
            services = tuple(ServiceRecord(**entry) for entry in values.pop("services"))
            lab = LabRecord(**values, services=services)
            if lab.host == platform.node():  # of others we cannot tell whether they run
                labs.append(lab)
    return labs


def public_link(home: Path, url: str) -> str:
    """Return the link to give to people: `url` itself, or below the Lab that runs here."""
    labs = [lab for lab in running_labs(home) if lab.url] if url.startswith("/") else []
    return labs[0].url.rstrip("/") + url if labs else url
