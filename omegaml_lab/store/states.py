"""States: the revisions of objects, their tags, and the trash."""

from __future__ import annotations

import contextlib
import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from omegaml_lab.core.differences import Difference
from omegaml_lab.core.errors import (
    ConflictError,
    InvalidNameError,
    InvalidOptionError,
    NotInTrashError,
    ObjectExistsError,
    ObjectNotFoundError,
)
from omegaml_lab.core.names import Name, check_tag
from omegaml_lab.core.retention import lasting, passing
from omegaml_lab.core.trash import Dropped
from omegaml_lab.store.folders import Folders, parents_of
from omegaml_lab.store.lookup import Lookup
from omegaml_lab.store.naming import Naming

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Iterator

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.core.pages import Page
    from omegaml_lab.storage.heads import Head
    from omegaml_lab.storage.storage import Storage

__all__ = ["States", "TrashSort"]

TrashSort = Literal["dropped", "name", "size", "kind"]

_ATTEMPTS = 200


class States:
    """One store of one bucket, seen as the states of its objects; `OmegaStore` has the rest."""

    naming: ClassVar[Naming] = Naming()

    def __init__(
        self, storage: Storage, name: str, *, bucket: str = "default", owner: str = ""
    ) -> None:
        self.name = name
        self.bucket = bucket
        self._owner = owner
        self._storage = storage
        self._heads = storage.objects.heads(bucket, name)
        self._listing = storage.objects.listing(bucket, name)
        self._lookup = Lookup(self._heads, self._listing, self.naming, storage.objects)
        self._folders = Folders(self._heads, owner=owner)
        self._trees = storage.objects.trees(bucket, name)
        self._trash = storage.objects.trash(bucket, name)

    # -- revisions and tags ----------------------------------------------------------------

    def history(self, name: str | Name) -> builtins.list[Metadata]:
        """Return the metadata of all revisions that are kept, newest first."""
        head = self._lookup.locate(name, payload=False, folders=False, pinned=False)
        return self._heads.history(head)

    def compare(self, before: str | Name, after: str | Name | None = None) -> Difference:
        """Return how the metadata of two states differ.

        Parameters
        ----------
        before
            As ``flights@2``.
        after
            By default the newest state of the same object.
        """
        one = self._lookup.locate(before, payload=False, folders=False)
        if after is None:
            two = self._lookup.locate(before, payload=False, folders=False, pinned=False)
        else:
            two = self._lookup.locate(after, payload=False, folders=False)
        return Difference.between(one.metadata, two.metadata)

    def tag(self, name: str | Name, tag: str, revision: int | None = None) -> Metadata:
        """Put a tag on a revision, and take it off the one that had it; return that state.

        ``name@tag`` then means this revision wherever a name is taken, whatever is put later,
        and it is kept for as long as it is tagged.

        Parameters
        ----------
        name
            The object; the tag goes on the revision that it pins, else on the newest.
        tag
            Letters, digits, ``_``, ``-`` and ``.``; it begins with a letter or ``_``.
        revision
            The revision, where `name` does not say it.

        Raises
        ------
        InvalidNameError
            If `tag` cannot be one, or both `name` and `revision` say which revision.
        ObjectNotFoundError
            If there is no such object or revision.
        """
        check_tag(tag)
        if revision is not None and self.naming.parse(name).pinned:
            raise InvalidNameError(str(name), "say the revision once, in the name or beside it")
        asked = self._lookup.locate(name, payload=False, folders=False)
        if asked.metadata.is_folder:
            reason = "it has no revisions that could be tagged"
            raise InvalidOptionError(self.name, asked.metadata.name, "folder", reason)
        number = asked.metadata.revision if revision is None else revision

        def flip(head: Head) -> Head | None:
            if not self._heads.rely_on(head, number):
                raise self._lookup.not_found(Name(head.metadata.name, revision=number))
            return self._heads.tag(head, {**head.tags, tag: number})

        with self._storage.holds.holding(now=True):
            head = self._flip(asked, flip)
            state = self._heads.revision(head, number)
        return (state or head).metadata

    def untag(self, name: str | Name, tag: str) -> None:
        """Take a tag off an object.

        Raises
        ------
        ObjectNotFoundError
            If there is no such object, or it has no such tag.
        """
        asked = self._lookup.locate(name, payload=False, folders=False, pinned=False)

        def flip(head: Head) -> Head | None:
            tags = head.tags
            if tags.pop(tag, None) is None:
                raise self._lookup.not_found(Name(head.metadata.name, tag=str(tag)))
            return self._heads.tag(head, tags)

        self._flip(asked, flip)

    @contextlib.contextmanager
    def relying_on(self, name: Name, *, briefly: bool = False) -> Iterator[str]:
        """Keep a revision from the collector until the block has noted who needs it.

        `name` says the revision; the block gets the object's id, which survives renames. Who
        needs it `briefly` spares two writes when it is the newest one: that is not collected,
        and when another one follows just now it still has the grace period.

        Raises
        ------
        ObjectNotFoundError
            If there is no such revision.
        """
        if briefly:
            head = self._lookup.locate(name, payload=False, folders=False, pinned=False)
            if name.revision in {None, head.metadata.revision}:
                yield head.id
                return
        with self._storage.holds.holding(now=True):
            head = self._lookup.locate(name, payload=False, folders=False, pinned=False)
            if not self._heads.rely_on(head, name.revision or head.metadata.revision):
                raise self._lookup.not_found(name)
            yield head.id

    # -- dropping and restoring ------------------------------------------------------------

    def drop(
        self,
        name: str | Name,
        *,
        recursive: bool = False,
        missing_ok: bool = False,
        keep: bool = True,
    ) -> bool:
        """Take an object out of the store; say whether it was there.

        It moves to the trash, with its revisions and tags; a folder with all that is below it.
        With `keep` False it is forgotten at once.

        Raises
        ------
        ObjectNotFoundError
            If it is not there and `missing_ok` is False.
        ObjectExistsError
            If it is a folder with something in it and `recursive` is False.
        """
        parsed = self.naming.parse(name)
        if parsed.pinned:
            raise InvalidNameError(str(name), "a single revision cannot be dropped")
        while True:
            head = self._lookup.find(name)
            if head is None:
                if missing_ok:
                    return False
                raise self._lookup.not_found(name)
            path, is_folder = head.metadata.name, head.metadata.is_folder
            if is_folder and not recursive and not self._trees.is_empty(path):
                raise ObjectExistsError(self.name, path, inside=True)
            if self._drop(head, recursive=recursive and is_folder, keep=keep):
                if is_folder:
                    self._mend_below(path)
                return True

    def drop_as_read(self, head: Head) -> bool:
        """Move an object to the trash; False when it was changed, or went, since it was read."""
        return self._trash.drop(head, by=self._owner, recursive=False)

    def trash(
        self,
        *,
        search: str | None = None,
        sort: TrashSort = "dropped",
        descending: bool = True,
        offset: int = 0,
        limit: int | None = None,
    ) -> Page[Dropped]:
        """Return a page of what was dropped and can be restored, by default the latest first.

        A folder stands for all that was dropped with it; `search`, a part of a name in any
        case, finds what is in it too.
        """
        return self._trash.page(
            search=search, sort=sort, descending=descending, offset=offset, limit=limit
        )

    def dropped(self, id: str) -> Dropped:  # noqa: A002 - the field is named so
        """Return what has this id in the trash.

        Raises
        ------
        NotInTrashError
            If nothing has.
        """
        if (entry := self._trash.find(id)) is None:
            raise NotInTrashError(self.name, id)
        return entry

    def restore(self, name: str | Name | Dropped, *, new: str | Name | None = None) -> Metadata:
        """Make an earlier revision the newest, or bring back what was dropped.

        Parameters
        ----------
        name
            ``flights@3`` and ``flights@prod`` make that state, with its attributes, a new
            revision; nothing is lost and nothing copied. ``flights`` is brought back from the
            trash as it was dropped, with its revisions and tags, a folder with all that was
            below it; of several that were called so it is the one that was dropped last. What
            `trash` lists tells which one else.
        new
            Another name for what comes from the trash.

        Raises
        ------
        ObjectNotFoundError
            If there is no such revision.
        NotInTrashError
            If it is not in the trash.
        ObjectExistsError
            If the name is taken again: give `new`.
        """
        if isinstance(name, Dropped):
            return self._bring_back(name, new)
        parsed = self.naming.parse(name)
        if parsed.pinned:
            if new is not None:
                reason = "a revision stays an object's own; get and put make a new object of it"
                raise InvalidNameError(str(new), reason)
            return self._return_to(name)
        entry = self._trash.newest(self.naming.spellings(name))
        if entry is None:
            there = self._lookup.find(name, payload=False) is not None
            raise NotInTrashError(self.name, parsed.path, exists=there)
        return self._bring_back(entry, new)

    # -- inside ----------------------------------------------------------------------------

    def _drop(self, head: Head, *, recursive: bool, keep: bool) -> bool:
        if keep:
            return self._trash.drop(head, by=self._owner, recursive=recursive)
        return self._trees.forget(head) if recursive else self._heads.forget(head)

    def _mend_below(self, folder: str) -> None:
        """Make the folders again of what was put below one while that went away."""
        if not self._trees.is_empty(folder):
            for name in self._listing.names(folder, recursive=True, search=None):
                self._folders.mend(name)

    def _return_to(self, name: str | Name) -> Metadata:
        asked = self._lookup.locate(name, payload=False, folders=False)
        number = asked.metadata.revision

        def flip(head: Head) -> Head | None:
            relied = self._heads.rely_on(head, number)
            there = self._heads.revision(head, number) if relied else None
            if there is None:
                raise self._lookup.not_found(name)
            # What is said of all revisions is not taken back with one of them.
            attributes = {**passing(there.attributes), **lasting(head.attributes)}
            state = replace(there.state, owner=self._owner, attributes=attributes)
            return self._heads.replace(head, state, keep=True)

        with self._storage.holds.holding(now=True):
            return self._flip(asked, flip).metadata

    def _bring_back(self, entry: Dropped, new: str | Name | None) -> Metadata:
        path = entry.name if new is None else self.naming.path(new, entry.kind)
        found = self._heads.find([path, *parents_of(path)], payload=False)
        if path in found:
            raise ObjectExistsError(self.name, path, option="new")
        missing = self._folders.missing(path, found)
        self._trash.check(entry, path)  # before folders are made that would be in vain
        self._folders.make_above(path, missing)
        if not self._trash.restore(entry, path):
            raise NotInTrashError(self.name, entry.name)
        self._folders.mend(path)
        return self._lookup.locate(Name(path), payload=False).metadata

    def _flip(self, asked: Head, flip: Callable[[Head], Head | None]) -> Head:
        """Flip the head of the object that was `asked` for, unless it is gone."""
        path = asked.metadata.name

        def same(head: Head | None) -> Head | None:
            if head is None or head.id != asked.id:
                raise ObjectNotFoundError(self.name, path)
            return flip(head)

        return self._retry(path, same, first=self._heads.find([path]).get(path))

    def _retry(
        self, path: str, flip: Callable[[Head | None], Head | None], *, first: Head | None
    ) -> Head:
        """Flip the head; when somebody else was faster, look again and flip that."""
        head = first
        for attempt in range(_ATTEMPTS):
            done = flip(head)
            if done is not None:
                return done
            time.sleep(random.uniform(0, min(0.001 * attempt, 0.05)))  # noqa: S311 - no secret
            head = self._heads.find([path]).get(path)
        actual = head.metadata.revision if head else 0
        raise ConflictError(self.name, path, expected=actual, actual=actual)
