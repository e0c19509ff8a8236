"""DatasetStore: data, of which frames can be added to and read in parts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from omegaml_lab.core.errors import (
    InvalidNameError,
    InvalidOptionError,
    InvalidSourceError,
    UnsupportedObjectError,
)
from omegaml_lab.core.names import Name, parse_selection
from omegaml_lab.core.sources import not_meant
from omegaml_lab.store.backend import FrameBackend, TableBackend
from omegaml_lab.store.heading import first_rows
from omegaml_lab.store.options import check_conditions, check_flags, checked, options_of
from omegaml_lab.store.reading import ReadingStore
from omegaml_lab.store.registry import told
from omegaml_lab.store.store import OmegaStore
from omegaml_lab.store.terms import Terms
from omegaml_lab.store.writing import after, lazy_of, rows_of, state_of, stream_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from omegaml_lab.core.filters import Q
    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.core.names import Columns
    from omegaml_lab.storage.heads import Head
    from omegaml_lab.storage.payloads import Payload
    from omegaml_lab.store.backend import Backend, Written
    from omegaml_lab.store.writing import Writing

__all__ = ["DatasetStore"]

_TEXT = "python.value"


class DatasetStore(ReadingStore):
    """A store of data.

    Where data is read, a string may say which columns: ``flights[carrier,delay]@3``. An object
    that is called so as a whole comes first, and what is put is put under the name as it stands.
    """

    def put(self, obj: Any, name: str | Name, *, append: bool = False, **options: Any) -> Metadata:
        """Keep `obj` under `name` as a new revision, or add its rows to those that are there.

        Parameters
        ----------
        obj
            What to keep; with `append` a frame.
        name
            Where. Nothing need be there yet.
        append
            Add the rows of a frame, as `pandas.concat` would, in a new revision; those of Dask
            partition by partition, which are seen together. All that several writers add at
            once is in the end there, in some order.
        **options
            `attributes`, your own values about it; `kind`, `expect`, `replace`, `keep` and
            `folders`, see `OmegaStore.put`; and what its kind takes, of frames `index`, the
            columns that sort its rows, and `chunk_rows`.

        Raises
        ------
        SchemaMismatchError
            If the columns, or the types of these or of the index, are others than there.
        InvalidOptionError, UnsupportedObjectError
            If what is there, or the object, has no rows.
        """
        more: dict[str, Any] = {} if append is False else {"append": append}
        return super().put(obj, name, **options, **more)

    def get(self, name: str | Name, /, *where: Any, **options: Any) -> Any:
        """Return the object, or some of it: ``get("flights", columns=["delay"], month__ge=6)``.

        Parameters
        ----------
        name
            Which; ``flights@3`` and ``flights@prod`` are states of it, ``flights[delay]`` columns.
        *where
            Conditions on the rows of a frame, `Q`, which ``& | ~`` join.
        **options
            Of a frame `columns`, and conditions as keywords, see the reference of filters; of
            other kinds what they take, such as `rows` of an array.

        Raises
        ------
        ObjectNotFoundError
            If there is none, or no such revision.
        NotAFileError
            If it is a folder.
        InvalidOptionError, UnknownColumnError
            If its kind takes no such options.
        """
        found, more = self._selected(name, options.get("columns"))
        return super().get(found, *where, **options, **more)

    def metadata(self, name: str | Name) -> Metadata:
        """Return the metadata of an object or folder; columns in the name do not matter."""
        return super().metadata(self._selected(name)[0])

    def selects_one(self, name: str | Name) -> bool:
        """Say whether a name selects one column of what it names: ``flights[arr_delay]``."""
        chosen = self._selected(name)[1].get("columns")
        return chosen is not None and not chosen.others and len(chosen.labels) == 1

    def getl(
        self, name: str | Name, /, *where: Q, columns: Sequence[Any] | None = None, **filters: Any
    ) -> Any:
        """Return a frame as a Dask frame, which reads its rows when it is computed.

        Its partitions are the stored chunks that the filters leave, and only the columns
        that are computed are read. It stays the revision that it is now. An array comes as
        a Dask array, of which only the blocks that are computed are read.

        Parameters
        ----------
        name
            Which frame or array.
        *where
            Conditions on rows.
        columns
            The labels of the columns, in that order; None for all.
        **filters
            Conditions as keywords, see the reference of filters; of what is no frame, the
            options that `get` takes of its kind.

        Raises
        ------
        UnknownColumnError
            If there is no such column.
        InvalidFilterError
            If a filter cannot be used on its column.
        InvalidOptionError
            If the object has no parts that could be read alone, or takes no such options.
        """
        backend, payload, path, options = self._parts(name, columns, filters)
        lazy = lazy_of(backend, self.name, path, "getl()")
        given, about = (payload, self._storage, path, *where), (self.name, path, backend.kind)
        if isinstance(backend, FrameBackend):
            check_conditions(where, about)
        return checked(lazy.read_lazily, given, options, about)

    def iterchunks(
        self, name: str | Name, /, *where: Q, columns: Sequence[Any] | None = None, **filters: Any
    ) -> Iterator[Any]:
        """Return the rows of a frame as successive frames, so that none but these are in memory.

        Arrays come in blocks, rows of SQL and MongoDB as their server sends them. There is at
        least one, if only without rows. What it takes and raises is that of `getl`; what is put
        meanwhile is not seen.
        """
        backend, payload, path, options = self._parts(name, columns, filters)
        stream = stream_of(backend, self.name, path, "iterchunks()")
        given, about = (payload, self._storage, path, *where), (self.name, path, backend.kind)
        if isinstance(backend, FrameBackend):
            check_conditions(where, about)
        return cast("Iterator[Any]", checked(stream.iterate, given, options, about))

    def head(
        self, name: str | Name, n: int = 5, /, *where: Q, columns: Any = None, **filters: Any
    ) -> Any:
        """Return the first `n` rows, and read no more chunks than these take; like `getl`."""
        about = (self.name, str(name), "dataset")
        if not hasattr(n, "__index__") or isinstance(n, bool) or n < 0:
            reason = f"head takes a number of rows, not {n!r:.60}; the last are getl(name).tail()"
            raise InvalidOptionError(*about, reason)
        return first_rows(self.iterchunks(name, *where, columns=columns, **filters), n)

    def query(
        self,
        name: str | Name,
        /,
        *where: Q,
        by: Any = None,
        aggregate: Any = None,
        dropna: bool = True,
        sort: bool = True,
        **filters: Any,
    ) -> Any:
        """Return aggregates of a frame by group as pandas' `groupby` would, chunk by chunk.

        Parameters
        ----------
        name, *where, **filters
            Those of `getl`.
        by
            The label of the column that groups, or a list of them; None for the totals, which
            are one row.
        aggregate
            What is asked: ``{"delay": ["mean", "count"]}``, or one aggregate or a list for all
            other columns; None for how many rows each group has. There are ``size count sum
            mean min max first last std var nunique median``.
        dropna
            Leave out rows with a missing key.
        sort
            Sort by the keys; False leaves groups in the order in which they are met.

        Returns
        -------
        A DataFrame with a row for each group.

        Raises
        ------
        InvalidQueryError
            If there is no such aggregate, or the column has none of that kind; other errors
            are those of `getl`.
        """
        found, more = self._selected(name)
        frames, payload, path = self._frame(found, "query()")
        if not isinstance(frames, TableBackend):
            raise InvalidOptionError(self.name, path, frames.kind, "its rows cannot be grouped")
        about = (self.name, path, frames.kind)
        check_flags(about, dropna=dropna, sort=sort)
        check_conditions(where, about)
        how = {"by": by, "aggregate": aggregate, "dropna": dropna, "sort": sort}
        given = (payload, self._storage, path, *where)
        return checked(frames.query, given, {**how, **more, **filters}, about)

    def compact(self, name: str | Name) -> Metadata:
        """Join what many small appends left of a frame, in a new revision of the same rows.

        It is read faster then. Appends do so by themselves before there are too many; nothing
        is done, and no revision made, where there is nothing to be joined. In a frame that is
        kept sorted, what is joined is sorted together.

        Raises
        ------
        InvalidOptionError
            If the object is not kept in such parts.
        """
        backend, head = self._kept(name)
        path = head.metadata.name
        if not isinstance(backend, TableBackend):
            reason = "it is not kept in parts that could be joined"
            raise InvalidOptionError(self.name, path, backend.kind, reason)
        if self.naming.parse(name).pinned:
            raise InvalidNameError(str(name), "only the newest revision can be compacted")
        terms = Terms(expect=None, replace=True, keep=True, attributes=None)

        def flip(head: Head | None) -> Head | None:
            if head is None or head.metadata.kind != backend.kind:
                raise self._lookup.not_found(name)
            state = backend.compacted(state_of(head), self._storage, path)
            if state is None:
                return head
            # The rows are those that were there: what made them has not changed.
            lineage = head.document.get("lineage", {})
            made = terms.state(backend.kind, state, head, owner=self._owner, lineage=lineage)
            self._storage.holds.keep(hold)
            return self._heads.replace(head, made, keep=True)

        with self._storage.holds.holding() as hold:
            return self._retry(path, flip, first=head).metadata

    def _parts(
        self, name: str | Name, columns: Sequence[Any] | None, filters: Mapping[str, Any]
    ) -> tuple[Backend, Payload, str, dict[str, Any]]:
        """Return what is read in parts: its backend, payload and path, and the options."""
        found, chosen = self._selected(name, columns)
        options = {**filters, **chosen} if columns is None else {"columns": columns, **filters}
        backend, head = self._kept(found)
        return backend, head.payload, head.metadata.name, options

    def _selected(
        self, name: str | Name, columns: Any = None
    ) -> tuple[str | Name, dict[str, Columns]]:
        """Return the name of an object, and the columns that were said with it as an option."""
        parsed = name if isinstance(name, Name) else parse_selection(name)
        if parsed is None or parsed.columns is None or self._is_literal(name):
            return name, {}
        if columns is not None:
            reason = f"its name says the columns {parsed.columns}, so leave out columns="
            raise InvalidOptionError(self.name, parsed.path, "dataset", reason)
        return replace(parsed, columns=None), {"columns": parsed.columns}

    def _is_literal(self, name: str | Name) -> bool:
        """Say whether an object is called so, with all its brackets."""
        if isinstance(name, Name):
            return False
        try:
            return self.find(name) is not None
        except InvalidNameError:  # what selects may be longer than a name, and hold more
            return False

    def _frame(self, name: str | Name, wanted: str) -> tuple[FrameBackend, Payload, str]:
        backend, head = self._kept(name)
        path = head.metadata.name
        return rows_of(backend, self.name, path, wanted), head.payload, path

    def _target(self, obj: object, name: str | Name, kind: str | None) -> tuple[Backend, str]:
        backend, path = super()._target(obj, name, kind)
        if (
            kind is None
            and isinstance(obj, str)
            and backend.kind == _TEXT
            and (meant := not_meant(obj, _schemes)) is not None
        ):
            raise InvalidSourceError(*meant)
        return backend, path

    def _writing(self, obj: Any, path: str, backend: Backend, options: dict[str, Any]) -> Writing:
        about = (self.name, path, backend.kind)
        check_flags(about, append=(append := options.pop("append", False)))
        if not append:
            return super()._writing(obj, path, backend, options)
        if not isinstance(backend, FrameBackend):  # of what is there nothing is known yet
            instead = "a frame where its rows are to be added: pandas.DataFrame(obj)"
            raise UnsupportedObjectError(
                f"{self.name} with append=True", told(obj), instead=instead
            )
        first = super()._writing(obj, path, backend, options)
        given, own = (obj, self._storage, path), options_of(OmegaStore.put, DatasetStore.put)
        add = after(checked(backend.adding, given, options, about, own=own), first, backend)

        def write(head: Head | None) -> Written:
            if head is not None:
                self._recorder.read(head)  # its rows are in what is written
            return add(head)

        return write


def _schemes() -> Iterable[str]:
    from fsspec.registry import known_implementations

    known: Iterable[str] = known_implementations
    return known
