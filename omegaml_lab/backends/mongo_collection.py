"""Collections of MongoDB that others fill, read as DataFrames whenever they are got."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import (
    IntegrityError,
    InvalidOptionError,
    InvalidSourceError,
    UnknownColumnError,
)
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import StreamBackend, Written
from omegaml_lab.store.chosen import chosen, without

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from omegaml_lab.core.names import Columns
    from omegaml_lab.storage.storage import Storage

__all__ = ["CollectionBackend"]


class CollectionBackend(StreamBackend):
    """Collections on the server of the repository; what is kept is their name and a query.

    Put is a collection of pymongo, or with ``kind="mongo.collection"`` its name. Options of
    put: `query` in MongoDB's syntax, and `database` where it is not the repository's. Options
    of get: a further `query`, `columns`, the names of fields, and `limit`.
    """

    kind: ClassVar[str] = "mongo.collection"
    stores: ClassVar[frozenset[str]] = frozenset({"datasets"})

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take collections of pymongo."""
        return type(obj).__module__.startswith("pymongo.") and type(obj).__name__ == "Collection"

    def write(
        self,
        obj: Any,
        storage: Storage,
        name: str,  # noqa: ARG002
        *,
        query: Mapping[str, Any] | None = None,
        database: str | None = None,
    ) -> Written:
        """Write which documents are meant.

        Raises
        ------
        InvalidSourceError
            If there is no such collection, it belongs to a repository or to MongoDB itself,
            is on another server, or the query would run code.
        """
        collections = storage.collections()
        if isinstance(obj, str):
            collection, where = obj, None if database == storage.database else database
        elif self.accepts(obj, ""):
            collection, where = collections.name_of(obj)
        else:
            told = f"A {type(obj).__name__} that is no collection"
            raise InvalidSourceError(told, "give one of pymongo, or its name")
        collections.check(collection, where)
        text = collections.to_text(query or {}, collection)
        definition = _Definition(collection=collection, database=where, query=text)
        data = json.dumps(asdict(definition), sort_keys=True)
        told_of = {key: value for key, value in asdict(definition).items() if value is not None}
        return Written(
            payload=Payload(meta={"definition": data}),
            size=len(data),
            hash=hashlib.sha256(data.encode()).hexdigest(),
            details=told_of,
        )

    def read(
        self,
        payload: Payload,
        storage: Storage,
        name: str,
        *,
        query: Mapping[str, Any] | None = None,
        columns: Sequence[str] | Columns | None = None,
        limit: int = 0,
    ) -> pd.DataFrame:
        """Return the documents as rows, fields that miss as missing values.

        Identifiers come as text, times in UTC, documents and lists within as they are.

        Raises
        ------
        UnknownColumnError
            If no document has a field that is named.
        InvalidSourceError
            If the query would run code on the server.
        """
        wanted, others = chosen(columns, ("datasets", name, self.kind))
        found = self._find(payload, storage, name, query, wanted, limit)
        frame = _frame([document for batch in found for document in batch], wanted, name)
        return without(frame, others, name)

    def iterate(
        self,
        payload: Payload,
        storage: Storage,
        name: str,
        *,
        query: Mapping[str, Any] | None = None,
        columns: Sequence[str] | Columns | None = None,
        limit: int = 0,
    ) -> Iterator[pd.DataFrame]:
        """Return the documents as successive DataFrames; errors like `read`.

        A field that no document of a frame has is a column of missing values, once it is known.
        """
        wanted, others = chosen(columns, ("datasets", name, self.kind))
        found = self._find(payload, storage, name, query, wanted, limit)

        def frames() -> Iterator[pd.DataFrame]:
            known = _fields(wanted or ())
            first = 0
            for batch in found:
                known = list(dict.fromkeys([*known, *(key for d in batch for key in d)]))
                yield _frame(batch, [k for k in known if k not in others], None, first)
                first += len(batch)
            if not first:
                yield _frame([], known, None)

        return frames()

    def _find(
        self,
        payload: Payload,
        storage: Storage,
        name: str,
        query: Mapping[str, Any] | None,
        columns: Sequence[str] | None,
        limit: int,
    ) -> Iterator[list[dict[str, Any]]]:
        try:
            definition = _Definition(**json.loads(payload.meta["definition"]))
        except (KeyError, ValueError, TypeError) as error:
            raise IntegrityError(f"collection {name!r}", str(error)) from error
        count: Any = limit
        if not isinstance(count, Integral) or int(count) < 0:
            reason = f"limit is a number from 0 on, not {limit!r:.60}"
            raise InvalidOptionError("datasets", name, self.kind, reason)
        collections = storage.collections()
        # Who can write to the repository must not choose what others read of its inside.
        collections.check(definition.collection, definition.database)
        collections.to_text(query or {}, definition.collection)
        queries = [collections.from_text(definition.query), query or {}]
        return collections.find(
            definition.collection, definition.database, queries, columns=columns, limit=limit
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Definition:
    """Which documents are meant; the query is in MongoDB's extended JSON."""

    collection: str
    database: str | None
    query: str


def _frame(
    documents: list[dict[str, Any]],
    columns: Sequence[str] | None,
    name: str | None,
    first: int = 0,
) -> pd.DataFrame:
    """Return documents as rows; without a `name` the columns are known to be fields of theirs."""
    import pandas as pd

    index = pd.RangeIndex(first, first + len(documents))
    known = dict.fromkeys(key for document in documents for key in document)
    wanted = list(known if columns is None else columns)
    if name is not None and columns is not None:
        for column in columns if documents else ():
            # A dotted path selects within a document, which comes under its first name.
            if column.partition(".")[0] not in known:
                raise UnknownColumnError(name, column, known=known)
        wanted = _fields(columns)
    data = {column: _column([d.get(column) for d in documents], index) for column in wanted}
    frame = pd.DataFrame(data, index=index)
    frame.columns = pd.Index(wanted, dtype="str")
    return frame


def _fields(columns: Sequence[str]) -> list[str]:
    """Return the fields of documents that columns are, or are within."""
    return list(dict.fromkeys(column.partition(".")[0] for column in columns))


def _column(values: list[Any], index: pd.RangeIndex) -> Any:
    """Return a column as pandas would make it, unless it would change what it holds."""
    import pandas as pd

    types = {type(value) for value in values if value is not None}
    if (types - {int, float} and len(types) > 1) or types & {list, dict, bytes}:
        return pd.Series(values, index=index, dtype=object)
    if types == {int, float} and any(type(v) is int and float(v) != v for v in values):
        return pd.Series(values, index=index, dtype=object)  # no float is that large number
    if types == {int} and None in values:
        return pd.Series(values, index=index, dtype="Int64")
    return pd.Series(values, index=index)
