"""Whereabouts: where the notebooks of schedules and runs are now, and what that means for these.

Both go by the identity of their notebook: that stays when the notebook is renamed, goes to the
trash, and comes back. So nothing has to be told to them for them to follow.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import NotebookGoneError
from omegaml_lab.runtime.records.renamed import names_now

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from omegaml_lab.core.names import Name
    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.schedules import Schedule
    from omegaml_lab.storage.places import Place
    from omegaml_lab.store.jobs import JobStore

__all__ = ["Whereabouts"]

_IN_TRASH = "Its notebook is in the trash: restore it or drop the schedule."
_ELSEWHERE = "Its notebook is in the bucket {!r} now: move it back or drop the schedule."
_GONE = "Its notebook is gone for good: put one under its name or drop the schedule."


class Whereabouts:
    """Finds the notebooks of schedules and runs of one bucket."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs

    def ids(self, names: Sequence[str], store: str = "jobs") -> dict[str, str]:
        """Return the ids of what is called so now."""
        storage, bucket = self._jobs.storage, self._jobs.bucket
        found = storage.objects.heads(bucket, store).find(names, payload=False)
        return {name: head.id for name, head in found.items() if not head.metadata.is_folder}

    def spellings(self, job: str | Name) -> list[str]:
        """Return the names that a job may have, whether it is there or not."""
        return list(self._jobs.naming.spellings(job))

    def jobs(self, runs: Sequence[Run]) -> list[str]:
        """Return what is called now what runs were of; see `names_now`."""
        return names_now(self._jobs.storage.objects, runs)

    def called(self, ids: Collection[str]) -> dict[str, str]:
        """Return what the notebooks that are here are called now, in one query for all."""
        places = self._jobs.storage.objects.places({*ids})
        return {id: place.name for id, place in places.items() if self._is_here(place)}  # noqa: A001

    def known_as(
        self, names: Sequence[str], had: Collection[str], *, stores: Sequence[str] = ("jobs",)
    ) -> list[str]:
        """Return the ids of what a name means: what has it now, and what had it and is gone.

        `had` are the ids of all that ever had it. What goes by another name now is meant only
        where nothing has this one.
        """
        there = [id for store in stores for id in self.ids(names, store).values()]  # noqa: A001
        if not there:
            return [*had]
        others = set(had) - {*there}
        places = self._jobs.storage.objects.places(others)
        return [*there, *(one for one in others if not self._is_here(places.get(one), stores))]

    def seen(self, schedules: Sequence[Schedule]) -> list[Schedule]:
        """Return schedules as their notebooks are now: called so, or why they cannot run.

        A notebook that is not there is stood in for by another one under its name.
        """
        places = self._jobs.storage.objects.places([s.object for s in schedules if s.object])
        lost = [s.job for s in schedules if not self._is_here(places.get(s.object))]
        ids = self.ids(lost) if lost else {}
        return [self._seen(s, places.get(s.object), ids) for s in schedules]

    def check(self, schedule: Schedule) -> Schedule:
        """Return a schedule like `seen`.

        Raises
        ------
        NotebookGoneError
            If it cannot run.
        """
        (now,) = self.seen([schedule])
        if now.unable is not None:
            raise NotebookGoneError(now.id, now.job, now.unable)
        return now

    def _seen(self, schedule: Schedule, place: Place | None, ids: dict[str, str]) -> Schedule:
        able = replace(schedule, unable=None, trash=None)
        if place is not None and self._is_here(place):
            return replace(able, job=place.name)
        # The number of a revision means that of its own notebook.
        other = bool(schedule.object) and schedule.pinned.isdecimal()
        if schedule.job in ids and not other:
            return replace(able, object=ids[schedule.job])
        if place is not None and not place.in_trash:
            return replace(able, unable=_ELSEWHERE.format(place.bucket))
        trash = place.id if place is not None else self._dropped(schedule)
        return replace(able, unable=_GONE if trash is None else _IN_TRASH, trash=trash)

    def _is_here(self, place: Place | None, stores: Sequence[str] = ("jobs",)) -> bool:
        if place is None or place.in_trash:
            return False
        return place.bucket == self._jobs.bucket and place.store in stores

    def _dropped(self, schedule: Schedule) -> str | None:
        """Return what stands for the notebook in the trash, where only its name is known."""
        trash = self._jobs.storage.objects.trash(self._jobs.bucket, "jobs")
        found = None if schedule.object else trash.newest([schedule.job])
        return found.id if found else None
