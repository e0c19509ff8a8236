"""Lookup: from the names that people write to the heads that they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.errors import NotAFileError, ObjectNotFoundError
from omegaml_lab.core.metadata import FOLDER
from omegaml_lab.core.names import Name, parent_of

if TYPE_CHECKING:
    from omegaml_lab.storage.heads import Head, Heads
    from omegaml_lab.storage.listing import Listing
    from omegaml_lab.store.naming import Naming

__all__ = ["Lookup"]


class Lookup:
    """Finds the heads of one store."""

    def __init__(self, heads: Heads, listing: Listing, naming: Naming) -> None:
        self._heads = heads
        self._listing = listing
        self._naming = naming

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

    def not_found(self, name: str | Name) -> ObjectNotFoundError:
        """Return the error that says so, with what is there instead."""
        parsed = self._naming.parse(name)
        there = self.find(name, payload=False, pinned=False) if parsed.pinned else None
        if there is not None:
            tags = [str(Name(parsed.path, tag=tag)) for tag in there.tags]
            told = f" and its tags {', '.join(sorted(there.tags))}" if there.tags else ""
            newest = f"Its newest revision is {there.metadata.revision}{told}."
            return ObjectNotFoundError(self._heads.store, str(name), known=tags, there=newest)
        folder = parent_of(parsed.path)
        known = self._listing.names(folder, recursive=False, search=None, limit=1000)
        return ObjectNotFoundError(self._heads.store, str(name), known=known)
