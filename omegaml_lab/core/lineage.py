"""Lineage: what a revision of an object was made of, by which run, and what was made of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Lineage", "Link", "Node", "Reference", "Relation", "RunReference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One revision of one object.

    `id` is the identity of the object, which survives renames; `repository` the address of
    the repository that it is in, None for the one that tells of it.
    """

    store: str
    name: str
    revision: int
    bucket: str = "default"
    id: str = ""
    repository: str | None = None

    def __str__(self) -> str:
        where = f"{self.repository} " if self.repository else ""
        bucket = "" if self.bucket == "default" else f"{self.bucket}: "
        return f"{where}{bucket}{self.store} {self.name}@{self.revision}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReference:
    """A run; `job` is the name of what it ran, empty where nobody noted that."""

    id: str
    job: str = ""
    revision: int = 0

    def __str__(self) -> str:
        return f"run {self.id[:8]}" + (f" of {self.job}@{self.revision}" if self.job else "")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


Node = Reference | RunReference


class Relation(StrEnum):
    """What lies between two nodes, in the direction in which data flows."""

    READ = "read"
    """The run, which is the target, read the object."""

    RAN = "ran"
    """The run, which is the target, executed the object: its job."""

    WROTE = "wrote"
    """The run, which is the source, wrote the object."""

    COPIED = "copied"
    """The target is a copy of the source."""

    TRAINED = "trained"
    """The target is a model that was trained on the source, as who put it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Data went from `source` to `target`."""

    source: Node
    relation: Relation
    target: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """All that is known of where a node comes from and where it went, as far as was asked.

    `complete` is False when there is more than was asked for, or than a run may note.
    """

    of: Node
    links: tuple[Link, ...] = ()
    complete: bool = True

    def sources(self, node: Node | None = None) -> list[Node]:
        """Return what `node` (by default what this is the lineage of) was made from or by."""
        wanted = self.of if node is None else node
        return [link.source for link in self.links if link.target == wanted]

    def results(self, node: Node | None = None) -> list[Node]:
        """Return what was made with `node`, by default with what this is the lineage of."""
        wanted = self.of if node is None else node
        return [link.target for link in self.links if link.source == wanted]

    def nodes(self) -> list[Node]:
        """Return all nodes, first that which this is the lineage of."""
        ends = (end for link in self.links for end in (link.source, link.target))
        return list(dict.fromkeys([self.of, *ends]))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values: nodes, and links between them by their number."""
        nodes = self.nodes()
        number = {node: i for i, node in enumerate(nodes)}
        return {
            "nodes": [{"type": _type(node), **node.to_dict()} for node in nodes],
            "links": [
                {
                    "source": number[link.source],
                    "relation": link.relation.value,
                    "target": number[link.target],
                }
                for link in self.links
            ],
            "complete": self.complete,
        }


def _type(node: Node) -> str:
    return "run" if isinstance(node, RunReference) else "object"
