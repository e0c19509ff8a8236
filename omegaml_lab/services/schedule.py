"""The scheduler process: minds the queue until it is told to stop."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from typing import TYPE_CHECKING

from omegaml_lab.omega import Omega
from omegaml_lab.runtime.sweeper import Sweeper

if TYPE_CHECKING:
    from omegaml_lab.config import Config

__all__ = ["run_scheduler"]


def run_scheduler(config: Config) -> None:
    """Send again what was lost and requeue the runs of dead workers, until SIGTERM or SIGINT."""
    logging.basicConfig(
        level="INFO",
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Omega(config=config) as om:
        sweeper = Sweeper(
            storage=om.storage,
            runs=om.runtime.runs.records,
            broker=om.runtime.broker,
            lease=config.lease_seconds,
        )
        sweeper.run(stop)
