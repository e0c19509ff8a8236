"""Forgetting: a call that only asked a model something is on record for some time.

A service may make millions a day. Those that fitted or wrote something, or were part of an
experiment, stay: what they made refers to them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.calls import READING, VIRTUAL
from omegaml_lab.runtime.records.forgetting_runs import RunForgetting
from omegaml_lab.runtime.records.run_documents import OVER
from omegaml_lab.runtime.records.run_reader import utcnow

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from omegaml_lab.config import Config
    from omegaml_lab.storage.storage import Storage
    from omegaml_lab.store.store import OmegaStore

__all__ = ["forget", "forget_calls"]

_BATCH = 1000
_LARGE = ("call", "answer", "log")


def forget(
    storage: Storage,
    config: Config,
    *,
    stores: Callable[[str], tuple[OmegaStore, OmegaStore]],
    **options: Any,
) -> tuple[int, int]:
    """Remove what is on record for longer than the settings say; return how many calls and runs.

    `stores` and `options` are those of :class:`RunForgetting`, and of its `forget`.
    """
    now, runs = utcnow(), 0
    calls = forget_calls(storage, before=now - timedelta(days=config.call_days), **options)
    if config.record_days:
        before = now - timedelta(days=config.record_days)
        runs = RunForgetting(storage, before=before, stores=stores).forget(**options)
    return calls, runs


def forget_calls(
    storage: Storage,
    *,
    before: datetime,
    dry_run: bool = False,
    progress: Callable[[str, int], None] = lambda what, done: None,  # noqa: ARG005
) -> int:
    """Remove the records of calls that ended before a moment, and what they noted as read.

    Returns
    -------
    How many there were. Any number of processes may do it at once, and be ended over it.
    """
    runs = storage.records("runs")
    old: dict[str, Any] = {
        "untold": False,  # with the next, as an index finds them
        "ended_at": {"$lt": before},
        "kind": "model",
        "call.method": {"$in": sorted(READING)},
        "call.target.kind": {"$ne": VIRTUAL},
        "experiments": [],
        **OVER,
    }
    if dry_run:
        return runs.count(old)
    done, last = 0, ""
    while found := runs.query(
        {**old, "id": {"$gt": last}}, sort=[("id", 1)], limit=_BATCH, without=_LARGE
    ):
        ids = [record["id"] for record in found]
        last = ids[-1]
        gone = sorted(set(ids) - storage.lineage.writers(ids))
        storage.lineage.forget(gone)
        done += runs.delete_many({"id": {"$in": gone}})
        progress("calls", done)
    return done
