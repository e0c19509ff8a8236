"""Found: an object that was read with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaml_lab.core.metadata import Metadata

__all__ = ["Found"]


@dataclass(frozen=True, slots=True)
class Found:
    """What `OmegaStore.read_found` has read, of one state; a folder has no `data`."""

    metadata: Metadata
    data: bytes = b""
