"""What runs read, and the questions about lineage that documents answer.

What a run wrote is said by the states themselves, as part of the put. What it read are
documents of their own, one for each revision, so that noting a read changes nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo.errors import BulkWriteError

from omegaml_lab.core.lineage import Link, Reference, Relation, RunReference
from omegaml_lab.storage.connection import is_duplicate
from omegaml_lab.storage.heads import reference_to
from omegaml_lab.storage.indexes import Index
from omegaml_lab.storage.order import TAKEN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from omegaml_lab.storage.connection import Connection

__all__ = ["LineageRecords", "Read", "training_data"]

_COLLECTION = "reads"
_INDEXES = (Index.on("run"), Index.on("object"))
_LEFT_OUT = "more"
_TRAINED = "details.trained_on"
_PLACE = ("bucket", "store", "name", "dropped")
_FIELDS = dict.fromkeys((*_PLACE, "revision", "lineage", _TRAINED), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A run has read a revision, or run it; of None, more than is noted."""

    run: str
    what: Reference | None
    relation: Relation = Relation.READ


class LineageRecords:
    """Notes reads, and finds the links between objects and runs of a repository.

    Each question is asked about many nodes at once, and answered by an index.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, reads: Sequence[Read], *, safely: bool = True) -> None:
        """Note reads; what is noted already stays as it is.

        What is not noted `safely` is not waited for until it is on the disk.
        """
        if not reads:
            return
        self._connection.ensure_indexes(_COLLECTION, *_INDEXES)
        documents = [_document(read) for read in reads]
        noted = self._reads if safely else self._reads.with_options(write_concern=TAKEN)
        with self._connection.errors():
            try:
                noted.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                if not is_duplicate(error):
                    raise

    def read_by(self, runs: Collection[str], *, limit: int) -> list[Link]:
        """Return what runs read and ran."""
        return self._links({"run": {"$in": list(runs)}, "object": {"$ne": _LEFT_OUT}}, limit)

    def readers(self, references: Collection[Reference], *, limit: int) -> list[Link]:
        """Return which runs read or ran these revisions."""
        where = {"$or": [{"object": r.id, "revision": r.revision} for r in references]}
        return self._links(where, limit) if references else []

    def written_by(self, runs: Collection[str], *, limit: int) -> list[Link]:
        """Return what runs wrote and is still kept."""
        names = self._jobs(runs)
        return [
            Link(
                source=names[document["lineage"]["run"]],
                relation=Relation.WROTE,
                target=reference,
            )
            for document, reference in self._states({"lineage.run": {"$in": list(runs)}}, limit)
        ]

    def writers(self, runs: Collection[str], *, but: Collection[str] = ()) -> set[str]:
        """Return those of these runs that wrote something which is still kept.

        Jobs with one of the names in `but` do not count.
        """
        others = [{"store": "jobs", "name": {"$in": list(but)}}]
        where = {"lineage.run": {"$in": list(runs)}, **({"$nor": others} if but else {})}
        with self._connection.errors():
            earlier = self._connection.collection("revisions").distinct("lineage.run", where)
            return {*self._objects.distinct("lineage.run", where), *earlier}

    def forget(self, runs: Collection[str]) -> None:
        """Remove what runs noted as read."""
        with self._connection.errors():
            self._reads.delete_many({"run": {"$in": list(runs)}})

    def copies_of(self, references: Collection[Reference], *, limit: int) -> list[Link]:
        """Return what was copied from these revisions."""
        wanted = {(r.id, r.revision): r for r in references}
        where = {"lineage.origin.id": {"$in": [r.id for r in references]}}
        links = []
        for document, reference in self._states(where, limit):
            origin = document["lineage"]["origin"]
            if source := wanted.get((origin["id"], origin["revision"])):
                links.append(Link(source=source, relation=Relation.COPIED, target=reference))
        return links

    def makers(self, references: Collection[Reference], *, limit: int) -> list[Link]:
        """Return what these revisions themselves say of where they come from."""
        targets = {(r.id, r.revision): r for r in references}
        found = list(self._states(_any_of(references), limit)) if references else []
        told = [
            (document.get("lineage", {}), targets[reference.id, reference.revision])
            for document, reference in found
        ]
        names = self._jobs({lineage["run"] for lineage, _ in told if lineage.get("run")})
        now = self._renamed(
            {lineage["origin"]["id"] for lineage, _ in told if "origin" in lineage}
        )
        links = []
        for lineage, target in told:
            if run := lineage.get("run"):
                links.append(Link(source=names[run], relation=Relation.WROTE, target=target))
            if origin := lineage.get("origin"):
                source = Reference(**{**origin, **now.get(origin["id"], {})})
                links.append(Link(source=source, relation=Relation.COPIED, target=target))
        return [*links, *self._training(found)]

    def trained_on(self, references: Collection[Reference], *, limit: int) -> list[Link]:
        """Return the models that say that they were trained on these revisions."""
        data = [r for r in references if r.store == "datasets"]
        ids = {(r.id, r.revision): r for r in data}
        names = {(r.bucket, r.name, r.revision): r for r in data}
        told = [
            {f"{_TRAINED}.id": {"$in": [r.id for r in data]}},
            {f"{_TRAINED}.name": {"$in": [r.name for r in data]}},
        ]
        where = {"store": "models", "$or": told}
        said = [
            (one, model)
            for document, model in (self._states(where, limit) if data else ())
            for one in training_data(document["details"]["trained_on"])
        ]
        there = self._renamed({one["id"] for one, _ in said if "id" in one})
        return [
            Link(source=source, relation=Relation.TRAINED, target=model)
            for one, model in said
            if (
                source := ids.get((one["id"], one["revision"]))
                if one.get("id") in there
                else names.get((model.bucket, one["name"], one["revision"]))
            )
        ]

    def _training(self, found: Sequence[tuple[Mapping[str, Any], Reference]]) -> list[Link]:
        """Return what models say that they were trained on, as far as that is there."""
        told = [
            (one, model)
            for document, model in found
            for one in training_data(document.get("details", {}).get("trained_on"))
            if model.store == "models"
        ]
        where = {
            "store": "datasets",
            "bucket": {"$in": [model.bucket for _, model in told]},
            "name": {"$in": [one["name"] for one, _ in told]},
        }
        fields = {"bucket": True, "name": True}
        with self._connection.errors():
            data = list(self._objects.find(where, fields)) if told else []
        ids = {(document["bucket"], document["name"]): document["_id"] for document in data}
        said = {one["id"] for one, _ in told if "id" in one}
        places = self._renamed({*said, *ids.values()})
        links = []
        for one, model in told:
            # A model that came from another repository tells the id that its data has there.
            by_name = ids.get((model.bucket, one["name"]), "")
            id = one["id"] if one.get("id") in places else by_name  # noqa: A001
            if id in places:
                source = Reference(id=id, revision=one["revision"], **places[id])
                links.append(Link(source=source, relation=Relation.TRAINED, target=model))
        return links

    def left_out(self, runs: Collection[str]) -> bool:
        """Say whether one of these runs read more than is noted."""
        where = {"run": {"$in": list(runs)}, "object": _LEFT_OUT}
        with self._connection.errors():
            return self._reads.find_one(where, {"_id": True}) is not None

    def jobs(self, runs: Collection[str]) -> Mapping[str, RunReference]:
        """Return the runs with the names of their jobs, as far as these are noted."""
        return self._jobs(runs)

    def _jobs(self, runs: Collection[str]) -> dict[str, RunReference]:
        known = {run: RunReference(id=run) for run in runs}
        where = {"run": {"$in": list(runs)}, "relation": Relation.RAN.value}
        with self._connection.errors():
            for read in self._reads.find(where) if runs else ():
                known[read["run"]] = RunReference(
                    id=read["run"], job=read["name"], revision=read["revision"]
                )
        return known

    def _links(self, where: Mapping[str, Any], limit: int) -> list[Link]:
        with self._connection.errors():
            found = list(self._reads.find(where, limit=limit).sort("_id", 1))
        names = self._jobs({read["run"] for read in found})
        current = self._renamed({read["object"] for read in found})
        links = []
        for read in found:
            reference = reference_to(read["object"], {**read, **current.get(read["object"], {})})
            relation = Relation(read["relation"])
            links.append(Link(source=reference, relation=relation, target=names[read["run"]]))
        return links

    def _renamed(self, ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """Return where objects are now: they go by the name that they have."""
        fields = dict.fromkeys(_PLACE, 1)
        with self._connection.errors():
            found = self._objects.find({"_id": {"$in": list(ids)}}, fields) if ids else ()
            return {d["_id"]: _place(d) for d in found}

    def _states(
        self, where: Mapping[str, Any], limit: int
    ) -> Iterator[tuple[dict[str, Any], Reference]]:
        """Yield the states that match, archived or not, each once."""
        seen: set[tuple[str, int]] = set()
        with self._connection.errors():
            heads = list(self._objects.find(where, _FIELDS, limit=limit))
            old = list(self._connection.collection("revisions").find(where, _FIELDS, limit=limit))
        now = self._renamed({d["_id"]["o"] for d in old})
        for document in (*heads, *old):
            archived = isinstance(document["_id"], dict)
            id = document["_id"]["o"] if archived else document["_id"]  # noqa: A001
            if (id, document["revision"]) in seen:
                continue
            seen.add((id, document["revision"]))
            reference = reference_to(id, {**document, **_place(document)})
            yield document, replace(reference, **now.get(id, {})) if archived else reference

    @property
    def _reads(self) -> Any:
        return self._connection.collection(_COLLECTION)

    @property
    def _objects(self) -> Any:
        return self._connection.collection("objects")


def _place(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return where an object is, or was before it went to the trash."""
    was = document.get("dropped", document)
    return {key: was[key] for key in ("bucket", "store", "name")}


