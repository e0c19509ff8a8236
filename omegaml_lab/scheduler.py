"""The scheduler: the process that minds the queue. Any number of them may run."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from typing import TYPE_CHECKING

from omegaml_lab.config import Config
from omegaml_lab.omega import Omega
from omegaml_lab.runtime.sweeper import Sweeper

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["main"]


def main(config: Config, *, log_level: str = "INFO") -> int:
    """Mind the queue until SIGTERM or SIGINT; return the exit code."""
    logging.basicConfig(
        level=log_level,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - Python's signature
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with Omega(config=config) as omega:
        sweeper = Sweeper(
            storage=omega.storage,
            runs=omega.runtime.runs.records,
            broker=omega.runtime.broker,
            lease=config.lease_seconds,
        )
        logging.getLogger(__name__).info("scheduler %s is ready", sweeper.id)
        sweeper.run(stop)
    return 0


if __name__ == "__main__":
    sys.exit(main(Config.load()))
