"""Calls that only read are forgotten in the end; what something refers to stays."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.lineage import Reference
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.records.forgetting import forget_calls
from omegaml_lab.runtime.records.run_records import utcnow
from omegaml_lab.storage.lineage import Read
from omegaml_lab.store.recording import recording

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


def called(omega: Omega, id: str, *, days: float = 40, **changed: Any) -> str:  # noqa: A002
    """A call that has ended, as many days ago."""
    call = {"method": "predict", "target": {"kind": "sklearn.skops"}, "args": [], "kwargs": []}
    records = omega.storage.records("runs")
    omega.runtime.runs.records.create(
        "m", 1, parameters={}, id=id, kind="model", call={**call, **changed.pop("call", {})}
    )
    ended = {"status": Status.SUCCEEDED.value, "ended_at": utcnow() - timedelta(days=days)}
    records.update(id, set={**ended, **changed})
    reads = Reference(id="o", bucket="default", store="models", name="m", revision=1)
    omega.storage.lineage.note([Read(run=id, what=reads)])
    return id


def test_what_only_asked_something_long_ago_goes(omega: Omega) -> None:
    gone = [called(omega, f"gone {number}") for number in range(3)]
    gone.append(called(omega, "failed", status=Status.FAILED.value))
    stays = [
        called(omega, "young", days=20),
        called(omega, "fit", call={"method": "fit"}),
        called(omega, "function", call={"target": {"kind": "virtual"}}),
        called(omega, "tracked", experiments=["e"]),
        called(omega, "queued", status=Status.QUEUED.value),
        called(omega, "is tried again", status=Status.LOST.value, attempt=1),
        called(omega, "script", kind="script"),
        called(omega, "wrote"),
        called(omega, "to be told", untold=True),
    ]
    with recording("wrote"):
        omega.datasets.put([1], "made")
    before = utcnow() - timedelta(days=30)
    assert forget_calls(omega.storage, before=before, dry_run=True) == len(gone) + 1  # at most
    assert omega.gc().calls == len(gone)
    left = {record["id"] for record in omega.storage.records("runs").query()}
    assert left == set(stays)
    assert omega.storage.lineage.read_by(gone, limit=10) == []
    assert len(omega.storage.lineage.read_by(stays, limit=10)) >= len(stays)
    assert omega.gc().calls == 0
