"""Metrics of a repository, in the text format of Prometheus.

All is read from the records of runs, workers and schedules, so every process tells the same,
and nothing is lost when one ends. What has ended is counted by one aggregate over an index;
what ended long ago is counted once by each process, because it does not change any more.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.notifications import Delivery
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.records.presence import SILENCE, living_workers
from omegaml_lab.runtime.records.run_documents import FREE
from omegaml_lab.runtime.records.run_indexes import INDEXES
from omegaml_lab.runtime.records.run_records import utcnow
from omegaml_lab.runtime.schedules.timetable import GRACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from prometheus_client.metrics_core import Metric

    from omegaml_lab.storage.storage import Storage

__all__ = ["BUCKETS", "CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400)
"""Upper bounds of the histogram of durations, in seconds."""

_SETTLED = timedelta(minutes=15)
"""Nobody's clock is so wrong: what ended earlier, by whatever clock, has been seen."""

_ENDED = [Status.SUCCEEDED.value, Status.FAILED.value, Status.CANCELLED.value, Status.LOST.value]
_SECONDS: dict[str, Any] = {
    "$divide": [{"$subtract": ["$ended_at", "$started_at"]}, 1000],
}
_BUCKET: dict[str, Any] = {
    "$switch": {
        "branches": [
            {"case": {"$eq": [{"$type": "$started_at"}, "null"]}, "then": -1},
            *(
                {"case": {"$lte": [_SECONDS, bound]}, "then": place}
                for place, bound in enumerate(BUCKETS)
            ),
        ],
        "default": len(BUCKETS),
    }
}

Key = tuple[str, str, int]


