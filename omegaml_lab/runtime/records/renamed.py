"""What that is called now of which runs were: an id stays when something is renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.core.runs import Run
    from omegaml_lab.storage.places import Place
    from omegaml_lab.storage.storage import Objects

__all__ = ["names_now"]


def names_now(objects: Objects, runs: Sequence[Run]) -> list[str]:
    """Return what is called now what runs were of, in one query for all of them.

    What is not in its bucket is called as it was: another one may stand in for it there.
    """
    places = objects.places({run.object for run in runs if run.object})
    found = [(run, places.get(run.object or "")) for run in runs]
    return [place.name if place and _is_home(place, run) else run.job for run, place in found]


def _is_home(place: Place, run: Run) -> bool:
    home = (run.bucket, f"{run.kind}s")
    return not place.in_trash and (place.bucket, place.store) == home
