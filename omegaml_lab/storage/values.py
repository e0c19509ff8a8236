"""What runs log: batches of values that are only ever added.

A batch is one document, whatever its number of values: they are packed, and beside them is a
summary of each metric, so that runs are compared without reading what they logged.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pymongo.errors import DuplicateKeyError

from omegaml_lab.core.experiments import Fact, Kept
from omegaml_lab.storage.indexes import Index

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from omegaml_lab.storage.connection import Connection

__all__ = ["Batch", "Summary", "ValueRecords"]

_COLLECTION = "values"
_INDEX = Index.on("bucket", "experiment", "run")
_SERIES = {"summary": False, "facts": False}
_SUMMARIES = dict.fromkeys(("run", "attempt", "summary", "facts"), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Values of one attempt of a run, in the order in which they were logged.

    Value `i` is one of the metric ``names[which[i]]``; `times` are seconds since 1970. A batch
    with the same `id` is the same batch: to add it again does nothing.
    """

    id: str
    bucket: str
    experiment: str
    run: str
    attempt: int
    names: tuple[str, ...] = ()
    which: Sequence[int] = ()
    steps: Sequence[int] = ()
    values: Sequence[float] = ()
    times: Sequence[float] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a batch has of one metric; `least` and `most` are None when no value is a number."""

    name: str
    count: int
    last: float
    at: float
    least: float | None
    most: float | None


class ValueRecords:
    """The values that runs of a repository have logged."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, batch: Batch) -> None:
        """Keep a batch: when this returns it is on disk.

        Raises
        ------
        StorageUnavailableError
            If the repository does not answer; whether it is kept is known by adding it again.
        """
        self._connection.ensure_indexes(_COLLECTION, _INDEX)
        with self._connection.errors():
            try:
                self._values.insert_one(_document(batch))
            except DuplicateKeyError:  # the answer to an earlier try was lost
                return

    def read(
        self,
        bucket: str,
        experiment: str,
        *,
        runs: Collection[str] | None = None,
        metric: str | None = None,
    ) -> list[Batch]:
        """Return the batches of an experiment, of one metric all that have values of it."""
        where = self._where(bucket, experiment, runs)
        if metric is not None:
            where["names"] = {"$eq": metric}
        with self._connection.errors():
            found = self._values.find({**where, "count": {"$gt": 0}}, _SERIES)
            return [_batch(document) for document in found.sort([("at", 1), ("_id", 1)])]

    def summaries(
        self, bucket: str, experiment: str, *, runs: Collection[str] | None = None
    ) -> list[tuple[str, int, list[Summary], list[Fact]]]:
        """Return of each batch its run, attempt, and what it has of each metric, and its facts."""
        with self._connection.errors():
            found = self._values.find(self._where(bucket, experiment, runs), _SUMMARIES)
            return [
                (
                    document["run"],
                    document["attempt"],
                    [Summary(**one) for one in document["summary"]],
                    [Fact(**{**one, "kind": Kept(one["kind"])}) for one in document["facts"]],
                )
                for document in found.sort([("at", 1), ("_id", 1)])
            ]

    def delete(self, bucket: str, experiment: str) -> int:
        """Remove all that was logged to an experiment; return how many batches that were."""
        with self._connection.errors():
            where = self._where(bucket, experiment, None)
            return int(self._values.delete_many(where).deleted_count)

    def _where(self, bucket: str, experiment: str, runs: Collection[str] | None) -> dict[str, Any]:
        where: dict[str, Any] = {"bucket": {"$eq": bucket}, "experiment": {"$eq": experiment}}
        if runs is not None:
            where["run"] = {"$in": list(runs)}
        return where

    @property
    def _values(self) -> Any:
        return self._connection.collection(_COLLECTION)


def _document(batch: Batch) -> dict[str, Any]:
    count = len(batch.values)
    times = [*batch.times, *(fact.at for fact in batch.facts)]
    return {
        "_id": batch.id,
        "bucket": batch.bucket,
        "experiment": batch.experiment,
        "run": batch.run,
        "attempt": batch.attempt,
        "at": min(times, default=0.0),
        "count": count,
        "names": list(batch.names),
        "which": struct.pack(f"<{count}I", *batch.which),
        "steps": struct.pack(f"<{count}q", *batch.steps),
        "values": struct.pack(f"<{count}d", *batch.values),
        "times": struct.pack(f"<{count}d", *batch.times),
        "summary": _summary(batch),
        "facts": [
            {"kind": fact.kind.value, "name": fact.name, "value": fact.value, "at": fact.at}
            for fact in batch.facts
        ],
    }


def _summary(batch: Batch) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for which, value, at in zip(batch.which, batch.values, batch.times, strict=True):
        one = found.get(which)
        if one is None:
            name = batch.names[which]
            one = {"name": name, "count": 0, "least": None, "most": None}
            found[which] = one
        one["count"] += 1
        one["last"], one["at"] = value, at
        if not math.isnan(value):
            one["least"] = value if one["least"] is None else min(one["least"], value)
            one["most"] = value if one["most"] is None else max(one["most"], value)
    return list(found.values())


def _batch(document: Mapping[str, Any]) -> Batch:
    count = document["count"]
    return Batch(
        id=document["_id"],
        bucket=document["bucket"],
        experiment=document["experiment"],
        run=document["run"],
        attempt=document["attempt"],
        names=tuple(document["names"]),
        which=struct.unpack(f"<{count}I", document["which"]),
        steps=struct.unpack(f"<{count}q", document["steps"]),
        values=struct.unpack(f"<{count}d", document["values"]),
        times=struct.unpack(f"<{count}d", document["times"]),
    )