class Metrics:
    """Reads the metrics of one repository. May be shared by threads.

    Parameters
    ----------
    storage
        The repository.
    clock
        Returns the present moment, aware and in UTC.
    """

    def __init__(self, storage: Storage, *, clock: Callable[[], datetime] = utcnow) -> None:
        self._storage = storage
        self._now = clock
        self._lock = threading.Lock()
        self._until: datetime | None = None
        self._counts: Counter[Key] = Counter()
        self._seconds: Counter[Key] = Counter()

    def text(self) -> str:
        """Return all metrics, as Prometheus reads them."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(_Found(self._collect()))
        text: bytes = generate_latest(registry)
        return text.decode()

    def _collect(self) -> list[Metric]:
        with self._lock:
            return [*self._ended(), *self._queue(), *self._workers(), *self._schedules()]

    # -- runs ----------------------------------------------------------------------------------

    def _ended(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        counts, seconds = self._totals()
        labels = ("status", "kind")
        ended = CounterMetricFamily("omega_runs_ended", "Runs that have ended.", labels=labels)
        lasted = HistogramMetricFamily(
            "omega_run_duration_seconds", "How long runs took from start to end.", labels=labels
        )
        for status, kind in sorted({(status, kind) for status, kind, _ in counts}):
            of = {place: counts[status, kind, place] for place in range(-1, len(BUCKETS) + 1)}
            ended.add_metric((status, kind), sum(of.values()))
            total, cumulated = 0, []
            for place, bound in enumerate((*map(str, BUCKETS), "+Inf")):
                total += of[place]
                cumulated.append((bound, total))
            took = sum(seconds[status, kind, place] for place in range(len(BUCKETS) + 1))
            lasted.add_metric((status, kind), cumulated, took)
        yield ended
        yield lasted

    def _totals(self) -> tuple[Counter[Key], Counter[Key]]:
        """Return how many runs have ended, and in how many seconds, by status, kind and bucket."""
        settled = self._now() - _SETTLED
        if self._until is None or settled > self._until:
            before = {} if self._until is None else {"$gte": self._until}
            counts, seconds = self._sums({**before, "$lt": settled})
            self._counts.update(counts)
            self._seconds.update(seconds)
            self._until = settled
        counts, seconds = self._sums({"$gte": self._until})
        return self._counts + counts, self._seconds + seconds

    def _sums(self, ended_at: Mapping[str, Any]) -> tuple[Counter[Key], Counter[Key]]:
        records = self._storage.records("runs")
        records.index(*INDEXES)
        where = {
            "untold": {"$in": [True, False, None]},  # so that the index serves
            "ended_at": dict(ended_at),
            "status": {"$in": _ENDED},
            # One that is lost for now is queued again within a second.
            "$nor": [{"status": "lost", "$expr": {"$lt": ["$attempt", "$max_attempts"]}}],
        }
        by = {"status": "$status", "kind": {"$ifNull": ["$kind", "job"]}, "place": _BUCKET}
        found = records.groups(where, by, {"count": {"$sum": 1}, "seconds": {"$sum": _SECONDS}})
        counts: Counter[Key] = Counter()
        seconds: Counter[Key] = Counter()
        for group in found:
            key = (group["status"], group["kind"], group["place"])
            counts[key] += group["count"]
            seconds[key] += group["seconds"] or 0
        return counts, seconds

    def _queue(self) -> Iterator[Metric]:
        now = self._now()
        # What waits for other runs is in no queue of workers yet.
        where = {"status": {"$in": [Status.QUEUED.value, Status.RUNNING.value]}, **FREE}
        found = self._storage.records("runs").groups(
            where,
            {"status": "$status", "label": "$label"},
            {"count": {"$sum": 1}, "oldest": {"$min": "$queued_at"}},
        )
        queued = [group for group in found if group["status"] == Status.QUEUED.value]
        running = [group for group in found if group["status"] == Status.RUNNING.value]
        ages = [(g["label"], (now - g["oldest"]).total_seconds()) for g in queued]
        yield _by_label("omega_runs_queued", "Runs that wait for a worker.", _counts(queued))
        yield _by_label("omega_runs_running", "Runs that go on.", _counts(running))
        yield _by_label("omega_queue_age_seconds", "How long a run has waited at most.", ages)

    # -- who performs and starts them ----------------------------------------------------------

    def _workers(self) -> Iterator[Metric]:
        now = self._now()
        alive: Counter[str] = Counter()
        slots: Counter[str] = Counter()
        busy: Counter[str] = Counter()
        silent: dict[str, float] = {}
        for worker in living_workers(self._storage):
            alive[worker.label] += 1
            slots[worker.label] += worker.concurrency
            busy[worker.label] += worker.busy
            age = (now - worker.heartbeat_at).total_seconds()
            silent[worker.label] = max(age, silent.get(worker.label, 0))
        yield _by_label("omega_workers", "Workers that are alive.", alive.items())
        yield _by_label("omega_worker_slots", "Runs they can perform at once.", slots.items())
        yield _by_label("omega_worker_slots_busy", "Runs they perform now.", busy.items())
        yield _by_label(
            "omega_worker_heartbeat_age_seconds",
            "How long ago the worker that was silent longest was heard of.",
            silent.items(),
        )

    def _schedules(self) -> Iterator[Metric]:
        now, records = self._now(), self._storage.records("schedules")
        heard = {"heartbeat_at": {"$gte": now - SILENCE}}
        late = {"paused": False, "next_due": {"$lt": now - GRACE}}
        oldest = records.query(late, sort=[("next_due", 1)], limit=1)
        behind = (now - oldest[0]["next_due"]).total_seconds() if oldest else 0
        told = self._storage.records("notifications")
        schedulers = self._storage.records("schedulers").count(heard)
        for name, text, value in (
            ("omega_schedulers", "Schedulers that are alive.", schedulers),
            (
                "omega_schedules",
                "Schedules that will be due.",
                records.count({"next_due": {"$ne": None}}),
            ),
            ("omega_schedules_paused", "Paused schedules.", records.count({"paused": True})),
            ("omega_schedules_late", "Schedules due and not seen to.", records.count(late)),
            (
                "omega_schedules_waiting",
                "Schedules of which a due time waits for an earlier run.",
                records.count({"waiting": {"$type": "date"}}),
            ),
            ("omega_schedule_lateness_seconds", "How late the latest of them is.", behind),
            (
                "omega_notifications_waiting",
                "Notifications that were not delivered so far.",
                told.count({"status": Delivery.WAITING.value}),
            ),
            (
                "omega_notifications_failed",
                "Notifications that were given up in the last month.",
                told.count({"status": Delivery.FAILED.value}),
            ),
        ):
            yield _gauge(name, text, value)


class _Found:
    """Hands metrics that were read before to Prometheus' client."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def _counts(groups: Iterable[Mapping[str, Any]]) -> list[tuple[str, float]]:
    return [(group["label"], group["count"]) for group in groups]


def _by_label(name: str, text: str, values: Iterable[tuple[str, float]]) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    metric = GaugeMetricFamily(name, text, labels=("label",))
    for label, value in sorted(values):
        metric.add_metric((str(label),), value)
    return metric


def _gauge(name: str, text: str, value: float) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(name, text, value=value)
