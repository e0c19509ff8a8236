"""Records: plain documents with an id, changed by compare-and-set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pymongo import ReturnDocument
from pymongo.errors import BulkWriteError, DuplicateKeyError

from omegaml_lab.core.errors import DuplicateRecordError
from omegaml_lab.storage.feed import watch
from omegaml_lab.storage.order import TAKEN, UNHEARD, in_order

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from omegaml_lab.storage.connection import Connection
    from omegaml_lab.storage.indexes import Index

__all__ = ["Records"]

T = TypeVar("T")

_DUPLICATE = 11000


class Records:
    """The records of one collection; the unique key of each is its ``id``.

    `where` is a query in MongoDB's syntax. Its field names may have dots (``progress.done``);
    what users gave must come in as a value, never as an operator: check that it is a string
    or number first. Datetimes come back aware, in UTC, cut to milliseconds.
    """

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self.name = name

    def insert(self, record: Mapping[str, Any]) -> None:
        """Add a record.

        Raises
        ------
        DuplicateRecordError
            If one with this id is there.
        """
        with self._connection.errors():
            try:
                self._collection.insert_one(_stored(record))
            except DuplicateKeyError as error:
                raise DuplicateRecordError(self.name, str(record["id"])) from error

    def send(self, record: Mapping[str, Any]) -> None:
        """Add a record without waiting for an answer: it is there a moment later, or never.

        What went wrong nobody hears; where no server is reached, that is raised.
        """
        with self._connection.errors():
            sent = self._collection.with_options(write_concern=UNHEARD)
            sent.insert_one(_stored(record))

    def insert_many(self, records: Iterable[Mapping[str, Any]]) -> int:
        """Add records in their order, and return how many; those that are there stay as they are.

        Who dies over it leaves the first of them.
        """
        with self._connection.errors():
            return _add(self._collection, [_stored(record) for record in records])

    def insert_before(self, records: Iterable[Mapping[str, Any]], then: Callable[[], T]) -> T:
        """Add records like `insert_many`, `then` do something else; return what that returns.

        The disk is waited for once: when what `then` changes is safe, these are too.
        """
        documents = [_stored(record) for record in records]

        def add(collection: Any) -> None:
            _add(collection, documents)

        with self._connection.errors():
            return in_order(self._connection, self.name, add, then)

    def find(self, id: str) -> dict[str, Any] | None:  # noqa: A002 - the field is named so
        """Return the record with this id, or None."""
        with self._connection.errors():
            return _record(self._collection.find_one(_by_id(id)))

    def query(
        self,
        where: Mapping[str, Any] | None = None,
        *,
        sort: Sequence[tuple[str, int]] = (),
        skip: int = 0,
        limit: int | None = None,
        without: Sequence[str] = (),
    ) -> list[dict[str, Any]]:
        """Return the records that match, in the order of `sort` (1 ascending, -1 descending).

        The fields in `without` are left out: they are large, and not asked for.
        """
        if limit == 0:
            return []
        fields = dict.fromkeys(without, False) or None
        with self._connection.errors():
            cursor = self._collection.find(_where(where), fields, skip=skip, limit=limit or 0)
            if sort:
                cursor = cursor.sort([(_key(field), order) for field, order in sort])
            return [_from_stored(document) for document in cursor]

    def combinations(self, *fields: str) -> list[tuple[Any, ...]]:
        """Return the different values that these fields have together, in any order."""
        group = {str(place): f"${_key(field)}" for place, field in enumerate(fields)}
        with self._connection.errors():
            found = self._collection.aggregate([{"$group": {"_id": group}}])
            return [
                tuple(document["_id"].get(str(place)) for place in range(len(fields)))
                for document in found
            ]

    def distinct(self, field: str, where: Mapping[str, Any]) -> list[Any]:
        """Return the different values of a field; of a list, those in it."""
        with self._connection.errors():
            found = self._collection.aggregate(
                [
                    {"$match": _where(where)},
                    {"$unwind": f"${_key(field)}"},
                    {"$group": {"_id": f"${_key(field)}"}},
                ]
            )
            return [each["_id"] for each in found]

    def values(self, field: str, where: Mapping[str, Any]) -> list[Any]:
        """Return the different values of a field, which are few, by leaps over an index."""
        with self._connection.errors():
            return list(self._collection.distinct(_key(field), _where(where)))

    def groups(
        self,
        where: Mapping[str, Any],
        by: Mapping[str, Any],
        values: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """Return what `values` are for each group of the records that match.

        `by` and `values` are expressions and accumulators in MongoDB's syntax; the result of
        each group has both.
        """
        stages = [{"$match": _where(where)}, {"$group": {"_id": dict(by), **values}}]
        with self._connection.errors():
            found = self._collection.aggregate(stages)
            return [{**group.pop("_id"), **group} for group in found]

    def count(self, where: Mapping[str, Any] | None = None, *, limit: int | None = None) -> int:
        """Return how many records match, or `limit` when there are more."""
        options = {} if limit is None else {"limit": limit}
        with self._connection.errors():
            return int(self._collection.count_documents(_where(where), **options))

    def update(
        self,
        id: str,  # noqa: A002
        *,
        where: Mapping[str, Any] | None = None,
        set: Mapping[str, Any] | None = None,  # noqa: A002 - MongoDB's own words
        unset: Sequence[str] = (),
        inc: Mapping[str, int | float] | None = None,
        add: Mapping[str, Any] | None = None,
        safely: bool = True,
    ) -> dict[str, Any] | None:
        """Change a record if it (still) matches `where`, in one atomic step.

        `add` names lists, and what they have from now on, once. What is not done `safely` is
        not waited for until it is on the disk: a server that dies the moment after has
        forgotten it, unless a change that was done safely followed.

        Returns
        -------
        The new state, or None when there is no such record or it does not match.
        """
        changes: dict[str, Any] = {}
        if set:
            changes["$set"] = dict(set)
        if unset:
            changes["$unset"] = dict.fromkeys(unset, "")
        if inc:
            changes["$inc"] = dict(inc)
        if add:
            changes["$addToSet"] = dict(add)
        condition = {"$and": [_by_id(id), _where(where)]} if where else _by_id(id)
        records = self._noting(safely=safely)
        with self._connection.errors():
            if not changes:
                return _record(records.find_one(condition))
            return _record(
                records.find_one_and_update(
                    condition, changes, return_document=ReturnDocument.AFTER
                )
            )

    def update_many(
        self,
        where: Mapping[str, Any],
        *,
        set: Mapping[str, Any],  # noqa: A002
        pull: Mapping[str, Any] | None = None,
    ) -> int:
        """Change all records that match, each for itself; return how many matched.

        `pull` are values that are taken out of the lists in these fields.
        """
        changes = {"$set": dict(set), **({"$pull": dict(pull)} if pull else {})}
        with self._connection.errors():
            result = self._collection.update_many(_where(where), changes)
            return int(result.matched_count)

    def upsert(
        self,
        id: str,  # noqa: A002
        set: Mapping[str, Any],  # noqa: A002
        *,
        safely: bool = True,
    ) -> dict[str, Any]:
        """Change the record with this id, or add it; return the new state.

        `safely` means what it does in `update`.
        """
        values = {key: value for key, value in set.items() if key != "id"}
        change = {"$set": values} if values else {"$setOnInsert": {"_id": id}}
        records = self._noting(safely=safely)
        with self._connection.errors():
            for attempt in (1, 2):
                try:
                    document = records.find_one_and_update(
                        {"_id": id}, change, upsert=True, return_document=ReturnDocument.AFTER
                    )
                    return _from_stored(document)
                except DuplicateKeyError:  # two at once added it: now it is there to change
                    if attempt == 2:
                        raise
        raise AssertionError  # pragma: no cover

    def delete(self, id: str) -> bool:  # noqa: A002
        """Remove the record with this id; say whether it was there."""
        with self._connection.errors():
            return bool(self._collection.delete_one(_by_id(id)).deleted_count)

    def delete_many(self, where: Mapping[str, Any]) -> int:
        """Remove all records that match; return how many."""
        with self._connection.errors():
            return int(self._collection.delete_many(_where(where)).deleted_count)

    def take(
        self, where: Mapping[str, Any], *, sort: Sequence[tuple[str, int]]
    ) -> dict[str, Any] | None:
        """Remove the first record that matches in the order of `sort`, and return it.

        No other one gets it too. It is not waited for until that is on the disk: after a crash
        of the server the record may be there again.
        """
        order = [(_key(field), way) for field, way in sort]
        with self._connection.errors():
            taken = self._noting(safely=False).find_one_and_delete(_where(where), sort=order)
            return _record(taken)

    def index(self, *indexes: Index) -> None:
        """Make sure that there are indexes; they are on fields as they are stored."""
        self._connection.ensure_indexes(self.name, *indexes)

    def changes(
        self,
        stop: threading.Event,
        *,
        poll: float = 0.5,
        to: Mapping[str, Collection[Any]] | None = None,
    ) -> Iterator[dict[str, Any] | None]:
        """Yield the new state of each record that is added or changed, as it happens.

        With `to` only where one of these fields was given one of these values: the server then
        tells of nothing else.

        Yields None once when the feed stands, so that no change is missed by who reads the
        records right after, and then about every `poll` seconds when nothing came. Deletions
        are not told. Outlives a restart of the server; ends when `stop` is set.
        """
        for event in watch(self._connection, self.name, [_told(to)], stop, poll=poll):
            if event is None:
                yield None
            elif event.get("fullDocument"):  # else it was deleted before we could look
                yield _from_stored(event["fullDocument"])

    @property
    def _collection(self) -> Any:
        return self._connection.collection(self.name)

    def _noting(self, *, safely: bool) -> Any:
        records = self._collection
        return records if safely else records.with_options(write_concern=TAKEN)


def _add(collection: Any, documents: list[dict[str, Any]]) -> int:
    added = 0
    while documents:
        ids = {"_id": {"$in": [document["_id"] for document in documents]}}
        there = {found["_id"] for found in collection.find(ids, {"_id": True})}
        documents = [each for each in documents if each["_id"] not in there]
        try:
            if documents:
                collection.insert_many(documents, ordered=True)
            return added + len(documents)
        except BulkWriteError as error:
            # Somebody adds the same: what came before is added, and the rest looked at.
            if any(wrong.get("code") != _DUPLICATE for wrong in _wrong(error)):
                raise
            done = int((error.details or {}).get("nInserted", 0))
            added, documents = added + done, documents[done:]
    return added


def _told(to: Mapping[str, Collection[Any]] | None) -> dict[str, Any]:
    """Return the stage that selects the changes to tell of."""
    if to is None:
        return {"$match": {"operationType": {"$in": ["insert", "update", "replace"]}}}
    given = [(_key(field), {"$in": list(values)}) for field, values in to.items()]
    updated = [{f"updateDescription.updatedFields.{field}": each} for field, each in given]
    whole = [{f"fullDocument.{field}": each} for field, each in given]
    made = {"operationType": {"$in": ["insert", "replace"]}, "$or": whole}
    return {"$match": {"$or": [*updated, made]}}


def _wrong(error: BulkWriteError) -> list[dict[str, Any]]:
    details = error.details or {}
    return [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]


def _by_id(id: object) -> dict[str, Any]:  # noqa: A002
    # $eq, so that a mapping from somebody's JSON can never act as an operator.
    return {"_id": {"$eq": id}}


def _key(field: str) -> str:
    return "_id" if field == "id" else field


def _where(where: Mapping[str, Any] | None) -> dict[str, Any]:
    return {_key(field): value for field, value in (where or {}).items()}


def _stored(record: Mapping[str, Any]) -> dict[str, Any]:
    return {"_id": record["id"], **{k: v for k, v in record.items() if k != "id"}}


def _from_stored(document: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": document["_id"], **{k: v for k, v in document.items() if k != "_id"}}


def _record(document: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if document is None else _from_stored(document)
