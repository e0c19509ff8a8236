"""How long a message takes to a worker, and what waiting costs: ours, kombu's, RabbitMQ.

    python benchmarks/broker.py mongodb://127.0.0.1:27017/bench [amqp://...]

Prints, for each broker, the time from sending to the task's first line, the rate of 500
no-ops, and the CPU share of a worker that waits.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from omegaml_lab.runtime.broker.broker import make_app

if TYPE_CHECKING:
    from celery import Celery

QUEUE = "omega.benchmark"
IDLE_SECONDS = 10


def app_for(url: str) -> Celery:
    app = make_app(url)
    if url.startswith("mongodb"):
        app.conf.broker_transport_options = {"polling_interval": 0.01}
    app.conf.worker_pool = "threads"
    latencies: list[float] = []

    @app.task(name="took")
    def took(sent: float) -> None:
        latencies.append(time.time() - sent)

    @app.task(name="tell")
    def tell(path: str) -> None:
        Path(path).write_text(json.dumps(latencies))
        latencies.clear()

    return app


def work(url: str) -> None:
    quiet: dict[str, Any] = {
        "without_gossip": True, "without_mingle": True, "without_heartbeat": True,
    }  # fmt: skip
    app_for(url).Worker(
        queues=[QUEUE], concurrency=2, loglevel="ERROR", quiet=True, **quiet
    ).start()


def collected(app: Celery, folder: Path) -> list[float]:
    path = folder / f"{time.monotonic_ns()}.json"
    app.send_task("tell", args=[str(path)], queue=QUEUE)
    while not path.exists() or not path.read_text():
        time.sleep(0.01)
    return json.loads(path.read_text())


def measure(name: str, url: str, folder: Path) -> None:
    app = app_for(url)
    worker = subprocess.Popen([sys.executable, __file__, "--worker", url])
    try:
        collected(app, folder)
        for _ in range(100):
            app.send_task("took", args=[time.time()], queue=QUEUE)
            time.sleep(0.03)
        times = sorted(collected(app, folder))
        began = time.perf_counter()
        for _ in range(500):
            app.send_task("took", args=[time.time()], queue=QUEUE)
        done = 0
        while done < 500:
            done += len(collected(app, folder))
        rate = 500 / (time.perf_counter() - began)
        process = psutil.Process(worker.pid)
        before = sum(process.cpu_times()[:2])
        time.sleep(IDLE_SECONDS)
        idle = (sum(process.cpu_times()[:2]) - before) / IDLE_SECONDS
    finally:
        worker.terminate()
        worker.wait()
    median, late = statistics.median(times) * 1000, times[94] * 1000
    print(f"{name:8} median {median:5.1f} ms  95 % {late:5.1f} ms  {rate:4.0f}/s  idle {idle:.1%}")


def main(mongo: str, *others: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        measure("ours", f"omega+{mongo}", Path(folder))
        measure("kombu's", mongo, Path(folder))
        for url in others:
            measure("RabbitMQ", url, Path(folder))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2])
    else:
        main(*sys.argv[1:])
