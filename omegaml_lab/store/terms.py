"""The terms of a put: when it may replace what is there, and what it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import ConflictError, ObjectExistsError
from omegaml_lab.core.retention import LASTING, checkpoints, lasting
from omegaml_lab.storage.heads import State
from omegaml_lab.store.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.storage.heads import Head
    from omegaml_lab.store.backend import Written

__all__ = ["Terms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the caller of a put asked for; see `OmegaStore.put`."""

    expect: int | Seen | None
    replace: bool
    keep: bool
    attributes: Mapping[str, Any] | None
    folders: bool = True
    lineage: Mapping[str, Any] = field(default_factory=dict)

    @property
    def seen(self) -> Seen | None:
        """What was looked at just before, None where nothing was."""
        return self.expect if isinstance(self.expect, Seen) else None

    def check(self, store: str, path: str, head: Head | None) -> None:
        """Raise unless `head`, what is there now, may be replaced."""
        if head is not None and head.metadata.is_folder:
            raise ObjectExistsError(store, path)
        actual = head.metadata.revision if head else 0
        expected = self.seen.expected if self.seen else self.expect
        if isinstance(expected, int) and actual != expected:
            raise ConflictError(store, path, expected=expected, actual=actual)
        if self.seen and self.seen.firm and head is not None and head.id != self.seen.head.id:
            raise ConflictError(store, path, expected=actual, actual=actual, another=True)
        if head is not None and not self.replace:
            raise ObjectExistsError(store, path)

    def of(self, head: Head | None) -> Terms:
        """Return the same of the very object that has the revision which is expected."""
        if head is None or not isinstance(self.expect, int):
            return self
        return replace(self, expect=Seen(head, firm=True))

    def state(
        self,
        kind: str,
        written: Written,
        head: Head | None,
        *,
        owner: str,
        lineage: Mapping[str, Any],
    ) -> State:
        """Return the state that takes the place of `head`."""
        return State(
            kind=kind,
            payload=written.payload,
            size=written.size,
            hash=written.hash,
            owner=owner,
            attributes=self._attributes(head.attributes if head else {}),
            details=written.details,
            lineage={**lineage, **self.lineage},
        )

    def keeps(self, head: Head) -> bool:
        """Say whether `head` stays a revision when it is replaced."""
        return self.keep or head.metadata.revision in checkpoints(head.attributes)

    def _attributes(self, there: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.attributes is None:
            return there
        # What is said of all revisions goes only when it is named, and not with one of them.
        merged = {**lasting(there), **self.attributes}
        return {k: v for k, v in merged.items() if v is not None or k not in LASTING}
