"""Copying: objects and folders, to another name, bucket, store or repository."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import ConflictError, InvalidNameError, ObjectExistsError
from omegaml_lab.core.names import Name
from omegaml_lab.store.carrying import Carrier, Repository
from omegaml_lab.store.intake import Intake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.storage.heads import Head
    from omegaml_lab.storage.payloads import Payload
    from omegaml_lab.store.store import OmegaStore

__all__ = ["Copying"]

_BATCH = 100


class Copying:
    """Copies from one store to another, or to itself.

    In one repository no payload is copied: it is immutable, and both refer to it.
    """

    def __init__(self, source: OmegaStore, target: OmegaStore) -> None:
        self._source = source
        self.target = target
        here, there = source.storage, target.storage
        self.within = here.address == there.address
        self._carrier = Carrier(Repository(here), there)
        same = (source.name, source.bucket) == (target.name, target.bucket)
        self._same_store = self.within and same

    def copy(self, name: str | Name, new: str | Name | None, *, replace: bool) -> Metadata:
        """Copy an object, or a folder with all that is below; see `OmegaStore.copy`."""
        head = self._source.head_of(name)
        path = self._path(head, new)
        if not head.metadata.is_folder:
            return self._copy(head, path, replace=replace)
        entries = dict(self._below(head, path))
        if not replace:
            self._check_free([path, *entries])
        done = self.target.make_folder(Name(path), exist_ok=replace)
        # One hold: what came with the first may belong to the last, too.
        with self.target.storage.holds.holding(now=True):
            self._copy_all(entries, replace=replace)
        return done

    def _copy_all(self, entries: dict[str, Metadata], *, replace: bool) -> None:
        for place, paths in _batches(entries):
            pairs = list(zip(place, paths, strict=True))
            self.target.make_folders([target for target, meta in pairs if meta.is_folder])
            objects = [(target, meta.name) for target, meta in pairs if not meta.is_folder]
            found = self._source.heads(name for _, name in objects)
            for target, name in objects:
                if name in found:  # else it was dropped meanwhile
                    self._copy(found[name], target, replace=replace)

    def promote(self, name: str | Name) -> Metadata:
        """Make a revision the newest one of its name in the target, unless it is already."""
        head = self._source.head_of(name)
        if head.metadata.is_folder:
            raise InvalidNameError(str(name), "a folder has no revisions to promote")
        path = head.metadata.name
        there = self.target.find(Name(path))
        if there is not None and there.origin is not None and there.hash == head.metadata.hash:
            origin = there.origin
            if (origin.id, origin.revision) == (head.id, head.metadata.revision):
                return there
        return self._copy(head, path, replace=True)

    def move(self, name: str | Name, new: str | Name | None) -> Metadata:
        """Carry an object or folder with all its revisions into another repository."""
        head = self._source.head_of(name)
        path = self._path(head, new)
        entries = {path: head.metadata}
        if head.metadata.is_folder:
            entries |= dict(self._below(head, path))
        self._check_free(list(entries))
        holds = self.target.storage.holds
        with holds.holding(now=True):
            moved = self._take_all(entries)
        self._drop(moved)
        return self.target.metadata(Name(path))

    def _take_all(self, entries: dict[str, Metadata]) -> list[Head]:
        """Take objects into the target; return them as they were where they are dropped next."""
        intake = Intake(self.target, self._carrier)
        moved: list[Head] = []
        for place, metadatas in _batches(entries):
            found = self._source.heads([metadata.name for metadata in metadatas])
            for target, metadata in zip(place, metadatas, strict=True):
                if metadata.name in found:
                    head = found[metadata.name]
                    states = self._source.histories.of(head)
                    intake.take(target, states, head.reference, conflict="fail")
                    self.target.storage.holds.announce()
                    moved.append(head.without_payload())
        return moved

    def _drop(self, moved: list[Head]) -> None:
        """Drop what was moved; what somebody changed or put anew meanwhile stays."""
        for head in sorted(moved, key=lambda one: one.metadata.name, reverse=True):
            name = head.metadata.name
            if head.metadata.is_folder:
                self._source.drop(Name(name), missing_ok=True)
            elif not self._source.drop_as_read(head):
                there = self._source.find(Name(name))
                if there is None:  # somebody else dropped it
                    continue
                raise ConflictError(
                    there.store, name, expected=head.metadata.revision, actual=there.revision
                )

    def _copy(self, head: Head, path: str, *, replace: bool) -> Metadata:
        if not replace:
            self._check_free([path])
        origin = self._origin(head)
        with self.target.storage.holds.holding(now=True) as hold:
            payload = self._payload(head)
            self.target.storage.holds.keep(hold)
            return self.target.adopt(head, payload, path, origin=origin, replace=replace)

    def _payload(self, head: Head) -> Payload:
        if not self.within:
            return self._carrier.bring(head.payload)
        self._source.storage.segments.rely_on(head.payload)
        return head.payload

    def _origin(self, head: Head) -> dict[str, Any]:
        address = None if self.within else self._source.storage.address
        return replace(head.reference, repository=address).to_dict()

    def _path(self, head: Head, new: str | Name | None) -> str:
        name = head.metadata.name
        path = name if new is None else self.target.naming.path(new, head.metadata.kind)
        if self._same_store and head.metadata.is_folder and f"{path}/".startswith(f"{name}/"):
            raise InvalidNameError(path, f"{name!r} cannot be copied into itself")
        return path

    def _below(self, head: Head, path: str) -> Iterator[tuple[str, Metadata]]:
        name = head.metadata.name
        for metadata in self._source.entries(name, recursive=True).items:
            yield path + metadata.name[len(name) :], metadata

    def _check_free(self, paths: list[str]) -> None:
        for start in range(0, len(paths), _BATCH):
            for taken in self.target.heads(paths[start : start + _BATCH]):
                raise ObjectExistsError(self.target.name, taken)


def _batches(entries: dict[str, Metadata]) -> Iterator[tuple[list[str], list[Metadata]]]:
    paths = list(entries)
    for start in range(0, len(paths), _BATCH):
        some = paths[start : start + _BATCH]
        yield some, [entries[path] for path in some]
