"""OmegaStore: objects under names."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, cast

from omegaml_lab.core.errors import (
    InvalidNameError,
    NotAFileError,
    ObjectExistsError,
    ObjectNotFoundError,
)
from omegaml_lab.core.metadata import check_attributes
from omegaml_lab.core.names import Name
from omegaml_lab.store.backend import FrameBackend
from omegaml_lab.store.folders import folder_path, parents_of
from omegaml_lab.store.found import Found
from omegaml_lab.store.options import (
    check_conditions,
    checked,
    expected,
    options_of,
)
from omegaml_lab.store.recording import Recorder
from omegaml_lab.store.seen import Seen
from omegaml_lab.store.shown import ShownStore
from omegaml_lab.store.terms import Terms
from omegaml_lab.store.transfers import Transfers
from omegaml_lab.store.writing import fitting, once

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Mapping

    from omegaml_lab.core.metadata import Child, Metadata
    from omegaml_lab.core.pages import Page
    from omegaml_lab.storage.heads import Head
    from omegaml_lab.storage.payloads import Blob
    from omegaml_lab.storage.storage import Storage
    from omegaml_lab.store.backend import Backend
    from omegaml_lab.store.registry import Registry
    from omegaml_lab.store.writing import Writing

__all__ = ["OmegaStore", "Sort"]

Sort = Literal["name", "modified", "size", "kind"]


class OmegaStore(ShownStore, Transfers):
    """One store of one bucket.

    Wherever a `name` is taken, a string is what a person writes (``flights@3`` is revision 3
    of ``flights``), and a `Name` is meant literally.
    """

    def __init__(
        self,
        storage: Storage,
        name: str,
        *,
        registry: Registry,
        bucket: str = "default",
        owner: str = "",
        recorder: Recorder | None = None,
    ) -> None:
        super().__init__(storage, name, bucket=bucket, owner=owner)
        self._recorder = recorder or Recorder(storage.lineage)
        self._registry = registry

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} of {self._storage.address}/{self.bucket}>"

    # -- writing ---------------------------------------------------------------------------

    def put(
        self,
        obj: Any,
        name: str | Name,
        *,
        kind: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        expect: int | Seen | None = None,
        replace: bool = True,
        keep: bool = True,
        folders: bool = True,
        **options: Any,
    ) -> Metadata:
        """Keep `obj` under `name` as a new revision, whole or not at all.

        Parameters
        ----------
        obj, name
            What to keep, of a kind that is installed, and where.
        kind
            How to keep it; by default the kind that fits `obj` best.
        attributes
            Your own JSON values about it. None keeps those that are there. `retention` and
            `checkpoints`, which are said of all revisions, go only when they are named as None.
        expect
            The revision that you have seen: 0 says that there must be none yet. What `look` has
            returned spares another look, and is expected only where it is `firm`.
        replace, folders
            False refuses to replace what is there, or to make the folder if that is missing.
        keep
            False forgets the state that is replaced, instead of keeping it as a revision, if it
            is neither tagged nor a checkpoint. A run of it that still waits then fails.
        **options
            What the kind takes, see its reference.

        Raises
        ------
        ConflictError
            If the newest revision is not `expect`.
        ObjectExistsError, ObjectNotFoundError
            If `replace` or `folders` refuses it, or a folder is there.
        UnsupportedObjectError
            If no kind takes `obj`.
        """
        plain = None if attributes is None else check_attributes(attributes)
        backend, path = self._target(obj, name, kind)
        about = (self.name, path, backend.kind)
        expect = expected(about, expect, replace=replace, keep=keep, folders=folders)
        terms = Terms(expect=expect, replace=replace, keep=keep, attributes=plain, folders=folders)
        return self._put(path, backend.kind, terms, self._writing(obj, path, backend, options))

    def annotate(self, name: str | Name, attributes: Mapping[str, Any]) -> Metadata:
        """Set attributes without a new revision; an attribute that is None is removed."""
        changes = check_attributes(attributes)
        return self.amend(name, lambda _: changes)

    def amend(
        self, name: str | Name, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> Metadata:
        """Set attributes like `annotate`, by what they are.

        `change` gets those that are there, and returns what changes. It is called again when
        somebody else was faster, so that nothing is lost of what two do at once.
        """
        if self.naming.parse(name).pinned:
            raise InvalidNameError(str(name), "only the newest revision can be annotated")
        head = self._lookup.locate(name, payload=False)

        def flip(head: Head | None) -> Head | None:
            if head is None:
                raise self._lookup.not_found(name)
            merged = {**head.attributes, **check_attributes(change(head.attributes))}
            kept = {key: value for key, value in merged.items() if value is not None}
            return self._heads.annotate(head, kept)

        return self._retry(head.metadata.name, flip, first=head).metadata

    def make_folder(self, name: str | Name, *, exist_ok: bool = False) -> Metadata:
        """Make a folder, and those above it that are missing.

        Raises
        ------
        ObjectExistsError
            If something of that name is there; with `exist_ok`, if that is no folder.
        """
        path = self.naming.path(name)
        found = self._heads.find([path, *parents_of(path)], payload=False)
        there = found.get(path)
        if there is not None and not (exist_ok and there.metadata.is_folder):
            raise ObjectExistsError(self.name, path)
        if there is None:
            self._folders.make([*self._folders.missing(path, found), path])
        return self._lookup.locate(Name(path), payload=False).metadata

    # -- reading ---------------------------------------------------------------------------

    def get(self, name: str | Name, /, *where: Any, **options: Any) -> Any:
        """Return the object, or what `where` and `options` want of it: see kinds and filters.

        Raises
        ------
        ObjectNotFoundError
            If there is none, or no such revision.
        NotAFileError
            If it is a folder.
        InvalidOptionError
            If its kind takes no such options.
        """
        return self.read_state(self._lookup.kept(name), *where, **options)

    def read_state(self, head: Head, /, *where: Any, **options: Any) -> Any:
        """Return the object in the state of a head, as :meth:`get` does."""
        backend = self._backend_of(head)
        given = (head.payload, self._storage, head.metadata.name, *where)
        about = (self.name, head.metadata.name, backend.kind)
        if isinstance(backend, FrameBackend):
            check_conditions(where, about)
        return checked(backend.read, given, options, about)

    def read_bytes(self, name: str | Name) -> bytes:
        """Return the stored bytes of an object that is kept as bytes (notebooks, files)."""
        return self._storage.blobs.read(self._blob(name))

    def read_found(self, name: str | Name) -> Found | None:
        """Return what `find` and `read_bytes` do, of one state and in one round trip.

        None when there is nothing.

        Raises
        ------
        NotAFileError
            If it is neither a folder nor kept as bytes.
        """
        head = self._lookup.find(name)
        if head is None:
            return None
        metadata = head.metadata
        if metadata.is_folder:
            return Found(metadata)
        return Found(metadata, self._storage.blobs.read(self._blob_of(head)))

    def open(self, name: str | Name) -> BinaryIO:
        """Open an object that is kept as bytes: readable, seekable, fetched piece by piece."""
        return cast("BinaryIO", self._storage.blobs.open(self._blob(name)))

    def metadata(self, name: str | Name) -> Metadata:
        """Return the metadata of an object or folder, or of the revision that `name` pins."""
        return self._lookup.locate(name, payload=False).metadata

    def find(self, name: str | Name) -> Metadata | None:
        """Return the metadata like :meth:`metadata`, None when there is nothing."""
        head = self._lookup.find(name, payload=False)
        return None if head is None else head.metadata

    def look(self, name: str | Name) -> Seen | None:
        """Return what is there now, to be put over with `expect`; None when there is nothing."""
        head = self._lookup.find(name)
        return None if head is None else Seen(head)

    def exists(self, name: str | Name) -> bool:
        """Say whether there is such an object or folder."""
        return self._lookup.find(name, payload=False) is not None

    def resolve(self, name: str | Name) -> Name:
        """Return the name under which an object is kept; as it stands when there is none."""
        head = self._lookup.find(name, payload=False, folders=False)
        parsed = self.naming.parse(name)
        if head is None:
            return parsed
        return Name(head.metadata.name, revision=parsed.revision, tag=parsed.tag)

    def list(
        self, folder: str = "", *, recursive: bool = True, search: str | None = None
    ) -> builtins.list[str]:
        """Return the names of objects, sorted; folders are left out.

        `search` is a part of the name, in upper or lower case.
        """
        return self._listing.names(folder_path(folder), recursive=recursive, search=search)

    def entries(
        self,
        folder: str = "",
        *,
        recursive: bool = False,
        search: str | None = None,
        sort: Sort = "name",
        descending: bool = False,
        offset: int = 0,
        limit: int | None = None,
    ) -> Page[Metadata]:
        """Return a page of what a folder holds: first folders, then objects, each sorted."""
        return self._listing.page(
            folder_path(folder),
            recursive=recursive,
            search=search,
            sort=sort,
            descending=descending,
            offset=offset,
            limit=limit,
        )

    def children(self, folder: str = "") -> builtins.list[Child]:
        """Return all that is in a folder in the order of `entries`, and of each only little."""
        return self._listing.children(folder_path(folder))

    # -- inside ----------------------------------------------------------------------------

    def _put(self, path: str, kind: str, terms: Terms, write: Writing) -> Metadata:
        with self._storage.holds.holding() as hold:
            seen = terms.seen
            if seen is not None and seen.fresh and seen.metadata.name == path:
                found, missing = {path: seen.head}, []
            else:
                found = self._heads.find([path, *parents_of(path)])
                missing = self._folders.missing(path, found)
            terms.check(self.name, path, found.get(path))
            terms = terms.of(found.get(path))
            if missing and path not in found and not terms.folders:
                raise ObjectNotFoundError(self.name, missing[-1])

            def flip(head: Head | None) -> Head | None:
                terms.check(self.name, path, head)
                written = write(head)
                lineage = self._recorder.lineage()
                state = terms.state(kind, written, head, owner=self._owner, lineage=lineage)
                self._storage.holds.keep(hold)
                if head is not None:
                    return self._heads.replace(head, state, keep=terms.keeps(head))
                if not terms.folders:
                    return self._heads.insert_inside(path, state)
                self._folders.make_above(path, missing)
                return self._heads.insert(path, state)

            done = self._retry(path, flip, first=found.get(path)).metadata
        if done.revision == 1 and terms.folders:
            self._folders.mend(path)
        return done

    def _writing(self, obj: Any, path: str, backend: Backend, options: dict[str, Any]) -> Writing:
        given, about = (obj, self._storage, path), (self.name, path, backend.kind)
        own = options_of(OmegaStore.put, type(self).put)
        write = functools.partial(checked, backend.write, given, options, about, own=own)
        return once(fitting(write, obj, backend, path))

    def _target(self, obj: object, name: str | Name, kind: str | None) -> tuple[Backend, str]:
        """Return the backend that keeps `obj`, and the path where."""
        if kind is None:
            backend = self._registry.choose(obj, self.name, self.naming.path(name))
        else:
            backend = self._registry.backend(kind)
        return backend, self.naming.path(name, backend.kind)

    def _kept(self, name: str | Name) -> tuple[Backend, Head]:
        head = self._lookup.kept(name)
        return self._backend_of(head), head

    def _backend_of(self, head: Head) -> Backend:
        backend = self._registry.backend(head.metadata.kind)
        self._recorder.read(head)
        return backend

    def _blob(self, name: str | Name) -> Blob:
        return self._blob_of(self._lookup.locate(name, folders=False))

    def _blob_of(self, head: Head) -> Blob:
        blob = head.payload.blob
        if blob is None or head.payload.segments:
            raise NotAFileError(self.name, head.metadata.name, head.metadata.kind)
        self._recorder.read(head)
        return blob
