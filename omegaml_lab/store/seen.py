"""Seen: a state that was looked at a moment ago, to be put over without another look."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.storage.heads import Head

__all__ = ["Seen"]

_FRESH = 1.0
"""Seconds for which a look is good: what was forgotten since is not brought back by an archive."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What `OmegaStore.look` has found.

    A put over it that somebody outran looks again. One that is `firm` fails then, as with
    the number of its revision.
    """

    head: Head
    firm: bool = False
    at: float = field(default_factory=time.monotonic)

    @property
    def metadata(self) -> Metadata:
        """What is known about it."""
        return self.head.metadata

    @property
    def expected(self) -> int | None:
        """The revision that is expected, None where none is."""
        return self.head.metadata.revision if self.firm else None

    @property
    def fresh(self) -> bool:
        """Whether it need not be looked at again before it is put over."""
        return time.monotonic() - self.at < _FRESH

    def firmly(self) -> Seen:
        """Return it as the only state that may be replaced."""
        return replace(self, firm=True)
