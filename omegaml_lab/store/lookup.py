"""Lookup: from the names that people write to the heads that they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.errors import NotAFileError, ObjectNotFoundError
from omegaml_lab.core.metadata import FOLDER
from omegaml_lab.core.names import Name, parent_of, parse_name
from omegaml_lab.core.suggestions import suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.storage.heads import Head, Heads
    from omegaml_lab.storage.listing import Listing
    from omegaml_lab.storage.storage import Objects
    from omegaml_lab.store.naming import Naming

__all__ = ["Lookup"]


class Lookup:
    """Finds the heads of one store; `objects` tell what is called so, or is, elsewhere."""

    def __init__(self, heads: Heads, listing: Listing, naming: Naming, objects: Objects) -> None:
        self._heads = heads
        self._listing = listing
        self._naming = naming
        self._objects = objects

    def find(
        self,
        name: str | Name,
        *,
        payload: bool = True,
        folders: bool = True,
        pinned: bool = True,
    ) -> Head | None:
        """Return the head that `name` means, None when there is none.

        With `folders` False rather that of an object than that of a folder, with `pinned`
        False the newest whatever revision `name` says.
        """
        parsed = self._naming.parse(name)
        spellings = self._naming.spellings(name)
        found = self._heads.find(spellings, payload=payload)
        heads = [found[path] for path in spellings if path in found]
        if not folders or parsed.pinned:  # a folder has no revisions
            heads.sort(key=lambda head: head.metadata.is_folder)
        if not heads or not pinned or not parsed.pinned:
            return heads[0] if heads else None
        number = parsed.revision or heads[0].tags.get(parsed.tag or "")
        return None if number is None else self._heads.revision(heads[0], number)

    def locate(
        self,
        name: str | Name,
        *,
        payload: bool = True,
        folders: bool = True,
        pinned: bool = True,
    ) -> Head:
        """Return the head like :meth:`find`.

        Raises
        ------
        ObjectNotFoundError
            If there is none.
        """
        head = self.find(name, payload=payload, folders=folders, pinned=pinned)
        if head is None:
            raise self.not_found(name)
        return head

    def kept(self, name: str | Name) -> Head:
        """Return the head of an object that is no folder.

        Raises
        ------
        ObjectNotFoundError
            If there is none.
        NotAFileError
            If it is a folder.
        """
        head = self.locate(name, folders=False)
        if head.metadata.is_folder:
            raise NotAFileError(self._heads.store, head.metadata.name, FOLDER)
        return head

    def state(self, id: str, number: int, *, was: str) -> Head | None:  # noqa: A002
        """Return a state of an object by its identity; None when that state is not kept.

        Raises
        ------
        ObjectNotFoundError
            If the object is not in the store, with where it is that `was` called so.
        """
        head = self._heads.by_id(id)
        if head is None:
            raise self._missing(was, there=self._whither(id, was))
        return self._heads.revision(head, number)

    def _whither(self, id: str, was: str) -> str:  # noqa: A002
        place = self._objects.places([id]).get(id)
        if place is not None and place.in_trash:
            return f"It is in the trash: restore({place.name!r}) brings it back."
        if place is not None:
            return f"It is in the bucket {place.bucket!r} now, as {place.name!r}."
        other = self.find(Name(was), payload=False, folders=False) is not None
        told = " What is called so now is another one." if other else ""
        return f"It was dropped, and is gone for good.{told}"

    def not_found(self, name: str | Name) -> ObjectNotFoundError:
        """Return the error that says so, with what is there instead."""
        parsed = self._naming.parse(name)
        there = self.find(name, payload=False, pinned=False) if parsed.pinned else None
        if there is not None:
            tags = [str(Name(parsed.path, tag=tag)) for tag in there.tags]
            return self._missing(name, known=tags, there=_states_of(there, parsed))
        told = None if parsed.pinned else self._no_state(parsed.path)
        if told := told or self._no_columns(parsed.path):
            return self._missing(name, there=told)
        if told := self._elsewhere(name):
            return self._missing(name, there=told)
        folder = parent_of(parsed.path)
        known = self._listing.names(folder, recursive=False, search=None, limit=1000)
        if not suggestion(parsed.path, known) and (told := self._in_folders(parsed)):
            return self._missing(name, there=told)
        return self._missing(name, known=known)

    def _missing(
        self, name: str | Name, *, known: Sequence[str] = (), there: str | None = None
    ) -> ObjectNotFoundError:
        return ObjectNotFoundError(self._heads.store, str(name), known=known, there=there)

    def _no_state(self, path: str) -> str | None:
        """Say what is wrong with what follows an ``@`` and is neither revision nor tag."""
        before, at, after = path.rpartition("@")
        if not at or not before or self.find(Name(before), payload=False, folders=False) is None:
            return None
        if parse_name(path).pinned:  # of what is literal else: what `f@3[a]` was read as
            return f"Columns are said before the state: '{before}[…]@{after}'."
        return (
            f"{before!r} is there: what follows its @ is the number of a revision, from 1 on, or"
            " a tag, which begins with a letter."
        )

    def _no_columns(self, path: str) -> str | None:
        """Say what is wrong with what follows a ``[`` and is no list of columns."""
        before, bracket, _ = path.partition("[")
        if self._heads.store != "datasets" or not bracket or not before:
            return None
        if self.find(Name(before), payload=False, folders=False) is None:
            return None
        return (
            f"{before!r} is there: its columns are said as '{before}[one,other]', all but some as"
            f" '{before}[^one,other]', and odd names of columns stand between double quotes."
        )

    def _elsewhere(self, name: str | Name) -> str | None:
        """Say where else something is that is called so: other stores, buckets, the trash."""
        here = self._heads
        spellings = self._naming.spellings(name)
        path, places = spellings[0], self._objects.called(here.bucket, here.store, spellings)
        for bucket, store in places:
            if bucket == here.bucket and store == here.store:
                return f"It is in the trash: restore({path!r}) brings it back."
        told = [store for bucket, store in places if bucket == here.bucket]
        if told:
            return f"But there is one in {' and '.join(told)}."
        told = [repr(bucket) for bucket, store in places if store == here.store]
        if told:
            return f"But there is one in the bucket {' and '.join(told[:3])}."
        return None

    def _in_folders(self, parsed: Name) -> str | None:
        """Say which objects in other folders have the same last part."""
        base = parsed.base
        found = self._listing.names("", recursive=True, search=base, limit=1000)
        same = [repr(path) for path in found if Name(path).base == base]
        return f"Did you mean {' or '.join(same[:3])}?" if same else None


def _states_of(there: Head, parsed: Name) -> str:
    wanted = f"tag {parsed.tag!r}" if parsed.tag else f"revision {parsed.revision}"
    tags = sorted(there.tags)
    told = f"its tags are {', '.join(tags)}" if tags else "it has no tags"
    newest = there.metadata.revision
    return f"{parsed.path!r} has no {wanted}: its newest revision is {newest}, and {told}."
