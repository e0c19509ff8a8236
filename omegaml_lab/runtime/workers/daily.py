"""What is done once a day, by one of all the processes that offer to do it."""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import DuplicateRecordError, OmegaError
from omegaml_lab.runtime.records.run_records import utcnow

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from datetime import datetime

    from omegaml_lab.storage.records import Records

__all__ = ["Daily"]

_log = logging.getLogger(__name__)

_DAY = timedelta(days=1)
_PAUSE = 600.0


class Daily:
    """Something that is due once a day; a record says when it was done last.

    Who changes that record by compare-and-set does it. If that process dies over it, it is
    done on the next day: it must be something that can wait.

    Parameters
    ----------
    records
        The collection that the record is in.
    name
        The id of the record.
    act
        What is done.
    clock
        Returns the present moment, aware and in UTC.
    """

    def __init__(
        self,
        records: Records,
        name: str,
        act: Callable[[], object],
        *,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._records = records
        self._name = name
        self._act = act
        self._now = clock

    def run(self, stop: threading.Event) -> None:
        """Do it whenever a day has passed, until `stop` is set."""
        while not stop.is_set():
            try:
                if self.is_mine():
                    _log.info("%s: %s", self._name, self._act())
            except OmegaError as error:
                _log.warning("%s was not done today: %s", self._name, error)
            stop.wait(_PAUSE)

    def is_mine(self) -> bool:
        """Say whether it is due and this process is the one to do it; the first day is free."""
        now = self._now()
        done = {"at": {"$lte": now - _DAY}}
        if self._records.update(self._name, where=done, set={"at": now}) is not None:
            return True
        if self._records.find(self._name) is None:
            with contextlib.suppress(DuplicateRecordError):  # somebody else has just said so
                self._records.insert({"id": self._name, "at": now})
        return False
