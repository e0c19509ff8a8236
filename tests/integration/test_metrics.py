"""Metrics of a real repository are true, and stay so when time passes and processes end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from omegaml_lab.core.runs import Failure, Progress, Status
from omegaml_lab.runtime.client.metrics import Metrics
from omegaml_lab.runtime.records.run_records import RunRecords, utcnow

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega

LABELS = ("status", "kind", "label", "le")
Samples = dict[tuple[str, ...], float]


class Bench:
    def __init__(self, omega: Omega) -> None:
        self.omega = omega
        self.now: datetime = utcnow()
        self.records = RunRecords(omega.storage.records("runs"), clock=lambda: self.now)
        self.metrics = self.another()

    def another(self) -> Metrics:
        """Return metrics as another process reads them."""
        return Metrics(self.omega.storage, clock=lambda: self.now)

    def end(self, status: Status, seconds: float, **values: Any) -> None:
        run = self.records.create("a", 1, parameters={}, **values)
        claim = self.records.claim(run.id, worker="w", result=lambda run: None)
        self.now += timedelta(seconds=seconds)
        self.records.finish(claim, status, progress=Progress(), log="")


@pytest.fixture
def bench(omega: Omega) -> Bench:
    return Bench(omega)


def read(metrics: Metrics) -> Samples:
    """Return the samples that Prometheus' own parser finds, by name and values of labels."""
    return {
        (
            sample.name,
            *(sample.labels[key] for key in LABELS if key in sample.labels),
        ): sample.value
        for family in text_string_to_metric_families(metrics.text())
        for sample in family.samples
    }


def test_nothing_is_counted_where_nothing_is(bench: Bench) -> None:
    found = read(bench.metrics)
    assert found["omega_schedulers",] == found["omega_schedules",] == 0
    assert not any(name[0].startswith("omega_runs_ended") for name in found)


def test_runs_are_counted_and_timed(bench: Bench) -> None:
    for seconds in (0.3, 2, 2, 7200):
        bench.end(Status.SUCCEEDED, seconds)
    bench.end(Status.FAILED, 20000)
    target = {"kind": "sklearn.skops", "state": "…"}
    call = {"method": "predict", "target": target, "args": [], "kwargs": []}
    bench.end(Status.SUCCEEDED, 0.05, kind="model", call=call)
    bench.records.cancel(bench.records.create("a", 1, parameters={}).id)
    found = read(bench.metrics)
    assert found["omega_runs_ended_total", "succeeded", "job"] == 4
    assert found["omega_runs_ended_total", "failed", "job"] == 1
    assert found["omega_runs_ended_total", "cancelled", "job"] == 1
    assert found["omega_runs_ended_total", "succeeded", "model"] == 1
    lasted = "omega_run_duration_seconds"
    assert [
        found[f"{lasted}_bucket", "succeeded", "job", le]
        for le in ("0.1", "0.5", "1", "5", "3600", "14400", "+Inf")
    ] == [0, 1, 1, 3, 3, 4, 4]
    assert found[f"{lasted}_sum", "succeeded", "job"] == pytest.approx(7204.3)
    assert found[f"{lasted}_bucket", "failed", "job", "14400"] == 0
    assert found[f"{lasted}_count", "failed", "job"] == 1
    assert found[f"{lasted}_count", "cancelled", "job"] == 0  # it never started


def test_counts_only_grow_and_all_processes_tell_the_same(bench: Bench) -> None:
    for number in range(1, 9):
        bench.end(Status.SUCCEEDED, 0.2)
        bench.now += timedelta(minutes=4)
        mine, theirs = read(bench.metrics), read(bench.another())
        assert mine == theirs
        assert mine["omega_runs_ended_total", "succeeded", "job"] == number
        assert mine["omega_run_duration_seconds_sum", "succeeded", "job"] == pytest.approx(
            number * 0.2
        )


def test_a_run_that_is_lost_counts_when_it_is_so_for_good(bench: Bench) -> None:
    for attempts in (1, 2):
        run = bench.records.create("a", 1, parameters={}, max_attempts=attempts)
        bench.records.claim(run.id, worker="w", result=lambda run: None)
        (record,) = bench.records.records(Status.RUNNING)
        bench.records.lose(record, Failure(name="WorkerLost", message=""))
    assert read(bench.metrics)["omega_runs_ended_total", "lost", "job"] == 1


def test_the_queue_is_told_by_label(bench: Bench) -> None:
    label = 'gpu "big"\n\\'
    for _ in range(3):
        bench.records.create("a", 1, parameters={}, label=label)
        bench.now += timedelta(seconds=10)
    going = bench.records.create("a", 1, parameters={})
    bench.records.claim(going.id, worker="w", result=lambda run: None)
    found = read(bench.metrics)
    assert found["omega_runs_queued", label] == 3
    assert found["omega_queue_age_seconds", label] == pytest.approx(30, abs=0.1)
    assert found["omega_runs_running", "default"] == 1


def test_workers_and_schedulers_that_are_alive_are_told(bench: Bench) -> None:
    storage, now = bench.omega.storage, utcnow()
    for number, (age, label) in enumerate([(1, "default"), (9, "default"), (2, "gpu"), (99, "x")]):
        heard = now - timedelta(seconds=age)
        worker = {"host": "h", "pid": 1, "started_at": now, "heartbeat_at": heard}
        worker |= {"label": label, "concurrency": 4, "busy": number}
        storage.records("workers").upsert(f"w{number}", worker)
        storage.records("schedulers").upsert(f"s{number}", {"heartbeat_at": heard})
    found = read(bench.metrics)
    assert found["omega_workers", "default"] == 2
    assert found["omega_worker_slots", "default"] == 8
    assert found["omega_worker_slots_busy", "default"] == 1
    assert found["omega_worker_heartbeat_age_seconds", "default"] == pytest.approx(9, abs=2)
    assert found["omega_workers", "gpu"] == 1
    assert ("omega_workers", "x") not in found
    assert found["omega_schedulers",] == 3


def test_schedules_that_are_late_are_told(bench: Bench) -> None:
    from tests.integration.notebooks import notebook

    bench.omega.jobs.put(notebook("print(1)"), "a")
    job = bench.omega.runtime.job("a")
    schedule = job.schedule("every minute", timezone="UTC")
    bench.omega.runtime.schedules.pause(job.schedule("every hour", timezone="UTC").id)
    found = read(bench.metrics)
    assert found["omega_schedules",] == found["omega_schedules_paused",] == 1
    assert found["omega_schedules_late",] == found["omega_schedule_lateness_seconds",] == 0
    bench.now = schedule.next_due + timedelta(seconds=90)
    found = read(bench.metrics)
    assert found["omega_schedules_late",] == 1
    assert found["omega_schedule_lateness_seconds",] == pytest.approx(90)
