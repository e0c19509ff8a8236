"""A no-op of plain Celery over RabbitMQ, with its own results: the least that a call can cost.

python benchmarks/noop.py amqp://...    # the worker
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

from celery import Celery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUEUE = "omega.benchmark.noop"


def app_for(url: str) -> Celery:
    """Return the app, as the first steps with Celery show it."""
    app = Celery("noop", broker=url, backend="rpc://", set_as_current=False)
    app.conf.update(
        task_default_queue=QUEUE, worker_prefetch_multiplier=1, task_acks_late=True,
        worker_concurrency=2,
    )  # fmt: skip
    app.task(name="noop")(_nothing)
    return app


def _nothing() -> None:
    return None


@contextlib.contextmanager
def calling(url: str) -> Iterator[Callable[[], object]]:
    """Start a worker, and give what calls it and waits for its answer."""
    quiet: dict[str, int] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, __file__, url], **quiet)
    task = app_for(url).tasks["noop"]
    try:
        task.delay().get(timeout=60)
        yield lambda: task.delay().get(timeout=60)
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    app_for(sys.argv[1]).Worker(
        loglevel="ERROR",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    ).start()
