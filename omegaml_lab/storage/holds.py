"""Holds: what keeps the collector off payloads that no head refers to yet.

A writer relies on pieces and chunks before its head refers to them, and on old revisions
before they are tagged or restored. While it does, a record in ``holds`` says since when, and
the collector leaves alone whatever somebody wrote or relied on after that. A writer that dies
leaves its record; it counts for `LIFETIME` after its last sign of life. Pieces that were there
before are named in the record (``d``, their digests in a row).
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pymongo.write_concern import WriteConcern

from omegaml_lab.core.errors import IntegrityError, StorageUnavailableError
from omegaml_lab.storage.sweeps import Sweeps
from omegaml_lab.storage.times import now

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from omegaml_lab.storage.connection import Connection

__all__ = ["LIFETIME", "Hold", "Holds"]

LIFETIME = timedelta(days=1)
"""How long the record of a writer counts that gave no sign of life since."""
_SIGN_OF_LIFE = LIFETIME.total_seconds() / 24
_DIGEST = 32
_MOST_NAMED = 100_000
"""So many pieces, of 3 MB of digests, a record names; a document has room for five times more."""


def _clock() -> float:
    """Return seconds that pass while the machine sleeps, too: those of others do."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.time()


@dataclass(slots=True, kw_only=True, eq=False)
class Hold:
    """What one writer holds; `kept` is when its record was last written, on the local clock.

    `named` is how many pieces the record names.
    """

    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    since: datetime = field(default_factory=now)
    kept: float | None = None
    named: int = 0


class Holds:
    """The holds of this process, and those of all."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sweeps = Sweeps(connection)
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._open: set[Hold] = set()
        self._unsaid: set[Hold] = set()

    @contextlib.contextmanager
    def holding(self, *, now: bool = False) -> Iterator[Hold]:
        """Hold what is written and relied on inside, from the first time that it is.

        Most puts are small and write nothing but their head, for which this costs nothing. With
        `now` the hold is announced at once.
        """
        if self._pid != os.getpid():  # the writers and the lock of before a fork are not ours
            self._begin()
        hold = Hold()
        with self._lock:
            self._open.add(hold)
            self._unsaid.add(hold)
        try:
            if now:
                self.announce()
            yield hold
        finally:
            with self._lock:
                self._open.discard(hold)
                self._unsaid.discard(hold)
            if hold.kept is not None:
                self._release(hold)

    def announce(self) -> None:
        """Make sure that the holds of this process are on record, before what they hold is.

        Which of several writers calls is not known, so that all are announced.

        Raises
        ------
        IntegrityError
            If one gave no sign of life for so long that it counts no more.
        """
        if self._pid != os.getpid() or not self._open:
            return
        if self._unsaid:
            with self._lock:
                self._say(list(self._unsaid))
        for hold in list(self._open):
            self.keep(hold)

    def rely_on(self, digests: Collection[bytes]) -> bool:
        """Name pieces that are there in the holds of this process; say whether that is enough.

        If so they stay, as far as they are there when this returns. It is not enough where a
        collector is at work, which may have decided before, or nothing is held here, or the
        record is full: then they have to be made young.
        """
        holds = [hold for hold in list(self._open) if hold.kept is not None]
        if not holds or any(hold.named + len(digests) > _MOST_NAMED for hold in holds):
            return False
        where = {"_id": {"$in": [hold.id for hold in holds]}}
        with self._connection.errors():
            named = self._holds.update_many(where, {"$push": {"d": b"".join(digests)}})
        if named.matched_count < len(holds):  # which of them is gone is not known here
            return False
        for hold in holds:
            hold.named += len(digests)
        return not self._sweeps.any()

    @contextlib.contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Announce, and give signs of life while other processes write for this one.

        They know of no hold: theirs is that of who waits for them. Errors like `announce`.
        """
        self.announce()
        done = threading.Event()

        def live() -> None:
            while not done.wait(_SIGN_OF_LIFE):
                # Who flips the head asks again, and is told what is wrong.
                with contextlib.suppress(IntegrityError, StorageUnavailableError):
                    self.announce()

        thread = threading.Thread(target=live, name="omega-hold", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def keep(self, hold: Hold) -> None:
        """Give a sign of life if there was none for long; errors like `announce`."""
        if hold.kept is None or _clock() - hold.kept < _SIGN_OF_LIFE:
            return
        kept = _clock()
        with self._connection.errors():
            found = self._holds.update_one({"_id": hold.id}, {"$set": {"beat": now()}})
        if not found.matched_count:
            reason = "it was written for so long without a sign of life that it was collected"
            raise IntegrityError("payload of a put", reason)
        hold.kept = kept

    def oldest(self, *, session: Any = None) -> datetime | None:
        """Return since when something is held, by whoever it is; None when nothing is.

        Errors are those of pymongo: who reads in a `session` has its own answer to them.
        """
        found = self._holds.find({"t": {"$exists": True}}, {"t": True}, session=session)
        return min((document["t"] for document in found), default=None)

    def named(self, *, session: Any = None) -> set[bytes]:
        """Return the pieces that writers say they rely on; errors like `oldest`."""
        found = self._holds.find({"d": {"$exists": True}}, {"d": True}, session=session)
        return {
            bytes(some[start : start + _DIGEST])
            for document in found
            for some in document["d"]
            for start in range(0, len(some), _DIGEST)
        }

    def bury(self, moment: datetime) -> int:
        """Remove the records of writers and collectors dead at `moment`; return how many."""
        with self._connection.errors():
            dead = {"beat": {"$lt": moment - LIFETIME}}
            return int(self._holds.delete_many(dead).deleted_count)

    def _say(self, holds: list[Hold]) -> None:
        if not holds:  # another thread has said so meanwhile
            return
        beat, kept = now(), _clock()
        documents = [{"_id": hold.id, "t": hold.since, "beat": beat} for hold in holds]
        with self._connection.errors():
            self._holds.insert_many(documents)
        for hold in holds:
            hold.kept = kept
        self._unsaid.difference_update(holds)

    def _release(self, hold: Hold) -> None:
        # Nobody waits for the answer: a record that stays keeps some garbage for a day.
        unasked = self._holds.with_options(write_concern=WriteConcern(w=0))
        with self._connection.errors():
            unasked.delete_one({"_id": hold.id})

    @property
    def _holds(self) -> Any:
        return self._connection.collection("holds")
