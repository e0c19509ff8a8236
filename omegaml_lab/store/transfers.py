"""What a store does with whole objects: carry them elsewhere, and tell where they come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, cast

from omegaml_lab.core.errors import InvalidNameError, ObjectExistsError
from omegaml_lab.core.names import Name, check_bucket, parent_of
from omegaml_lab.core.retention import passing
from omegaml_lab.store.backend import Written
from omegaml_lab.store.copying import Copying
from omegaml_lab.store.folders import parents_of
from omegaml_lab.store.states import States
from omegaml_lab.store.terms import Terms
from omegaml_lab.store.walking import walk
from omegaml_lab.store.writing import once

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from omegaml_lab.core.lineage import Lineage
    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.storage.heads import Head
    from omegaml_lab.storage.histories import Histories
    from omegaml_lab.storage.payloads import Payload
    from omegaml_lab.storage.storage import Storage
    from omegaml_lab.store.folders import Folders
    from omegaml_lab.store.recording import Recorder
    from omegaml_lab.store.registry import Registry
    from omegaml_lab.store.store import OmegaStore
    from omegaml_lab.store.writing import Writing

__all__ = ["Transfers"]


class Transfers(States, ABC):
    """The half of `OmegaStore` that knows of other buckets and repositories."""

    _registry: Registry
    _recorder: Recorder

    def rename(self, name: str | Name, new: str | Name) -> Metadata:
        """Give an object another name, or move a folder with all that is below it, as one.

        Raises
        ------
        ObjectExistsError
            If `new` is taken.
        InvalidNameError
            If a folder would be moved into itself.
        """
        return self._rename(name, new, None)

    def copy(
        self,
        name: str | Name,
        new: str | Name | None = None,
        *,
        bucket: str | None = None,
        to: OmegaStore | None = None,
        replace: bool = False,
    ) -> Metadata:
        """Copy an object as it is now, or was (``name@3``), or a folder with all that is below.

        Parameters
        ----------
        name
            What to copy.
        new
            The name of the copy; by default the same.
        bucket
            The bucket of the copy; by default the same.
        to
            The store of the copy, of this or of another repository; by default this store.
        replace
            Let the copy become a new revision of what is there.

        Raises
        ------
        ObjectExistsError
            If something is there and `replace` is False: then nothing is copied.
        """
        return self._copying(bucket, to).copy(name, new, replace=replace)

    def promote(
        self, name: str | Name, *, bucket: str | None = None, to: OmegaStore | None = None
    ) -> Metadata:
        """Make a revision, e.g. ``name@tag``, the newest one of that name somewhere else.

        It is a copy that replaces; when it is what is there already, nothing changes.
        """
        return self._copying(bucket, to).promote(name)

    def move(
        self,
        name: str | Name,
        new: str | Name | None = None,
        *,
        bucket: str | None = None,
        to: OmegaStore | None = None,
    ) -> Metadata:
        """Move an object with all its revisions, or a folder, to where `copy` would copy it.

        Raises
        ------
        ObjectExistsError
            If something is there.
        ConflictError
            If it was changed while it went to another store: it stays, as well as the copy.
        """
        copying = self._copying(bucket, to)
        if not copying.within or copying.target.name != self.name:
            return copying.move(name, new)
        target = None if copying.target.bucket == self.bucket else copying.target
        same = Name(self.head_of(name).metadata.name)
        return self._rename(name, same if new is None else new, target)

    def lineage(self, name: str | Name, *, depth: int = 5) -> Lineage:
        """Return what a revision was made of and by which run, and what was made of it.

        Parameters
        ----------
        name
            Which object, or which revision of it.
        depth
            How many runs or copies away to look, in either direction.
        """
        head = self._lookup.locate(name, payload=False, folders=False)
        return walk(self._storage.lineage, head.reference, depth=depth)

    # -- for those who carry ---------------------------------------------------------------

    @property
    def storage(self) -> Storage:
        """The repository that the store is in."""
        return self._storage

    @property
    def recorder(self) -> Recorder:
        """What notes the reads of runs."""
        return self._recorder

    @property
    def folders(self) -> Folders:
        """What makes folders here."""
        return self._folders

    @property
    def histories(self) -> Histories:
        """All states of its objects."""
        return self._storage.objects.histories(self.bucket, self.name)

    def in_bucket(self, bucket: str) -> OmegaStore:
        """Return this store of another bucket."""
        return cast("type[OmegaStore]", type(self))(
            self._storage,
            self.name,
            registry=self._registry,
            bucket=check_bucket(bucket),
            owner=self._owner,
            recorder=self._recorder,
        )

    def head_of(self, name: str | Name) -> Head:
        """Return the head that `name` means."""
        return self._lookup.locate(name)

    def state_of(self, id: str, revision: int, *, was: str) -> Head | None:  # noqa: A002
        """Return a revision of an object by its id; None when that is not kept any more.

        Whatever it is called by now: an id survives renames. Another one that has its name
        is never taken for it.

        Raises
        ------
        ObjectNotFoundError
            If the object that `was` called so is not here.
        """
        return self._lookup.state(id, revision, was=was)

    def heads(self, paths: Iterable[str]) -> dict[str, Head]:
        """Return the heads that are there of literal names."""
        return self._heads.find(paths)

    def make_folders(self, paths: Sequence[str]) -> None:
        """Make folders with literal names, and those above them; what is there may stay.

        Raises
        ------
        ObjectExistsError
            If something of that name is there that is no folder.
        """
        wanted: set[str] = set()
        for path in paths:
            above = path
            while above and above not in wanted:
                wanted.add(above)
                above = parent_of(above)
        found = self._heads.find(wanted, payload=False)
        missing = sorted(wanted - found.keys())  # what is above sorts before what is below
        self._folders.make(missing)
        found |= self._heads.find(missing, payload=False)  # somebody may have been faster
        for path, head in found.items():
            if not head.metadata.is_folder:
                raise ObjectExistsError(self.name, path)

    def adopt(
        self,
        head: Head,
        payload: Payload,
        path: str,
        *,
        origin: Mapping[str, Any],
        replace: bool,
    ) -> Metadata:
        """Keep a state that comes from elsewhere; its `payload` is in this repository."""
        document = head.document
        written = Written(
            payload=payload,
            size=document["size"],
            hash=document["hash"],
            details=document["details"],
        )
        terms = Terms(
            expect=None,
            replace=replace,
            keep=True,
            # Its checkpoints are numbers of other revisions, and its retention was for there.
            attributes=passing(head.attributes),
            lineage={"origin": dict(origin)},
        )
        return self._put(path, document["kind"], terms, once(lambda: written))

    # -- inside ----------------------------------------------------------------------------

    def _copying(self, bucket: str | None, to: OmegaStore | None) -> Copying:
        here = cast("OmegaStore", self)
        target = here if to is None else to
        return Copying(here, target if bucket is None else target.in_bucket(bucket))

    @abstractmethod
    def _put(self, path: str, kind: str, terms: Terms, write: Writing) -> Metadata:
        """Put what `write` writes under `path`, on these terms."""

    def _rename(self, name: str | Name, new: str | Name, target: OmegaStore | None) -> Metadata:
        """Rename within the bucket, or into the same store of another one."""
        there = target or cast("OmegaStore", self)
        old = self._lookup.locate(name, payload=False).metadata
        path = self.naming.path(new, old.kind)
        if target is None and path == old.name:
            return old
        if target is None and path.startswith(old.name + "/"):
            raise InvalidNameError(path, f"{old.name!r} cannot be moved into itself")
        found = there.heads([path, *parents_of(path)])
        if path in found:
            raise ObjectExistsError(self.name, path)
        missing = there.folders.missing(path, found)
        if missing:  # which would be made in vain
            self._trees.check(old.name, path)
        there.folders.make_above(path, missing)
        if not self._trees.rename(old.name, path, bucket=there.bucket):
            raise self._lookup.not_found(name)
        there.folders.mend(path)
        if old.is_folder:
            self._mend_below(old.name)
        return there.metadata(Name(path))
