"""Collections that others fill: read as plain Python values, never written."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bson import Binary, DatetimeMS, Decimal128, Int64, json_util
from bson.codec_options import DatetimeConversion
from bson.errors import BSONError

from omegaml_lab.core.errors import InvalidSourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from omegaml_lab.storage.connection import Connection

__all__ = ["RESERVED", "Collections"]

RESERVED = frozenset(
    {
        "chunks", "daily", "examples", "groups", "holds", "messages", "notifications", "objects",
        "pieces", "reads", "recipients", "reports", "revisions", "runs", "schedulers",
        "schedules", "signatures", "upload_pieces", "uploads", "values", "workers",
    }
)  # fmt: skip
"""What a repository itself consists of. A test reads off the code that nothing is missing."""

_DATABASES = frozenset({"admin", "config", "local"})
_CODE = frozenset({"$where", "$function", "$accumulator"})
_BATCH = 1000


class Collections:
    """Reads collections of the server that keeps the repository."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def name_of(self, collection: Any) -> tuple[str, str | None]:
        """Return the name of a collection of pymongo, and its database if that is another.

        Raises
        ------
        InvalidSourceError
            If it is on another server.
        """
        database = collection.database
        with self._connection.errors():
            theirs, ours = database.client.address, self._connection.client.address
        if theirs != ours:
            reason = "it is on another server than the repository, whose password would be kept"
            raise InvalidSourceError(f"The collection {collection.name!r}", reason)
        other = None if database.name == self._connection.name else str(database.name)
        return str(collection.name), other

    def check(self, name: str, database: str | None) -> None:
        """Raise unless there is such a collection, and it is nobody's inside.

        Raises
        ------
        InvalidSourceError
            If there is none, or it belongs to a repository or to MongoDB.
        """
        told = f"The collection {name!r}"
        if (database or "") in _DATABASES or name.startswith("system.") or "$" in name:
            raise InvalidSourceError(told, "it belongs to MongoDB")
        if name in RESERVED and self._is_repository(database):
            raise InvalidSourceError(told, "a repository consists of such, not of data")
        with self._connection.errors():
            found = self._database(database).list_collection_names(filter={"name": name})
        if not found:
            where = database or self._connection.name
            raise InvalidSourceError(told, f"there is none in the database {where!r}")

    def find(
        self,
        name: str,
        database: str | None,
        queries: Sequence[Mapping[str, Any]],
        *,
        columns: Sequence[str] | None = None,
        limit: int = 0,
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield the documents that all `queries` want, some at a time, at least no documents.

        Identifiers become text, exact decimals `Decimal`; what has no counterpart in Python
        becomes the text that MongoDB has for it.
        """
        where = {"$and": [dict(query) for query in queries if query]}
        fields = None if columns is None else {"_id": False, **dict.fromkeys(columns, True)}
        with self._connection.errors():
            cursor = self._dated(self._database(database)[name]).find(
                where if where["$and"] else {}, fields, limit=limit, batch_size=_BATCH
            )
            documents = ({key: _plain(v) for key, v in found.items()} for found in cursor)
            while batch := list(itertools.islice(documents, 50 * _BATCH)):
                yield batch

    def to_text(self, query: Mapping[str, Any], name: str) -> str:
        """Return a query as MongoDB's extended JSON.

        Raises
        ------
        InvalidSourceError
            If something in it has no such form, or is code for the server to run.
        """
        told = f"The collection {name!r}"
        found = _CODE & set(_operators(query))
        if found:
            raise InvalidSourceError(told, f"{min(found)} in its query runs code on the server")
        try:
            return json_util.dumps(query, sort_keys=True)
        except (TypeError, BSONError) as error:
            raise InvalidSourceError(told, f"its query cannot be kept ({error})") from error

    def from_text(self, text: str) -> dict[str, Any]:
        """Return the query that `to_text` wrote."""
        query: dict[str, Any] = json_util.loads(text)
        return query

    def _is_repository(self, database: str | None) -> bool:
        if database is None:
            return True
        marks = {"objects", "revisions"}
        with self._connection.errors():
            return marks <= set(self._database(database).list_collection_names())

    @staticmethod
    def _dated(collection: Any) -> Any:
        """Return it with dates that Python does not have, one of which else ends all reading."""
        auto = DatetimeConversion.DATETIME_AUTO
        options = collection.codec_options.with_options(datetime_conversion=auto)
        return collection.with_options(options)

    def _database(self, database: str | None) -> Any:
        if database is None:
            return self._connection.database
        return self._connection.client[database]


def _operators(query: Any) -> Iterator[str]:
    if isinstance(query, dict):
        for key, value in query.items():
            yield str(key)
            yield from _operators(value)
    elif isinstance(query, list | tuple):
        for value in query:
            yield from _operators(value)


def _date(milliseconds: int) -> str:
    """Return a date outside of Python's years 1 to 9999 as text."""
    import numpy as np

    return f"{np.datetime64(milliseconds, 'ms')}Z"


def _plain(value: Any) -> Any:
    """Return a value of BSON as Python has it."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    convert = _CONVERTERS.get(type(value))
    if convert is not None:
        return convert(value)
    return value if type(value) in _KNOWN else str(value)


_CONVERTERS: dict[type, Callable[[Any], Any]] = {
    Decimal128: Decimal128.to_decimal,
    Int64: int,
    DatetimeMS: lambda value: _date(int(value)),
    Binary: bytes,
    bytes: bytes,
}
_KNOWN = frozenset({str, int, float, bool, type(None), dt.datetime, UUID})
