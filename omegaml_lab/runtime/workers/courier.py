"""The courier: sends the messages of the sweeper, and gives up no queue for lost.

A queue that confirms nothing is waited for once in a round, so that it does not keep the others
waiting. One of RabbitMQ that has confirmed nothing for long, while a new one does, has lost its
leader with a crash, and is replaced: what was in it were hints, which are sent again.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import BrokerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.core.runs import Run
    from omegaml_lab.runtime.broker.broker import Broker

__all__ = ["PATIENCE", "Courier", "mended"]

PATIENCE = 30.0
"""Seconds that a queue may confirm nothing; a new leader is elected within a few."""

_log = logging.getLogger(__name__)


class Courier:
    """Sends messages through a broker, round by round.

    Parameters
    ----------
    broker
        Carries them.
    patience
        Seconds that a queue may confirm nothing before it is looked into.
    """

    def __init__(self, broker: Broker, *, patience: float = PATIENCE) -> None:
        self._broker = broker
        self._patience = patience
        self._since: dict[str, float] = {}  # which queue has confirmed nothing, by its label
        self._given_up: dict[str, BrokerUnavailableError] = {}

    def begin(self) -> None:
        """Begin a round, in which each queue is tried again."""
        self._given_up.clear()

    @property
    def away(self) -> frozenset[str]:
        """The labels whose queues have not answered in this round."""
        return frozenset(self._given_up)

    def send_many(self, runs: Sequence[Run]) -> None:
        """Tell the workers that runs wait.

        Raises
        ------
        BrokerUnavailableError
            If a queue did not confirm it, now or before in this round; others were sent to.
        """
        failed: BrokerUnavailableError | None = None
        for label in dict.fromkeys(run.label for run in runs):
            try:
                self._send([run for run in runs if run.label == label], label)
            except BrokerUnavailableError as error:
                failed = error
        if failed is not None:
            raise failed

    def _send(self, runs: list[Run], label: str) -> None:
        if label in self._given_up:
            raise self._given_up[label]
        try:
            self._broker.send_many(runs)
        except BrokerUnavailableError as error:
            self._given_up[label] = error
            self._since.setdefault(label, time.monotonic())
            raise
        self._since.pop(label, None)

    def mend(self) -> None:
        """Replace the queues that have confirmed nothing for long, though a new one does."""
        for label, since in list(self._since.items()):
            if time.monotonic() - since >= self._patience and mended(self._broker, label):
                del self._since[label]


def mended(broker: Broker, label: str) -> bool:
    """Replace the queue of a label if it has lost its leader; say whether that was done."""
    if not broker.stuck(label):
        return False
    _log.warning("the queue of the label %r confirms nothing: it is replaced", label)
    try:
        broker.replace(label)
    except BrokerUnavailableError as error:
        _log.warning("the queue of the label %r stays: %s", label, error)
        return False
    return True
