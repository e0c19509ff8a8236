"""Intake: whole objects that come from elsewhere, each with all its states or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from omegaml_lab.core.errors import ConflictError, ObjectExistsError
from omegaml_lab.core.metadata import FOLDER
from omegaml_lab.core.names import check_path
from omegaml_lab.storage.heads import Head
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.folders import parents_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omegaml_lab.core.lineage import Reference
    from omegaml_lab.store.carrying import Carrier
    from omegaml_lab.store.store import OmegaStore

__all__ = ["CONFLICTS", "OUTCOMES", "Conflict", "Intake", "Outcome"]

Conflict = Literal["fail", "skip", "replace"]
CONFLICTS: tuple[Conflict, ...] = ("fail", "skip", "replace")
"""What may be done about a name that is taken.

``replace`` makes what comes a new revision of what is there, so nothing is lost.
"""

Outcome = Literal["taken", "present", "skipped"]
OUTCOMES: tuple[Outcome, ...] = ("taken", "present", "skipped")

_ATTEMPTS = 20


class Intake:
    """Takes objects into a store."""

    def __init__(self, target: OmegaStore, carrier: Carrier) -> None:
        self._target = target
        self._carrier = carrier

    def outcome(
        self, path: str, newest: Mapping[str, Any], origin: Reference, conflict: Conflict
    ) -> Outcome:
        """Say what `take` would do.

        Raises
        ------
        ObjectExistsError
            If it would fail, because another object has the name.
        InvalidNameError
            If `path` is no legal name, or something above it is no folder.
        """
        parents = parents_of(check_path(path))
        found = self._target.heads([path, *parents])
        self._target.folders.missing(path, found)
        there = found.get(path)
        if there is None:
            return "taken"
        folders = there.metadata.is_folder, newest["kind"] == FOLDER
        if all(folders) or _came_from(there, newest, origin):
            return "present"
        if conflict == "skip":
            return "skipped"
        if conflict == "fail" or any(folders):
            raise ObjectExistsError(self._target.name, path)
        return "taken"

    def take(
        self,
        path: str,
        states: Sequence[Mapping[str, Any]],
        origin: Reference,
        *,
        conflict: Conflict,
    ) -> Outcome:
        """Take an object, given all its states with the oldest first.

        What came before from the same place, and is as it was, is left as it is: so what was
        interrupted goes on when it is done again, and what is damaged is mended. Call it under
        a hold. Errors are those of `outcome` and `Carrier.bring`; when there is one, nothing is
        seen of the object.
        """
        brought: dict[int, dict[str, Any]] = {}
        holds = self._target.storage.holds
        with holds.holding() as hold:
            for _ in range(_ATTEMPTS):
                outcome = self.outcome(path, states[-1], origin, conflict)
                there = self._target.heads([path]).get(path)
                if outcome != "taken":
                    if outcome == "present" and there is not None:
                        self._mend(there, states)
                    return outcome
                for state in states if there is None else states[-1:]:  # what is seen of it
                    number = state["revision"]
                    brought[number] = brought.get(number) or self._bring(state, origin)
                holds.keep(hold)
                if self._keep(path, there, [brought[n] for n in sorted(brought)]):
                    return "taken"
        raise ConflictError(self._target.name, path, expected=0, actual=0)

    def _mend(self, there: Head, states: Sequence[Mapping[str, Any]]) -> None:
        """Bring again what an object consists of if some of that is gone.

        What is brought has the names that it had: they follow from what is in it.
        """
        segments = self._target.storage.segments
        if segments.there(there.payload):
            return
        for state in states:
            self._carrier.bring(Payload.from_document(state["payload"]))
        segments.rely_on(there.payload)

    def _bring(self, state: Mapping[str, Any], origin: Reference) -> dict[str, Any]:
        payload = self._carrier.bring(Payload.from_document(state["payload"]))
        here = origin.repository == self._target.storage.address
        reference = replace(
            origin,
            revision=state["revision"],
            repository=None if here else origin.repository or self._carrier.origin.address,
        )
        lineage = {**state.get("lineage", {}), "origin": reference.to_dict()}
        return {**state, "payload": payload.to_document(), "lineage": lineage}

    def _keep(self, path: str, there: Head | None, states: list[dict[str, Any]]) -> bool:
        """Let it be seen; False when the name was taken or became free meanwhile."""
        if there is not None:
            if not self._target.heads([path]):
                return False
            newest = Head(states[-1])
            origin = states[-1]["lineage"]["origin"]
            self._target.adopt(newest, newest.payload, path, origin=origin, replace=True)
            return True
        self._target.folders.make_above(path, self._missing(path))
        if self._target.histories.insert(path, states) is None:
            return False
        self._target.folders.mend(path)
        return True

    def _missing(self, path: str) -> list[str]:
        return self._target.folders.missing(path, self._target.heads(parents_of(path)))


def _came_from(there: Head, newest: Mapping[str, Any], origin: Reference) -> bool:
    known = there.metadata.origin
    return (
        known is not None
        and (known.id, known.revision) == (origin.id, newest["revision"])
        and (there.metadata.hash, there.metadata.kind) == (newest["hash"], newest["kind"])
    )
