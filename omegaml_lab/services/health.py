"""What of Omega Lab runs where, and whether it is healthy; nothing is started to find out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.omega import Omega
from omegaml_lab.services.jupyter import answers
from omegaml_lab.services.labs import running_labs
from omegaml_lab.storage import embedded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.config import Config

__all__ = ["Health", "State", "check_health"]

State = Literal["healthy", "unhealthy", "not running"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One service. `needed` says that Omega Lab does not work without it."""

    name: str
    state: State
    where: str = ""
    detail: str = ""
    needed: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def check_health(config: Config) -> list[Health]:
    """Look at MongoDB, the broker, workers, schedulers and Jupyter servers."""
    found = [*_jupyter(config)]
    if config.mongo_url is None:
        mongod, url = _embedded(config)
        if url is None:
            return [mongod, *found]
        config = replace(config, mongo_url=url)
        return [mongod, *_behind(config), *found]
    with Omega(config=config) as om:
        try:
            om.storage.ping()
        except OmegaError as error:
            where = om.storage.address
            return [
                Health(name="MongoDB", state="unhealthy", where=where, detail=str(error)),
                *found,
            ]
        mongod = Health(name="MongoDB", state="healthy", where=om.storage.address)
    return [mongod, *_behind(config), *found]


def _embedded(config: Config) -> tuple[Health, str | None]:
    status = embedded.status(config.home)
    if not status.running:
        detail = f"`omega lab` starts it; its data are in {status.data}"
        return Health(name="MongoDB", state="not running", detail=detail), None
    url = embedded.running_url(config.home)
    detail = f"embedded, pid {status.pid}, log {status.log}"
    if url is None:
        detail += "; it does not take writes yet"
        return Health(name="MongoDB", state="unhealthy", where=status.address, detail=detail), None
    return Health(name="MongoDB", state="healthy", where=status.address, detail=detail), url


def _behind(config: Config) -> Iterator[Health]:
    """Yield what is known through the repository."""
    with Omega(config=config) as om:
        if config.broker_url is None:
            yield Health(name="broker", state="healthy", detail="messages through MongoDB")
        else:
            try:
                om.runtime.broker.check()
                yield Health(name="broker", state="healthy", where=om.runtime.broker.address)
            except OmegaError as error:
                where = om.runtime.broker.address
                yield Health(name="broker", state="unhealthy", where=where, detail=str(error))
        workers = om.runtime.workers()
        for worker in workers:
            busy = f"{worker.busy} of {worker.concurrency} busy, label {worker.label}"
            where = f"{worker.host} pid {worker.pid}"
            yield Health(name="worker", state="healthy", where=where, detail=busy)
        if not workers:
            detail = "runs wait; `omega worker` or `omega lab` starts one"
            yield Health(name="worker", state="not running", detail=detail)
        if scheduler := om.runtime.scheduler():
            where = f"{scheduler['host']} pid {scheduler['pid']}"
            yield Health(name="scheduler", state="healthy", where=where)
        else:
            detail = "lost runs are not started again; `omega scheduler` or `omega lab` starts it"
            yield Health(name="scheduler", state="not running", detail=detail)


def _jupyter(config: Config) -> Iterator[Health]:
    labs = running_labs(config.home)
    for lab in labs:
        well = answers(lab.url)
        detail = f"omega lab, pid {lab.pid}{', leads' if lab.leads else ''}"
        yield Health(
            name="Jupyter",
            state="healthy" if well else "unhealthy",
            where=lab.url,
            detail=detail,
            needed=False,
        )
    if not labs:
        detail = "`omega lab` starts it"
        yield Health(name="Jupyter", state="not running", detail=detail, needed=False)
