"""Walking along lineage: from one node to all that it came from, and all that came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.lineage import Lineage, Link, Reference, RunReference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omegaml_lab.core.lineage import Node
    from omegaml_lab.storage.lineage import LineageRecords

__all__ = ["walk"]

LIMIT = 1000
"""So many links a step may find."""


def walk(records: LineageRecords, of: Node, *, depth: int, limit: int = LIMIT) -> Lineage:
    """Return the lineage of a revision or run, `depth` runs or copies up and as many down.

    It is not `complete` when there is more beyond that, or more than `limit` links in a step.
    """
    if isinstance(of, RunReference) and not of.job:
        of = records.jobs([of.id])[of.id]
    up, down = _Walk(records, of, limit, up=True), _Walk(records, of, limit, up=False)
    for direction in (up, down):
        direction.go(depth)
    links = dict.fromkeys([*up.links, *down.links])
    return Lineage(of=of, links=tuple(links), complete=up.complete and down.complete)


class _Walk:
    """Goes in one direction, and nowhere twice."""

    def __init__(self, records: LineageRecords, of: Node, limit: int, *, up: bool) -> None:
        self.links: list[Link] = []
        self.complete = True
        self._records = records
        self._limit = limit
        self._up = up
        self._start = of
        self._known: dict[object, Node] = {_key(of): of}

    def go(self, depth: int) -> None:
        """Go so many runs or copies far."""
        frontier = [self._start]
        for _ in range(depth):
            near = self._step(frontier)
            # What lies on the other side of a run is as far away as the run.
            beyond = self._step(node for node in near if isinstance(node, RunReference))
            frontier = [node for node in (*near, *beyond) if isinstance(node, Reference)]
            if isinstance(self._start, RunReference):
                frontier = [*near, *beyond]
            if not frontier:
                return
        links = self.links
        self.links = []
        self._step(frontier)
        self.complete = self.complete and not self.links
        self.links = links

    def _step(self, nodes: Iterable[Node]) -> list[Node]:
        """Follow all links of some nodes; return those at the other ends that are new."""
        objects, runs = [], []
        for node in nodes:
            if isinstance(node, RunReference):
                runs.append(node.id)
            elif node.repository is None:
                objects.append(node)
        found = self._found(objects, runs)
        new = []
        for link in found:
            ends = self._end(link.source), self._end(link.target)
            (source, _), (target, _) = ends
            self.links.append(Link(source=source, relation=link.relation, target=target))
            node, first = ends[0] if self._up else ends[1]
            if first:
                new.append(node)
        return new

    def _found(self, objects: list[Reference], runs: list[str]) -> list[Link]:
        records, limit = self._records, self._limit
        if self._up:
            parts = [records.makers(objects, limit=limit), records.read_by(runs, limit=limit)]
            self.complete = self.complete and not (runs and records.left_out(runs))
        else:
            parts = [
                records.readers(objects, limit=limit),
                records.copies_of(objects, limit=limit),
                records.trained_on(objects, limit=limit),
                records.written_by(runs, limit=limit),
            ]
        self.complete = self.complete and all(len(part) < limit for part in parts)
        return [link for part in parts for link in part]

    def _end(self, node: Node) -> tuple[Node, bool]:
        """Return a node by the name under which it was met first, and whether that is now."""
        first = _key(node) not in self._known
        return self._known.setdefault(_key(node), node), first


def _key(node: Node) -> object:
    if isinstance(node, RunReference):
        return node.id
    return node.repository, node.id, node.revision
