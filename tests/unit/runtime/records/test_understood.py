"""What only a newer version understands keeps nothing else waiting, however much it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.notifications.outbox import Outbox
from omegaml_lab.runtime.records.run_records import utcnow

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega

PAGE = 100  # so many are read at once, by who tells of runs and by who publishes reports


def test_a_page_of_runs_of_a_newer_version_is_in_nobodys_way(omega: Omega) -> None:
    runs, records = omega.runtime.runs.records, omega.storage.records("runs")
    ours = runs.create("n", 1, parameters={}, publish=True, owner="ann").id
    now = utcnow()
    ended = {"status": Status.SUCCEEDED.value, "ended_at": now, "queued_at": now}
    records.update(ours, set=ended)
    record = records.find(ours) or {}
    before = now - timedelta(hours=1)
    newer = {**record, "on_failure": "ask", "ended_at": before, "queued_at": before}
    records.insert_many([{**newer, "id": f"newer {n}"} for n in range(PAGE)])
    assert [run.id for run in runs.unpublished(limit=PAGE)] == [ours]
    omega.notifications.add("lab:ann", on="success")
    outbox = Outbox(omega.storage, runs)
    assert outbox.fill([]) == 1
    assert [told.run for told in outbox.page({}).items] == [ours]
    assert records.count({"untold": True}) == PAGE  # for who understands them
