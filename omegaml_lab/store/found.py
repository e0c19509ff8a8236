"""Found: an object that was read with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.core.metadata import Metadata

__all__ = ["Found"]


@dataclass(frozen=True, slots=True)
class Found:
    """What `OmegaStore.read_found` has read, of one state.

    `noted` is what its kind has noted when it was put. A folder has no `data`.
    """

    metadata: Metadata
    data: bytes = b""
    noted: Mapping[str, Any] = field(default_factory=dict)
