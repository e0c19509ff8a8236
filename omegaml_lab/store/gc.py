"""The collector: removes what nobody needs any more, while others read and write."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import InvalidRetentionError
from omegaml_lab.core.gc import Collected
from omegaml_lab.core.metadata import STORES
from omegaml_lab.core.retention import RETENTION, Retention, checkpoints
from omegaml_lab.storage.garbage import Leaving
from omegaml_lab.storage.lineage import training_data
from omegaml_lab.storage.revisions import is_remains

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping
    from datetime import datetime

    from omegaml_lab.storage.heads import Head
    from omegaml_lab.storage.storage import Storage

__all__ = ["Collector", "Pin", "trained_on"]

Pin = tuple[str, int] | tuple[str, str, str, int]
"""A revision that is kept: the id of its object and its number, or where nobody noted the id
bucket, store, name and number."""

_BATCH = 64


@dataclass(slots=True)
class _Tally:
    dropped: int = 0
    revisions: int = 0
    pieces: int = 0
    chunks: int = 0
    bytes: int = 0
    problems: list[str] = field(default_factory=list)


class Collector:
    """Removes garbage from a repository, in all buckets.

    It keeps no state of its own: it may be interrupted and begun again, and several at once
    do each other no harm.

    Parameters
    ----------
    storage
        The repository.
    rules
        Which revisions are kept, by store.
    used
        Returns the revisions that something refers to: they are kept.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        rules: Mapping[str, Retention],
        used: Callable[[], Container[Pin]] = tuple,
    ) -> None:
        self._archive = storage.objects.archive()
        self._garbage = storage.garbage
        self._rules = rules
        self._used = used

    def collect(
        self,
        *,
        grace: timedelta,
        trash: timedelta,
        dry_run: bool = False,
        progress: Callable[[str, int], None] = lambda what, done: None,  # noqa: ARG005
    ) -> Collected:
        """Collect garbage; return what that was.

        Parameters
        ----------
        grace
            What became garbage later than that ago is left alone, so that who reads it has
            so long to end. The clocks of all machines must agree better than that.
        trash
            What was dropped earlier than that ago leaves the trash. Who reads it has the
            grace period, too.
        dry_run
            Remove nothing, and say what would be.
        progress
            Called with what is done (``trash``, ``revisions``, ``pieces``, ``chunks``) and how
            many there were so far.
        """
        tally = _Tally()
        before = self._garbage.before(_length(grace))
        leaving = Leaving()
        moment = before + grace  # now, or when the oldest writer at work began
        self._empty_trash(moment - _length(trash), before, tally, leaving, dry_run=dry_run)
        progress("trash", tally.dropped)
        self._thin(before, tally, leaving, dry_run=dry_run)
        progress("revisions", tally.revisions)
        limit = self._sweep(before, tally, leaving, progress, dry_run=dry_run)
        return Collected(
            dry_run=dry_run,
            before=limit,
            dropped=tally.dropped,
            revisions=tally.revisions,
            pieces=tally.pieces,
            chunks=tally.chunks,
            bytes=tally.bytes,
            problems=tuple(tally.problems),
        )

    def _sweep(
        self,
        before: datetime,
        tally: _Tally,
        leaving: Leaving,
        progress: Callable[[str, int], None],
        *,
        dry_run: bool,
    ) -> datetime:
        """Remove what is not referred to; return up to when."""
        sweep = contextlib.nullcontext(_unseen) if dry_run else self._garbage.sweeps.sweeping()
        with sweep as alive:
            references = self._garbage.references(before, leaving)
            limit = references.before
            for digests in _batches(self._garbage.pieces(references)):
                alive()
                count, size = self._garbage.remove_pieces(digests, before=limit, dry_run=dry_run)
                tally.pieces, tally.bytes = tally.pieces + count, tally.bytes + size
                progress("pieces", tally.pieces)
        for segment in self._garbage.segments(references):
            count, size = self._garbage.remove_segment(segment, before=limit, dry_run=dry_run)
            tally.chunks, tally.bytes = tally.chunks + count, tally.bytes + size
            progress("chunks", tally.chunks)
        return limit

    def _empty_trash(
        self,
        limit: datetime,
        before: datetime,
        tally: _Tally,
        leaving: Leaving,
        *,
        dry_run: bool,
    ) -> None:
        for id, dropped in self._archive.expired(dropped_before=limit).items():  # noqa: A001
            if not dry_run:
                if not self._archive.purge(id, dropped_before=limit, before=before):
                    continue
            elif dropped is None or dropped < before:  # else its payloads stay for now
                leaving.objects.add(id)
            tally.dropped += 1

    def _thin(self, before: datetime, tally: _Tally, leaving: Leaving, *, dry_run: bool) -> None:
        # The heads are read after `before` was found: a tag that is not in them yet is put on
        # a state by somebody who relied on it later than that. So it is with what is used.
        used = self._used()
        for head in self._archive.heads(STORES):
            rule = self._rule(head, tally)
            numbers = self._superfluous(head, rule, before, used) if rule else set()
            if dry_run:
                leaving.states.update((head.id, number) for number in numbers)
                tally.revisions += len(numbers)
            elif numbers:
                tally.revisions += self._archive.remove(head, numbers, before=before)
        for id in self._archive.orphans():  # noqa: A001
            if dry_run:
                old = self._archive.old_states(id, before=before)
                leaving.states.update((id, number) for number in old)
                tally.revisions += 0 if is_remains(id) else len(old)
            else:
                tally.revisions += self._archive.remove_orphan(id, before=before)

    def _rule(self, head: Head, tally: _Tally) -> Retention | None:
        """Return what is kept of an object; None when that is everything."""
        own = head.attributes.get(RETENTION)
        try:
            rule = self._rules.get(head.metadata.store) if own is None else Retention.parse(own)
        except InvalidRetentionError as error:
            meta = head.metadata
            tally.problems.append(f"{meta.bucket}/{meta.store} {meta.name}: {error}")
            return None
        return None if rule is None or rule.text == "all" else rule

    def _superfluous(
        self, head: Head, rule: Retention, before: datetime, used: Container[Pin]
    ) -> set[int]:
        meta = head.metadata
        states = [(state.revision, state.modified) for state in self._archive.states(head)]
        found = rule.superfluous([*states, (meta.revision, meta.modified)], before)
        there = {number for number, _ in states}
        names = {meta.name, str(head.document.get("renamed_from", meta.name))}
        pinned = {
            number
            for number in there
            if (head.id, number) in used
            or any((meta.bucket, meta.store, name, number) in used for name in names)
        }
        marked = {*head.tags.values(), *checkpoints(head.attributes)}
        left = (found & there) - marked - pinned
        return left - self._archive.read(head, left) if left else left


def trained_on(storage: Storage) -> set[Pin]:
    """Return the revisions of datasets on which models were trained that are kept, or dropped.

    By name as well: a model that was imported tells the id that its data had elsewhere.
    """
    pins: set[Pin] = set()
    for bucket, several in storage.objects.archive().told("models", "trained_on"):
        for one in training_data(several):
            pins.add((bucket, "datasets", one["name"], one["revision"]))
            pins.add((one.get("id", ""), one["revision"]))
    return pins


def _length(given: object) -> timedelta:
    """Return a length of time that has passed.

    Raises
    ------
    InvalidRetentionError
        If it is none: nothing is collected that is yet to come.
    """
    if isinstance(given, timedelta) and given >= timedelta(0):
        return given
    reason = "say how long ago, as timedelta(days=30), which is 30d on the command line"
    raise InvalidRetentionError(given, reason, what="length of time")


def _unseen() -> None:
    """Who removes nothing is on no record."""


def _batches(digests: Iterable[bytes]) -> Iterator[list[bytes]]:
    digests = iter(digests)
    while batch := list(itertools.islice(digests, _BATCH)):
        yield batch
