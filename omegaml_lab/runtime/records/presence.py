"""Who is there: the workers of a repository that are alive, and what is said when none is."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import IntegrityError, KernelNotOfferedError
from omegaml_lab.core.workers import Worker
from omegaml_lab.runtime.records.run_reader import utcnow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omegaml_lab.storage.storage import Storage

__all__ = [
    "SILENCE",
    "check_kernel",
    "living_workers",
    "readable_workers",
    "waiting_for",
    "waiting_for_kernel",
]

SILENCE = timedelta(seconds=30)
"""A worker or scheduler that was not heard of for so long is not counted as alive."""


def living_workers(storage: Storage, *, packages: bool = False) -> list[Worker]:
    """Return the workers of a repository that are alive, the newest first.

    What is installed where they run is asked for with `packages`: it is long.
    """
    where = {"heartbeat_at": {"$gte": utcnow() - SILENCE}}
    without = () if packages else ("packages",)
    found = storage.records("workers").query(where, sort=[("started_at", -1)], without=without)
    return readable_workers(found)


def readable_workers(records: Iterable[dict[str, Any]]) -> list[Worker]:
    """Return the workers of records, without those that only a newer version understands."""
    workers = []
    for record in records:
        with contextlib.suppress(IntegrityError):
            workers.append(Worker.from_record(record))
    return workers


def waiting_for(label: str, workers: list[Worker]) -> str | None:
    """Return what a run that requires `label` waits for, None when a worker will take it."""
    if any(worker.label == label for worker in workers):
        return None
    option = "" if label == "default" else f" --label {label}"
    return (
        f"No worker{f' with the label {label!r}' if option else ''} is alive, so the run waits."
        f" `omega worker{option}` starts one, and so does `omega lab`."
    )


def waiting_for_kernel(kernel: str, label: str, workers: list[Worker]) -> str | None:
    """Return what a run waits for that goes only to who has its kernel, None for nothing."""
    try:
        check_kernel(kernel, label, workers)
    except KernelNotOfferedError as error:
        return f"It waits for a worker with the kernel {kernel!r}. {error}"
    return None


def check_kernel(kernel: str, label: str, workers: list[Worker]) -> None:
    """Return unless there are workers with the label, and none of them has the kernel.

    Raises
    ------
    KernelNotOfferedError
        If so: a run would only fail there.
    """
    offered = [worker.kernels for worker in workers if worker.label == label]
    # Jupyter makes no difference between capitals and others.
    known = {name.lower() for kernels in offered for name in kernels or ()}
    if offered and None not in offered and kernel.lower() not in known:
        raise KernelNotOfferedError(kernel, label, known)
