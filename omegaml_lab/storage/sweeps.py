"""Sweeps: the collectors at work, on record among the holds of writers.

A collector decides in one look at the repository what is to go. A writer who relies on a piece
after that look must make it young, which costs as much as to write it. Where no collector is
on record none has looked yet, and to say so in the hold is enough: the next one reads that.
"""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.storage.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omegaml_lab.storage.connection import Connection

__all__ = ["Sweeps"]

_SWEEP = "sweep"


class Sweeps:
    """The collectors that are removing pieces."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextlib.contextmanager
    def sweeping(self) -> Iterator[Callable[[], None]]:
        """Be on record as a collector, from before the look on which it decides.

        Yields what to call before each removal; it raises `IntegrityError` where the record
        was taken for that of a dead collector. The record of one that fails stays, for what it
        asked for last may still be done: `Holds.bury` removes it after a day.
        """
        id = uuid.uuid4().hex  # noqa: A001 - the field is named so
        with self._connection.errors():
            self._holds.insert_one({"_id": id, _SWEEP: True, "beat": now()})

        def alive() -> None:
            with self._connection.errors():
                beat = self._holds.update_one({"_id": id}, {"$set": {"beat": now()}})
            if not beat.matched_count:
                raise IntegrityError("sweep", "it gave no sign of life for so long that it ended")

        yield alive
        with self._connection.errors():
            self._holds.delete_one({"_id": id})

    def any(self) -> bool:
        """Say whether a collector is at work, or has not said that it ended."""
        with self._connection.errors():
            return self._holds.find_one({_SWEEP: True}, {"_id": True}) is not None

    @property
    def _holds(self) -> Any:
        return self._connection.collection("holds")