def _any_of(references: Collection[Reference]) -> dict[str, Any]:
    """Return the query for certain states: each is in one collection or the other."""
    heads = [{"_id": r.id, "revision": r.revision} for r in references]
    old = [{"_id": {"o": r.id, "r": r.revision}} for r in references]
    return {"$or": [*heads, *old]}


def _document(read: Read) -> dict[str, Any]:
    common = {"run": read.run, "relation": read.relation.value, "at": datetime.now(UTC)}
    if read.what is None:
        return {"_id": f"{read.run}/{_LEFT_OUT}", "object": _LEFT_OUT, **common}
    what = read.what
    return {
        "_id": f"{read.run}/{what.id}@{what.revision}",
        "object": what.id,
        "revision": what.revision,
        "bucket": what.bucket,
        "store": what.store,
        "name": what.name,
        **common,
    }


def _id_of(one: dict[str, Any]) -> dict[str, str]:
    return {"id": one["id"]} if isinstance(one.get("id"), str) else {}


def training_data(told: Any) -> list[dict[str, Any]]:
    """Return what of the detail ``trained_on`` are revisions; an archive may bring anything."""
    return [
        {"name": one["name"], "revision": one["revision"]} | _id_of(one)
        for one in (told if isinstance(told, list) else ())
        if isinstance(one, dict)
        and isinstance(one.get("name"), str)
        and isinstance(one.get("revision"), int)
    ]
