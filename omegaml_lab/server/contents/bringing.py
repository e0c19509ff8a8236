"""Files beside a notebook of another bucket, brought beside its copy."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import ObjectNotFoundError
from omegaml_lab.core.names import Name, parent_of
from omegaml_lab.server.contents.mounts import join

if TYPE_CHECKING:
    from omegaml_lab.store.jobs import JobStore

__all__ = ["bring_beside"]


def bring_beside(source: JobStore, notebook: str, target: JobStore, copy: str) -> None:
    """Copy what is beside a notebook beside its copy, but what is there as it is; blocks.

    Both are of one repository, so that no bytes are moved. Nothing is deleted there.
    """
    folder, place = parent_of(notebook), parent_of(copy)
    start = len(folder) + 1 if folder else 0
    places = {join(place, meta.name[start:]): meta for meta in source.beside(folder)}
    present = target.present(list(places))
    for path, meta in places.items():
        if meta.is_folder:
            target.make_folder(Name(path), exist_ok=True)
        elif path not in present or present[path].hash != meta.hash:
            name = Name(meta.name, revision=meta.revision)
            with contextlib.suppress(ObjectNotFoundError):  # dropped a moment ago
                source.copy(name, Name(path), bucket=target.bucket, replace=True)
